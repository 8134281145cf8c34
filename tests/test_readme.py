"""The documents: examples run, commands exist, links and paths lead somewhere."""

import re
import shlex
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import sphinxcore as sx
from credentials.cli.run import credentials
from sphinxcore.cli.run import sphinxcore

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FOLDERS = (".github", "benches", "credentials", "sphinxcore", "tests", "vectors")
BUILT = {"target", "build", "__pycache__"}

DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(p for name in FOLDERS for p in (ROOT / name).rglob("*.md")))
    if not BUILT & set(path.relative_to(ROOT).parts)
)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NEEDS = {"sphinxcore/kernels/README.md": "avx512"}
"""Documents whose examples are about a backend of this machine."""
AGENT = {"User-Agent": "sphinxcore-docs", "Accept": "text/html,*/*"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> str:
    return path.read_text(encoding="ascii")


def blocks(text: str) -> list[tuple[str, int, str]]:
    """Fenced blocks: language, the number of the line before the code, and the code."""
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(match[1], text.count("\n", 0, match.start(2)), match[2]) for match in found]


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def in_backticks(text: str) -> list[str]:
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(text))]


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors(path: Path) -> list[str]:
    return [slug(heading) for heading in re.findall(r"^#+ (.+)$", prose(read(path)), re.MULTILINE)]


# Commands -------------------------------------------------------------------------------------------


def targets() -> set[str]:
    makefile = read(ROOT / "Makefile")
    benches = re.findall(r"^BENCHES := (.*)", makefile, re.MULTILINE)[0].split()
    named = re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE)
    return set(named) | {f"bench-{name}" for name in benches}


def check_make(words: list[str]) -> None:
    """Environments, files that stand for what was installed, are none of a reader's targets."""
    wanted = [word for word in words if not word.startswith(("-", ".venv/")) and "=" not in word]
    assert set(wanted) <= targets(), words


def check_pip(words: list[str]) -> None:
    extras = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    assert words.pop(0) == "install", words
    if words[:2] == ["--require-hashes", "-r"]:
        assert len(words) == 3 and (ROOT / words[2]).is_file(), words
    else:
        assert words in (["."], *([f".[{extra}]"] for extra in extras)), words


def check_python(words: list[str]) -> None:
    assert (ROOT / words[0]).is_file(), words


def check_click(command: click.Command) -> Callable[[list[str]], None]:
    def check(words: list[str]) -> None:
        assert isinstance(command, click.Group)
        assert words and words[0] in command.commands, words
        options = {name for one in command.commands[words[0]].params for name in one.opts}
        assert {word for word in words if word.startswith("--")} <= options, words

    return check


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "make": check_make,
    "pip": check_pip,
    "python": check_python,
    "sphinxcore": check_click(sphinxcore),
    "credentials": check_click(credentials),
}


def commands(text: str) -> list[list[str]]:
    """Every command line in blocks of sh, and those in backticks that begin like one."""
    lines = [
        line for language, _, code in blocks(text) if language == "sh" for line in code.splitlines()
    ]
    begin = tuple(f"{name} " for name in COMMANDS)
    lines += [code for code in in_backticks(text) if code.startswith(begin)]
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_exist(path: Path) -> None:
    for name, *words in commands(read(path)):
        assert name in COMMANDS, name
        COMMANDS[name](words)


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".ci" / "run"], ids=name_of)
def test_make_targets_exist(path: Path) -> None:
    lines = re.findall(r"^ *(?:- run: )?make ([^|>&\n]+)", read(path), re.MULTILINE)
    for line in lines:
        check_make(shlex.split(line))


# Examples -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_block_is_run_or_checked(path: Path) -> None:
    """Blocks without a language are drawings."""
    assert {language for language, _, _ in blocks(read(path))} <= {"python", "sh", ""}
    assert read(path).count("```") == 2 * len(blocks(read(path)))


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in DOCUMENTS
        if any(language == "python" for language, *_ in blocks(read(path)))
    ],
    ids=name_of,
)
def test_examples_run(path: Path, backend_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document's examples run from top to bottom in one namespace, as a reader would type them."""
    needed = NEEDS.get(name_of(path))
    if needed in sx.missing_backends():
        pytest.skip(f"{needed}: {sx.missing_backends()[needed]}")
    monkeypatch.setenv("SPHINXCORE_BACKEND", backend_name)
    namespace: dict[str, object] = {"__name__": "example"}
    for language, line, code in blocks(read(path)):
        if language == "python":
            exec(compile("\n" * line + code, str(path), "exec"), namespace)


# Links ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_relative_links_exist(path: Path) -> None:
    for link in links(read(path)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link
        if anchor:
            assert Counter(anchors(target))[anchor] == 1, link


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_paths_exist(path: Path) -> None:
    """What looks like a file of the repository is one; "<set>" and "*" stand for many."""
    for name in re.findall(rf"(?<![\w/.])(?:{'|'.join(FOLDERS)})/[\w./*<>-]*\.\w+", read(path)):
        pattern = re.sub(r"<\w+>", "*", name)
        assert any(True for folder in (ROOT, path.parent) for _ in folder.glob(pattern)), name


@pytest.mark.slow
def test_external_links_answer() -> None:
    """Skipped where nothing answers: there is no network then."""
    urls = {link for path in DOCUMENTS for link in links(read(path)) if link.startswith("http")}
    assert urls
    found = {url: answer(url) for url in sorted(urls)}
    unreachable = {url for url, status in found.items() if status is None}
    if unreachable == urls:
        pytest.skip("no network: none of the links answers")
    assert not {url: status for url, status in found.items() if status is None or status >= 400}


def answer(url: str) -> int | None:
    """The HTTP status of a URL, None if no server answers. Some know no HEAD."""
    status = None
    for method in ("HEAD", "GET"):
        request = urllib.request.Request(url, headers=AGENT, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except OSError:
            return None
    return status


def test_documents_are_read() -> None:
    """The searches above find what they are meant to find."""
    names = {name_of(path) for path in DOCUMENTS}
    assert {"README.md", ".github/SECURITY.md", "sphinxcore/nym/README.md"} <= names
    text = read(README)
    assert sum(language == "python" for language, *_ in blocks(text)) >= 5
    assert {"make", "pip"} <= {name for name, *_ in commands(text)}
    assert len(links(text)) > 10
    assert {"run", "bench-peers"} <= targets()
    assert len(WORKFLOWS) >= 2
    for words in (["nothing"], ["test", "nothing"]):
        with pytest.raises(AssertionError):
            check_make(words)
    with pytest.raises(AssertionError):
        COMMANDS["sphinxcore"](["demo", "--nothing"])
