"""The group of commands, and what becomes of errors."""

import os
import sys

import click

import sphinxcore as sx
from sphinxcore.cli.bench import bench
from sphinxcore.cli.demo import demo
from sphinxcore.cli.info import info
from sphinxcore.cli.keygen import keygen
from sphinxcore.cli.process import process

FAILED = 1
ERROR = 2
INTERRUPTED = 130
READER_GONE = 141


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sx.__version__, prog_name="sphinxcore", message="%(prog)s %(version)s")
@click.pass_context
def sphinxcore(context: click.Context) -> None:
    """Sphinx mix packets in batches, byte-compatible with the Nym network."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (demo, bench, info, process, keygen):
    sphinxcore.add_command(command)


def run(arguments: list[str]) -> int:
    """Run a command; errors that are not bugs become one line on standard error."""
    try:
        with sphinxcore.make_context("sphinxcore", arguments) as context:
            sphinxcore.invoke(context)
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
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}")
    except sx.SphinxError as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return 0


def _refuse(reason: str) -> int:
    click.echo("sphinxcore: " + " ".join(reason.split()), err=True)
    return ERROR
