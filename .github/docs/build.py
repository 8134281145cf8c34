"""Build the API reference from the docstrings: build.py FOLDER.

Needs pdoc. Fails if a public name has no docstring, or does not appear. Run with -W error.
"""

import inspect
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import pdoc.doc
import pdoc.doc_ast
import pdoc.render

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

PUBLIC = (
    "sphinxcore",
    "sphinxcore.batch",
    "sphinxcore.formats",
    "sphinxcore.nym",
    "credentials",
    "credentials.files",
)
# Not to be imported from: here because public classes inherit from theirs.
BASES = ("sphinxcore._secret", "credentials._sealed")

_ARRAY = "numpy.ndarray[tuple[typing.Any, ...], numpy.dtype[numpy.{}]]"
_formatannotation = pdoc.doc.formatannotation


def short_annotation(annotation: Any) -> str:
    """An annotation, with NDArray[uint8] as the sources write it."""
    text = _formatannotation(annotation)
    for kind in ("uint8", "uint16", "uint64", "int8", "int64", "bool"):
        text = text.replace(_ARRAY.format(kind), f"NDArray[{kind}]")
    return text


def add_docstrings_of_constants(module: pdoc.doc.Module) -> None:
    """pdoc looks for these in the module itself, not where an imported constant is defined."""
    sources = [m for name, m in sorted(sys.modules.items()) if name.startswith(module.fullname)]
    for name, member in module.members.items():
        if not isinstance(member, pdoc.doc.Variable) or member.docstring:
            continue
        for source in sources:
            if text := pdoc.doc_ast.walk_tree(source).var_docstrings.get(name):
                member.docstring = text


def missing(module: pdoc.doc.Module) -> list[str]:
    """Public names that lack a docstring: all but fields, which their class may describe."""
    lacking = []
    for name, member in module.members.items():
        if name.startswith("_"):
            continue
        if not member.docstring:
            lacking.append(member.fullname)
        if isinstance(member, pdoc.doc.Class):
            lacking += [
                one.fullname
                for one in member.own_members
                if not one.name.startswith("_") and not one.docstring and is_code(member, one)
            ]
    return lacking


def is_code(owner: pdoc.doc.Class, member: pdoc.doc.Doc[Any]) -> bool:
    """Whether this is a method or a property."""
    found = inspect.getattr_static(owner.obj, member.name, None)
    return isinstance(member, pdoc.doc.Function) or isinstance(found, property | cached_property)


def main() -> None:
    folder = Path(sys.argv[1])
    pdoc.doc.formatannotation = inspect.formatannotation = short_annotation
    pdoc.render.configure(
        docformat="google", show_source=False, template_directory=HERE, footer_text="sphinxcore"
    )
    modules = {name: pdoc.doc.Module.from_name(name) for name in PUBLIC + BASES}
    problems = []
    for name, module in modules.items():
        if name in PUBLIC:
            add_docstrings_of_constants(module)
            problems += [f"{lacking} has no docstring" for lacking in missing(module)]
        page = pdoc.render.html_module(module, modules)
        for exported in getattr(module.obj, "__all__", ()):
            if f'id="{exported}"' not in page and f"{name}.{exported}" not in modules:
                problems.append(f"{name}.{exported} is not on its page")
        path = folder / f"{name.replace('.', '/')}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    (folder / "index.html").write_text(pdoc.render.html_index(modules), encoding="utf-8")
    (folder / "search.js").write_text(pdoc.render.search_index(modules), encoding="utf-8")
    if problems:
        sys.exit("docs: " + "\n      ".join(problems))
    print(f"docs: {len(PUBLIC)} modules in {folder}")


if __name__ == "__main__":
    main()
