"""What is made of results: the README's table and picture, and the report."""

import re
import xml.etree.ElementTree as ET
from html import escape
from pathlib import Path
from typing import Any

import pytest
from bench_results import (
    HOP,
    PEER,
    STORED,
    US,
    charts,
    compare,
    credential_table,
    document,
    goals,
    page,
    picture,
    result,
    results,
    run_compare,
    save,
    slower,
    style,
    svg,
    table,
    without,
)


def of_credentials() -> dict[str, Any]:
    """A result of bench_credentials.py."""
    us = {goals.CREDENTIALS: 20.0, goals.BARE: 22.0, PEER: 60.0}
    made = document(us, bench="credentials", name="verify one")
    made["operations"][0]["summary"][goals.CREDENTIALS]["timesAsFastAs"][goals.BARE] = 1.1
    made["operations"] += document({"b": 2.0}, name=credential_table.BY_BACKEND)["operations"]
    made["operations"] += document({"add": 1.0}, name=credential_table.CURVE)["operations"]
    noted = document({goals.CREDENTIALS: 9.0}, name="inside and outside")["operations"][0]
    made["operations"].append(noted | {"calls": {}})
    made["machine"]["backends"] = {"b": {"library": "a library 1.2"}}
    made["crossovers"] = [
        {"group": "G1", "bits": 129, "crossover": 4},
        {"group": "G2", "bits": 254, "crossover": None},
    ]
    return made


def test_tables_and_picture_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme, credentials, drawn = (tmp_path / name for name in ("a.md", "b.md", "picture.svg"))
    for path in (readme, credentials):
        path.write_text(f"before\n{table.BEGIN}\n{table.END}\nafter\n")
    stored = save(tmp_path / "stored", document(US), of_credentials())
    arguments = ("--stored", stored, "--readme", readme)
    arguments += ("--credentials", credentials, "--picture", drawn)
    assert run_compare(monkeypatch, *arguments, "--check") == 1
    assert run_compare(monkeypatch, *arguments) == 0
    assert run_compare(monkeypatch, *arguments, "--check") == 0
    text = readme.read_text()
    row = (
        f"| {HOP} (peer: {PEER}) | 120.0 | 140.0 (0.9x) | 80.0 (1.5x) | 30.0 (4.0x) | 12.0 (10.0x)"
    )
    assert row in text and text.startswith("before") and text.endswith("after\n")
    told = credentials.read_text()
    assert f"| verify one (crate: {PEER}) | 60.0 (3.0x) | 22.0 (1.1x) | 20.0 |\n" in told
    assert "| `b` | a library 1.2 | 2.00 |\n" in told and "| `add` |\n" in told
    assert "in G1 with scalars of 129 bits from 4 points on; in G2" in told
    assert "254 bits nowhere." in told and "inside and outside" not in told
    assert run_compare(monkeypatch, *arguments[:2], "picture", tmp_path / "other.svg") == 0
    assert (tmp_path / "other.svg").read_text() == drawn.read_text()
    for path in (drawn, readme, credentials):
        right = path.read_text()
        path.write_text(right.replace("0.0", "1.0").replace("0.0x", "1.0x"))
        capsys.readouterr()
        assert run_compare(monkeypatch, *arguments, "--check") == 1
        assert str(path) in capsys.readouterr().err
        path.write_text(right)
    for path in (credentials, readme):
        right = path.read_text()
        path.write_text("no marks")
        assert run_compare(monkeypatch, *arguments) == 2
        path.write_text(right)


def test_no_results_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_compare(monkeypatch, "--stored", tmp_path, "--check") == 2
    assert run_compare(monkeypatch, "--stored", tmp_path, "report", tmp_path / "report.html") == 2
    for made in (document(US, bench="batches"), document(US)):
        assert run_compare(monkeypatch, "--stored", save(tmp_path, made), "--check") == 2


def test_goals_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_compare(monkeypatch, "--goals") == 0
    text = capsys.readouterr().out
    assert "forward hop, version 259, avx512" in text
    assert "verify one, credentials against coconut-crypto" in text


def several_cpus() -> dict[str, dict[str, list[results.Result]]]:
    """What is stored, and CPUs that have less: no AVX-512, no peer, nothing but noise."""
    made = [
        document(US, cpu="Xeon 1"),
        document(slower(1.1, "avx2"), cpu="Xeon 1", day=2),
        document(without("avx512", PEER), cpu="Processor of a rather long name, second edition"),
        document({"python": 200.0}, cpu="Xeon 3"),
        document(US, cpu="Xeon 4"),
        document(US, cpu="Xeon 5", bench="batches", name="process, batch 1"),
    ]
    made[4]["operations"][0] |= {"summary": {}, "noisy": True}
    made[5]["operations"][0]["batch"] = 1
    found = [results.Result(one, Path("x.json")) for one in made]
    return results.by_cpu([*STORED, *found])


def drawings(html: str) -> list[ET.Element]:
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def outside(drawing: ET.Element) -> list[str]:
    """Texts that reach over the edge."""
    space = "{http://www.w3.org/2000/svg}"
    width, height = float(drawing.get("width", 0)), float(drawing.get("height", 0))
    found = []
    for text in drawing.iter(f"{space}text"):
        size = svg.CHARACTER * len(text.text or "")
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")]
        left = float(text.get("x", 0)) - share * size
        if left < -1 or left + size > width + 1 or not 0 < float(text.get("y", 0)) <= height:
            found.append(text.text or "")
    return found


def test_report_stands_alone() -> None:
    html = page.render(several_cpus())
    assert html.isascii()
    assert not re.search(
        r"<(script|link|img|iframe|object|base)\b|url\(|@import|\b(src|href)=", html
    )
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme: dark" in html
    for heading in ("Stages of a hop", "Batch size", "Against the peer", "History", "X25519"):
        assert f">{heading}</h3>" in html
    tables = html.count(">Bench ")
    assert html.count("<figure") == html.count("</svg>") == html.count("<details>") - tables
    ids = re.findall(r' id="([^"]+)"', html)
    assert (
        len(ids)
        == len(set(ids))
        == html.count("aria-labelledby=")
        + html.count("is one so far")
        + html.count("needs cargo")
        + tables
    )


def test_report_has_every_bench() -> None:
    """By their charts, or as tables that have every figure."""
    html = page.render(results.by_cpu(STORED))
    newest = {one.bench: one for one in STORED}
    tabled = set(re.findall(r">Bench (\w+)<", html))
    assert tabled == newest.keys() - {"peers", "stages", "batches", "x25519"}
    for bench in tabled:
        for one in newest[bench].operations:
            for contender in one.summary:
                cells = (one.name, contender, f"{one.median(contender) / 1000:.2f}")
                assert "".join(f"<td>{escape(cell)}</td>" for cell in cells) in html.replace(
                    " *</td>", "</td>"
                )


def test_report_drawings() -> None:
    found = drawings(page.render(several_cpus()))
    assert len(found) > 8
    for one in found:
        assert one.get("role") == "img" and one[0].tag.endswith("title") and one[0].text
        assert outside(one) == []
        numbers = [value for part in one.iter() for value in part.attrib.values()]
        assert not any("nan" in value or "inf" in value for value in numbers)


def test_report_says_all_that_is_quoted() -> None:
    html = page.render(results.by_cpu(STORED))
    assert "quoted, NOT measured here" in html and "lib25519" in html


def test_report_shows_history() -> None:
    two = results.by_cpu([result(US), result(slower(1.2, "avx2"), day=2)])
    (listed,) = (benches["peers"] for benches in two.values())
    figure = charts.history(listed)
    assert figure.drawing is not None and len(figure.rows) == 2
    assert [row[3:5] for row in figure.rows] == [["10.00", "4.00"], ["10.00", "3.33"]]
    assert charts.history(listed[:1]).drawing is None


@pytest.mark.parametrize(
    "cpus", [compare.newest(results.STORED, "peers"), None], ids=["stored", "made"]
)
def test_picture(cpus: dict[str, dict[str, results.Result]] | None) -> None:
    if cpus is None:
        long = result(US, cpu="Processor of a rather long name, second edition")
        cpus = {"a": {"peers": result(without("avx512"))}, "b": {"peers": long}}
    text = picture.draw(cpus)
    drawn = ET.fromstring(text)
    assert text.isascii() and len(text) < 8000
    assert outside(drawn) == []
    assert "sphinxcore, avx512" in text and "prefers-color-scheme: dark" in text
    assert not re.search(r"url\(|@import|href", text)


def test_picture_has_the_numbers() -> None:
    text = picture.draw({"a": {"peers": result(US)}})
    for shown in (">8,330<", ">7,140 (0.9x)<", ">12,500 (1.5x)<", ">33,300 (4.0x)<"):
        assert shown in text
    assert ">83,300 (10.0x)<" in text


def test_picture_needs_figures() -> None:
    nothing = document(US)
    nothing["operations"] = []
    with pytest.raises(results.ResultError):
        picture.draw({"a": {"peers": results.Result(nothing, Path("x"))}})


def test_names_beside_lines_do_not_overlap() -> None:
    assert svg.spread([100, 101, 50], 15) == [100, 115, 50]
    assert svg.spread([50, 52, 54], 15) == [50, 65, 80]


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (9.4, [0, 2, 4, 6, 8, 10]),
        (0.9, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (100, [0, 20, 40, 60, 80, 100]),
    ],
)
def test_ticks(most: float, ticks: list[float]) -> None:
    assert svg.nice_ticks(most) == pytest.approx(ticks)


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_colours_are_legible(dark: bool) -> None:
    colours = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6});", style.variables(dark)))
    for ground in ("ground", "card"):
        for text in ("ink", "muted"):
            assert contrast(colours[text], colours[ground]) >= 4.5
        for drawn in style.SHAPES:
            assert contrast(colours[drawn], colours[ground]) >= 3
    for i in range(len(style.STAGES)):
        assert contrast(colours[f"stage{i}"], "#ffffff") >= 4.5
