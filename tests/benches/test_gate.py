"""The gate: what is worse, what is noise, what is not compared; and the intervals it rests on."""

import random
from pathlib import Path
from typing import Any

import pytest
from bench_results import (
    PEER,
    ROUNDS,
    US,
    document,
    gate,
    intervals,
    result,
    results,
    run_compare,
    save,
    slower,
    without,
)


@pytest.mark.parametrize(
    ("n", "error", "rank"),
    [(5, 0.05, 0), (6, 0.05, 1), (21, 0.05, 6), (21, 0.025, 5), (15, 0.05, 4)],
)
def test_interval_of_median(n: int, error: float, rank: int) -> None:
    """The ranks that tables of the sign test give."""
    samples = [float(i) for i in range(1, n + 1)]
    found = intervals.of_median(samples[::-1], error)
    if rank:
        assert (found.low, found.high) == (rank, n + 1 - rank)
    else:
        assert (found.low, found.high) == (0, float("inf"))
    assert found.middle == (n + 1) / 2


def test_interval_of_nothing_and_quotients() -> None:
    nothing = intervals.of_median([], 0.05)
    assert (nothing.low, nothing.high) == (0, float("inf"))
    quotient = intervals.Interval(8, 9, 10).over(intervals.Interval(2, 3, 4))
    assert quotient.middle == 3
    assert 8 / 4 < quotient.low < 9 / 4 and 9 / 2 < quotient.high < 10 / 2
    exact = intervals.Interval(3, 3, 3)
    assert intervals.Interval(6, 9, 12).over(exact).high == pytest.approx(4)
    unknown = intervals.Interval(8, 9, 10).over(nothing)
    assert (unknown.low, unknown.high) == (0, float("inf"))


@pytest.mark.parametrize("rounds", [(15, 15), (21, 10)])
@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_intervals_hold(rounds: tuple[int, int], shape: str) -> None:
    """Of quotients whose true value is 1, at most 5 % are outside of their intervals."""
    chance = random.Random(1)

    def interval(n: int) -> intervals.Interval:
        if shape == "normal":
            samples = [chance.gauss(1, 0.03) for _ in range(n)]
        else:
            samples = [1 + chance.expovariate(10) for _ in range(n)]
        return intervals.of_median(samples, gate.ERROR)

    found = [interval(rounds[0]).over(interval(rounds[1])) for _ in range(1000)]
    missed = sum(not one.low <= 1 <= one.high for one in found)
    assert 0 < missed <= 50


def judge(now: results.Result, *stored: results.Result) -> tuple[dict[str, str], str, bool]:
    """Verdicts by ratio, everything as text, and whether it failed."""
    outcome = gate.judge([now], stored)
    verdicts = {f"{one.contender} / {one.other}": one.verdict for one in outcome.comparisons}
    return verdicts, gate.text(outcome), outcome.failed


ALL_RATIOS = {
    "avx512 / portable",
    "avx2 / portable",
    "python / portable",
    *(f"{name} / {PEER}" for name in US if name != PEER),
}


def test_gate_passes_the_same() -> None:
    verdicts, text, failed = judge(result(US, day=2), result(US))
    assert not failed and set(verdicts) == ALL_RATIOS
    assert set(verdicts.values()) == {gate.OK}
    assert "7 ratios compared: 0 worse, 0 noise, 7 ok" in text


def test_gate_passes_a_slower_machine() -> None:
    """Twice as slow at everything is no fault of the code."""
    verdicts, _, failed = judge(result(slower(2, *US), day=2), result(US))
    assert not failed and set(verdicts.values()) == {gate.OK}


def test_gate_fails_a_slower_backend() -> None:
    verdicts, text, failed = judge(result(slower(1.25, "avx512"), day=2), result(US))
    assert failed
    worse = {name for name, verdict in verdicts.items() if verdict == gate.WORSE}
    assert worse == {"avx512 / portable", f"avx512 / {PEER}"}
    assert text.splitlines()[2].startswith("| worse |")
    assert "-20.0 %" in text


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.05, gate.OK), (1.3, gate.WORSE), (0.5, gate.OK)]
)
def test_gate_limit(factor: float, verdict: str) -> None:
    """Five percent slower passes, thirty do not, and faster does."""
    verdicts, _, _ = judge(result(slower(factor, "avx2"), day=2), result(US))
    assert verdicts[f"avx2 / {PEER}"] == verdict


@pytest.mark.parametrize("how", [{"spread": 0.6}, {"rounds": 5}])
def test_gate_says_noise(how: dict[str, Any]) -> None:
    """15 % slower by the medians, but the rounds are too wide, or too few, to say so."""
    verdicts, text, failed = judge(result(slower(1.15, "avx2"), day=2, **how), result(US))
    assert not failed
    assert verdicts[f"avx2 / {PEER}"] == gate.NOISE
    assert "| noise |" in text and ("too few rounds" in text) == ("rounds" in how)


def test_gate_says_noise_if_the_stored_run_was_wide() -> None:
    verdicts, _, failed = judge(result(slower(1.15, "avx2"), day=2), result(US, spread=0.6))
    assert not failed and verdicts[f"avx2 / {PEER}"] == gate.NOISE


def test_gate_says_noise_if_it_could_be_worse() -> None:
    """5 % slower by the medians, and perhaps 20."""
    verdicts, _, _ = judge(result(slower(1.05, "avx2"), day=2, spread=0.6), result(US))
    assert verdicts[f"avx2 / {PEER}"] == gate.NOISE


def test_gate_leaves_out_rounds_that_do_not_count() -> None:
    now = result(US, day=2)
    rounds = now.document["operations"][0]["rounds"]
    for i in range(0, ROUNDS, 3):
        rounds["kept"][i] = False
        rounds["ns"]["avx2"][i] *= 10
    (change,) = (
        one.change
        for one in gate.judge([now], [result(US)]).comparisons
        if (one.contender, one.other) == ("avx2", PEER)
    )
    assert 0.95 < change.low < change.high < 1.05


def test_gate_without_avx512() -> None:
    """A CPU is compared on what it has."""
    now = result(without("avx512"), day=2)
    verdicts, text, failed = judge(now, result(US))
    assert not failed
    assert set(verdicts) == {name for name in ALL_RATIOS if "avx512" not in name}
    assert "backend avx512 was there and is not: no such CPU" in text
    slow = slower(1.3, "avx2")
    slow.pop("avx512")
    assert judge(result(slow, day=2), result(without("avx512")))[2]


def test_gate_without_peer() -> None:
    verdicts, text, failed = judge(result(without(PEER), day=2), result(US))
    assert not failed and verdicts and not any(PEER in name for name in verdicts)
    assert f"avx2 over {PEER}: only stored" in text
    _, text, _ = judge(result(US, day=2), result(without(PEER)))
    assert f"avx2 over {PEER}: is new" in text


def test_gate_without_stored_results() -> None:
    verdicts, text, failed = judge(result(US, cpu="Xeon 99"), result(US))
    assert not failed and not verdicts
    assert "no stored results of intel-6-106-xeon-99 (peers): passes" in text
    _, text, failed = judge(result(US, bench="batches"), result(US))
    assert not failed and "batches: nothing stored of intel-6-106-xeon-1234: passes" in text


def test_gate_names_what_changed() -> None:
    now, stored = result(US, name="new", day=2), result(US, name="old")
    now.machine["python"] = "3.14.0"
    verdicts, text, failed = judge(now, stored)
    assert not failed and not verdicts
    for note in ("new: is new", "old: was not measured", "python was 3.13.1, is 3.14.0"):
        assert note in text
    now = result(US, day=2)
    now.document["operations"][0]["summary"] = {}
    assert "every round was noise" in judge(now, result(US))[1]


def test_gate_takes_the_newest() -> None:
    old, new = result(slower(2, "avx2")), result(US, day=3)
    now = result(slower(2, "avx2"), day=4)
    assert not judge(now, old)[2]
    assert judge(now, old, new)[2] and judge(now, new, old)[2]


def test_gate_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = save(tmp_path / "stored", document(US))
    good = save(tmp_path / "good", document(US, day=2))
    bad = save(tmp_path / "bad", document(slower(1.5, "avx512"), day=2))
    assert run_compare(monkeypatch, "--stored", stored, "gate", good) == 0
    assert run_compare(monkeypatch, "--stored", stored, "gate", bad) == 1
    assert run_compare(monkeypatch, "--stored", stored, "gate", *bad.glob("*/*/*.json")) == 1
    assert "| worse | peers: " in capsys.readouterr().out
    assert run_compare(monkeypatch, "--stored", stored, "gate", tmp_path / "nothing") == 2
    (tmp_path / "odd.json").write_text("{}")
    assert run_compare(monkeypatch, "--stored", stored, "gate", tmp_path / "odd.json") == 2
    assert "has schema None" in capsys.readouterr().err


def test_store_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = save(tmp_path / "new", document(US)), tmp_path / "stored"
    assert run_compare(monkeypatch, "--stored", target, "store", source) == 0
    assert [one.document for one in results.read_all([target])] == [document(US)]
