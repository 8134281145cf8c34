"""Colours and fonts of the page and the picture, for light and for dark surroundings."""

SHAPES = {"peer": 4, "python": 3, "portable": 1, "avx2": 2, "avx512": 0}
"""The marks of contenders (svg.py); all others are drawn as the peer."""

STAGES = ("ECDH", "KDF + MAC", "AES", "LIONESS", "glue")

_LIGHT = {
    "ground": "#ffffff",
    "card": "#f6f8fa",
    "ink": "#1f2328",
    "muted": "#59636e",
    "grid": "#d8dee4",
    "axis": "#818b98",
    "peer": "#818b98",
    "python": "#b4690e",
    "portable": "#1a7f64",
    "avx2": "#2f6fde",
    "avx512": "#7a3ec8",
}
_DARK = {
    "ground": "#0d1117",
    "card": "#151b23",
    "ink": "#e6edf3",
    "muted": "#9198a1",
    "grid": "#2b323b",
    "axis": "#656c76",
    "peer": "#8b949e",
    "python": "#e0a458",
    "portable": "#4cc2a0",
    "avx2": "#6ca4ff",
    "avx512": "#b894f5",
}

_BOTH = {
    "stage0": "#4a5fc1",
    "stage1": "#0b7a8b",
    "stage2": "#9a6a0b",
    "stage3": "#b8446a",
    "stage4": "#6e7781",
}
"""White numbers are written on these."""

_DRAWING = """\
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  fill: var(--ink); }
.muted { fill: var(--muted); }
.strong { font-weight: 600; }
.value { font-variant-numeric: tabular-nums; }
.inside { fill: #ffffff; font-weight: 600; }
.grid { stroke: var(--grid); }
.axis { stroke: var(--axis); }
.line { fill: none; stroke-width: 2; }
.mark { stroke: var(--ground); }
.part { stroke: var(--ground); }
.quoted { fill-opacity: 0.15; stroke-dasharray: 4 3; stroke-width: 1.2; }
"""


def variables(dark: bool = False) -> str:
    """One theme, as the custom properties that rules use."""
    theme = _BOTH | (_DARK if dark else _LIGHT)
    return " ".join(f"--{name}: {value};" for name, value in theme.items())


def drawings() -> str:
    """The rules for what svg.py draws."""
    coloured = []
    for name in (*SHAPES, *(f"stage{i}" for i in range(len(STAGES)))):
        coloured.append(f".{name} {{ fill: var(--{name}); }}")
        coloured.append(f".line.{name} {{ fill: none; stroke: var(--{name}); }}")
        coloured.append(f".quoted.{name} {{ stroke: var(--{name}); }}")
    return _DRAWING + "\n".join(coloured) + "\n"


def themes(selector: str) -> str:
    """Both themes, for an element: the light one unless the reader's system is dark."""
    return (
        f"{selector} {{ {variables()} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {selector} {{ {variables(dark=True)} }} }}\n"
    )
