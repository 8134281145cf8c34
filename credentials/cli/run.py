"""The group of commands, and what becomes of errors."""

import os
import sys

import click

import credentials as cr
from credentials.cli.aggregate import aggregate
from credentials.cli.demo import demo
from credentials.cli.inspect import inspect
from credentials.cli.keygen import keygen
from credentials.cli.present import present
from credentials.cli.request import request
from credentials.cli.sign import sign
from credentials.cli.verify import verify

ERROR = 2
INTERRUPTED = 130
READER_GONE = 141


class _InOrder(click.Group):
    """Commands in the order in which they are used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(cr.__version__, prog_name="credentials", message="%(prog)s %(version)s")
@click.pass_context
def credentials(context: click.Context) -> None:
    """Threshold anonymous credentials, in files.

    A dealer makes keys (keygen). A wallet requests a credential (request), at least `threshold`
    authorities sign (sign), the wallet combines what they answer (aggregate) and shows the
    credential (present) to a verifier (verify).
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (keygen, request, sign, aggregate, present, verify, inspect, demo):
    credentials.add_command(command)


def run(arguments: list[str]) -> int:
    """Run a command; errors that are not bugs become one line on standard error."""
    try:
        with credentials.make_context("credentials", arguments) as context:
            credentials.invoke(context)
        if sys.stdout is not None:  # the shell's >&- gives a process without one
            sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        return _refuse(error.format_message())
    except BrokenPipeError:
        # What is still buffered goes nowhere, so that the interpreter can flush it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except FileExistsError as error:
        return _refuse(f"{error.filename} exists: nothing is overwritten")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}")
    except cr.CredentialError as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return 0


def _refuse(reason: str) -> int:
    # Reasons quote files of strangers, which must not control the terminal.
    line = "".join(c if c.isprintable() else "?" for c in " ".join(reason.split()))
    click.echo(f"credentials: {line}", err=True)
    return ERROR
