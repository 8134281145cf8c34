"""The documents: examples run, commands exist, links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DOCUMENTS = (
    README,
    ROOT / "CHANGELOG.md",
    ROOT / ".github" / "CONTRIBUTING.md",
    ROOT / ".github" / "SECURITY.md",
    ROOT / "benches" / "README.md",
    ROOT / "sphinxcore" / "kernels" / "README.md",
    ROOT / "vectors" / "README.md",
)
WORKFLOWS = ROOT / ".github" / "workflows"
RUNNERS = (*DOCUMENTS, ROOT / ".ci" / "run", WORKFLOWS / "ci.yml", WORKFLOWS / "bench.yml")


def blocks(text: str, language: str) -> list[tuple[int, str]]:
    """Fenced blocks: the number of the line before the code, and the code."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start(1)), match.group(1)) for match in found]


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="ascii")
    benches = re.findall(r"^BENCHES := (.*)", makefile, re.MULTILINE)[0].split()
    named = re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE)
    return set(named) | {f"bench-{name}" for name in benches}


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_examples_run(backend_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples run from top to bottom in one namespace, as a reader would type them."""
    monkeypatch.setenv("SPHINXCORE_BACKEND", backend_name)
    examples = blocks(README.read_text(encoding="ascii"), "python")
    assert len(examples) >= 5
    namespace: dict[str, object] = {"__name__": "readme"}
    for line, code in examples:
        exec(compile("\n" * line + code, str(README), "exec"), namespace)


@pytest.mark.parametrize("path", RUNNERS, ids=lambda path: path.name)
def test_make_targets_exist(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    if path.suffix == ".md":
        code = [code for _, code in blocks(text, "sh")] + re.findall(r"`(make [^`]+)`", text)
        text = "\n".join(code)
    used = set()
    for arguments in re.findall(r"^ *(?:- run: )?make ([a-z0-9 -]+)", text, re.MULTILINE):
        used |= set(arguments.split())
    assert used <= targets()
    assert used or path != README


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_exist(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="ascii"), re.MULTILINE)
            assert anchor in map(slug, headings), link


def test_readme_is_read() -> None:
    """The searches above find what they are meant to find."""
    text = README.read_text(encoding="ascii")
    assert "run" in targets()
    assert blocks(text, "sh")
    assert len(re.findall(r"\]\(([^)]+)\)", text)) > 10
