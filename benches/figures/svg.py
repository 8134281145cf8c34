"""Charts as SVG text: bars, stacked bars, lines and dots, each drawn from plain data.

Colours are CSS classes (style.py), so that one drawing suits light and dark pages. The width of
text is guessed from its length: there is nothing here to measure it with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

CHARACTER = 6.7
"""Width of a character of 12 pixels, a little more than on average."""

MARKS = (
    (),  # a circle
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    ((0, -1.2), (1.15, 0.9), (-1.15, 0.9)),
    ((-0.4, -1.4), (0.4, -1.4), (0.4, 1.4), (-0.4, 1.4)),
)
"""Corners around the middle: circle, square, diamond, triangle, stroke."""

BAR, GAP, HEADING_GAP = 18, 8, 12


@dataclass
class Drawing:
    """SVG elements, and what a screen reader says of them."""

    width: float
    height: float
    title: str
    description: str = ""
    parts: list[str] = field(default_factory=list)

    def add(self, tag: str, content: str | None = None, **attributes: object) -> None:
        """An element; `css` is its class, and _ in names stands for -."""
        written = "".join(
            f' {"class" if name == "css" else name.replace("_", "-")}="{_value(value)}"'
            for name, value in attributes.items()
            if value is not None
        )
        end = "/>" if content is None else f">{_ascii(content)}</{tag}>"
        self.parts.append(f"<{tag}{written}{end}")

    def text(self, x: float, y: float, content: str, css: str = "", anchor: str = "start") -> None:
        """A line of text; y is its baseline."""
        where = None if anchor == "start" else anchor
        self.add("text", content, x=x, y=y, css=css or None, text_anchor=where)

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, css=css)

    def dot(self, x: float, y: float, css: str, shape: int = 0, radius: float = 4.5) -> None:
        """A mark, one of MARKS, so that colour is not all that tells."""
        r = radius
        if not MARKS[shape]:
            self.add("circle", cx=x, cy=y, r=r, css=css)
        else:
            points = " ".join(f"{_value(x + r * a)},{_value(y + r * b)}" for a, b in MARKS[shape])
            self.add("polygon", points=points, css=css)

    def render(self, style: str = "") -> str:
        """The element <svg>, with a style sheet of its own if it is to stand alone."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_value(self.width)} '
        head += f'{_value(self.height)}" width="{_value(self.width)}" '
        head += f'height="{_value(self.height)}" role="img">'
        lines = [head, f"<title>{_ascii(self.title)}</title>"]
        if self.description:
            lines.append(f"<desc>{_ascii(self.description)}</desc>")
        if style:
            lines.append(f"<style>\n{style}</style>")
        return "\n".join([*lines, *self.parts, "</svg>"]) + "\n"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name on the left and its value in words on the right; or a heading."""

    name: str
    value: float | None = None
    text: str = ""
    css: str = ""


def bars(drawing: Drawing, rows: Sequence[Bar], left: float, top: float, right: float) -> None:
    """Horizontal bars from 0; `right` is kept free for the words behind the longest bar."""
    most = max(row.value for row in rows if row.value is not None)
    span = drawing.width - left - right
    y = top
    for i, row in enumerate(rows):
        if row.value is None:
            y += HEADING_GAP if i else 0
            drawing.text(0, y + BAR - 5, row.name, "strong")
        else:
            width = max(span * row.value / most, 1)
            middle = y + BAR / 2 + 4
            drawing.text(left - 8, middle, row.name, anchor="end")
            drawing.add("rect", x=left, y=y, width=width, height=BAR, rx=2, css=row.css)
            drawing.text(left + width + 8, middle, row.text, "value")
        y += BAR + GAP


def bars_height(rows: Sequence[Bar]) -> float:
    """How tall bars() draws them."""
    headings = sum(row.value is None for row in rows[1:])
    return len(rows) * (BAR + GAP) + headings * HEADING_GAP


@dataclass(frozen=True, slots=True)
class Stack:
    """A bar of parts (class, name, value), shown as shares of their sum, with a note behind it."""

    name: str
    parts: Sequence[tuple[str, str, float]]
    text: str


def stacks(drawing: Drawing, rows: Sequence[Stack], left: float, top: float, right: float) -> None:
    """Horizontal bars of one length; parts say their share where there is room."""
    span, tall = drawing.width - left - right, BAR + 8
    for i, row in enumerate(rows):
        y = top + i * (tall + GAP)
        drawing.text(left - 8, y + tall / 2 + 4, row.name, anchor="end")
        x, total = left, sum(value for _, _, value in row.parts)
        for css, name, value in row.parts:
            width = span * value / total
            tip = f"<title>{_ascii(name)}: {100 * value / total:.1f} %</title>"
            drawing.parts.append(
                f'<rect x="{_value(x)}" y="{_value(y)}" width="{_value(width)}" '
                f'height="{tall}" class="{css} part">{tip}</rect>'
            )
            label = f"{100 * value / total:.0f} %"
            if width > CHARACTER * len(label) + 6:
                drawing.text(x + width / 2, y + tall / 2 + 4, label, "inside", "middle")
            x += width
        drawing.text(x + 8, y + tall / 2 + 4, row.text, "value")


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y, low, high) in places from 0 to 1 across and in values up; None: no interval."""

    name: str
    css: str
    shape: int
    points: Sequence[tuple[float, float, float | None, float | None]]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the plot lies within a drawing."""

    left: float
    top: float
    right: float
    bottom: float


def lines(
    drawing: Drawing,
    frame: Frame,
    series: Sequence[Series],
    ticks: Sequence[tuple[float, str]],
    format_value: str = "{:g}",
) -> None:
    """Values from 0 up, lines named where they end; `ticks` are places across with their names."""
    tops = [y if high is None else high for one in series for _, y, _, high in one.points]
    marks = nice_ticks(max(tops))
    wide, high = frame.right - frame.left, frame.bottom - frame.top

    def at(x: float, y: float) -> tuple[float, float]:
        return frame.left + x * wide, frame.bottom - high * y / marks[-1]

    for value in marks:
        y = at(0, value)[1]
        drawing.line(frame.left, y, frame.right, y, "grid")
        drawing.text(frame.left - 8, y + 4, format_value.format(value), "muted", "end")
    for place, name in ticks:
        for i, word in enumerate(name.split("\n")):
            drawing.text(at(place, 0)[0], frame.bottom + 18 + 15 * i, word, "muted", "middle")
    for one in series:
        path = [at(x, y) for x, y, _, _ in one.points]
        if len(path) > 1:
            listed = " ".join(f"{_value(x)},{_value(y)}" for x, y in path)
            drawing.add("polyline", points=listed, css=f"line {one.css}")
        for (x, _, low, top), (left, y) in zip(one.points, path, strict=True):
            if low is not None and top is not None:
                drawing.line(left, at(x, low)[1], left, at(x, top)[1], f"line {one.css}")
            drawing.dot(left, y, f"mark {one.css}", one.shape)
    ends = [at(*one.points[-1][:2])[1] for one in series]
    for one, y in zip(series, spread(ends, 15), strict=True):
        drawing.text(frame.right + 12, y + 4, one.name, f"name {one.css}")


def dots(
    drawing: Drawing,
    frame: Frame,
    rows: Sequence[tuple[str, Sequence[tuple[str, int, float]]]],
    span: tuple[float, float],
) -> None:
    """Rows of marks (class, shape, ratio) on a logarithmic axis, with a line at 1."""
    low, high = log10(span[0]), log10(span[1])

    def at(ratio: float) -> float:
        return frame.left + (frame.right - frame.left) * (log10(ratio) - low) / (high - low)

    for ratio in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64):
        if span[0] <= ratio <= span[1]:
            css = "axis" if ratio == 1 else "grid"
            drawing.line(at(ratio), frame.top, at(ratio), frame.bottom, css)
            drawing.text(at(ratio), frame.bottom + 18, f"{ratio:g}x", "muted", "middle")
    step = (frame.bottom - frame.top) / len(rows)
    for i, (name, marks) in enumerate(rows):
        y = frame.top + step * (i + 0.5)
        drawing.text(frame.left - 12, y + 4, name, anchor="end")
        drawing.line(frame.left, y, frame.right, y, "grid faint")
        for css, shape, ratio in marks:
            drawing.dot(at(ratio), y, f"mark {css}", shape, 5.5)


def legend(
    drawing: Drawing, entries: Sequence[tuple[str, str, int | None]], left: float, y: float
) -> None:
    """Names (class, name, shape) in a row; without a shape a swatch of a bar."""
    x = left
    for css, name, shape in entries:
        if shape is None:
            drawing.add("rect", x=x, y=y - 10, width=12, height=12, rx=2, css=css)
        else:
            drawing.dot(x + 6, y - 4, f"mark {css}", shape, 5.5)
        drawing.text(x + 18, y, name)
        x += 18 + CHARACTER * len(name) + 18


def nice_ticks(most: float) -> list[float]:
    """About five round numbers from 0 to `most` or a little above it."""
    rough = most / 5
    scale = 10 ** floor(log10(rough))
    step = next(scale * m for m in (1, 2, 2.5, 5, 10) if scale * m >= rough)
    return [step * i for i in range(ceil(most / step - 1e-9) + 1)]


def spread(places: Sequence[float], least: float) -> list[float]:
    """The same places, moved down where two would be closer than `least`."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, here in pairwise(order):
        moved[here] = max(moved[here], moved[before] + least)
    return moved


def _value(value: object) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _ascii(text: str) -> str:
    return escape(text, quote=False).encode("ascii", "xmlcharrefreplace").decode()
