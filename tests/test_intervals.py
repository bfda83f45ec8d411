"""Ranges over turns: seeded, never nan, and as wide as they say."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measures import timing
from pipeline.measures.intervals import (
    block_length,
    bootstrap_median,
    bootstrap_ratio,
    exchanges,
    percentiles,
    ranged,
)
from pipeline.measures.talk import evaluate
from pipeline.records import Measure
from tests.conversations import CONFIG, alternating, basis, speeches

INTERVALS = CONFIG.intervals
QUICK = replace(INTERVALS, draws=200)
SECONDS = st.floats(0.01, 100)
MANY = st.lists(st.tuples(SECONDS, SECONDS), min_size=20, max_size=40)


def correlated(rng, turns, phi):
    """Log-normal lengths whose logarithms follow an AR(1): each turn resembles the last."""
    noise = rng.normal(size=turns) * math.sqrt(1 - phi**2)
    noise[0] = rng.normal()
    for i in range(1, turns):
        noise[i] += phi * noise[i - 1]
    return np.exp(1.5 + 0.7 * noise)


def test_the_same_turns_have_the_same_range():
    lengths = [1.0, 2.0, 5.0, 3.0] * 10
    assert bootstrap_median(lengths, INTERVALS) == bootstrap_median(lengths, INTERVALS)
    other = replace(INTERVALS, seed=INTERVALS.seed + 1)
    ones = [1.0] * 40
    assert bootstrap_ratio(lengths, ones, other) != bootstrap_ratio(lengths, ones, INTERVALS)


@pytest.mark.parametrize("value", [0.0, 0.1, 7.3])
def test_turns_that_are_all_alike_have_a_range_of_no_width(value):
    assert bootstrap_median([value] * 30, INTERVALS) == (value, value)
    low, high = bootstrap_ratio([value] * 30, [3.0] * 30, INTERVALS)
    assert low == high == pytest.approx(value / 3)


def test_a_constant_share_of_unlike_turns_has_a_range_of_no_width():
    lengths = [0.1 * i for i in range(1, 31)]
    low, high = bootstrap_ratio([0.3 * x for x in lengths], lengths, INTERVALS)
    assert low == high == pytest.approx(0.3)


def test_few_turns_have_no_range():
    few = [1.0, 2.0] * (INTERVALS.least // 2)
    assert bootstrap_median(few, INTERVALS) is not None
    assert bootstrap_median(few[1:], INTERVALS) is None
    assert bootstrap_ratio(few[1:], few[1:], INTERVALS) is None
    assert bootstrap_ratio([0.0] * 30, [0.0] * 30, INTERVALS) is None


def test_blocks_grow_with_the_cube_root():
    assert [block_length(n, INTERVALS) for n in (1, 27, 600)] == [1, 3, 8]


def test_percentiles_of_few_blocks_lie_further_out():
    assert percentiles(80.0, 1e9) == pytest.approx((0.1, 0.9), abs=1e-6)
    few, many = percentiles(80.0, 5)[0], percentiles(80.0, 50)[0]
    assert few < many < 0.1
    assert percentiles(80.0, 1) == (0, 1)


@settings(max_examples=60, deadline=None)
@given(MANY)
def test_a_range_holds_its_figure_and_nothing_that_no_turn_has(rows):
    above = [min(a, b) for a, b in rows]
    below = [b for _, b in rows]
    low, high = bootstrap_ratio(above, below, QUICK)
    value = sum(above) / sum(below)
    assert low <= value * (1 + 1e-9)
    assert value <= high * (1 + 1e-9)
    shares = [a / b for a, b in zip(above, below, strict=True)]
    assert min(shares) <= low * (1 + 1e-9)
    assert high <= max(shares) * (1 + 1e-9)
    low, high = bootstrap_median(below, QUICK)
    assert min(below) <= low <= np.median(below) <= high <= max(below)


@settings(max_examples=40, deadline=None)
@given(MANY)
def test_longer_turns_have_a_longer_range(rows):
    lengths = [a for a, _ in rows]
    low, high = bootstrap_median(lengths, QUICK)
    assert bootstrap_median([2 * x for x in lengths], QUICK) == (2 * low, 2 * high)


def test_more_turns_have_a_narrower_range():
    rng = np.random.default_rng(1)
    few, many = (
        bootstrap_ratio(correlated(rng, n, 0.2), np.ones(n), INTERVALS) for n in (40, 4000)
    )
    assert (many[1] - many[0]) < (few[1] - few[0]) / 4


def test_turns_that_resemble_their_neighbours_have_a_wider_range():
    lengths = np.sort(correlated(np.random.default_rng(2), 300, 0.0))
    shuffled = np.random.default_rng(3).permutation(lengths)
    alike, mixed = (bootstrap_ratio(x, np.ones(300), INTERVALS) for x in (lengths, shuffled))
    assert alike[1] - alike[0] > 1.5 * (mixed[1] - mixed[0])


@pytest.mark.slow
@pytest.mark.parametrize("turns", [30, 150, 600])
@pytest.mark.parametrize("phi", [0.0, 0.2, 0.4])
def test_80_of_100_ranges_hold_the_truth_more_or_less(turns, phi):
    rng = np.random.default_rng(5)
    held = {"share": 0, "median": 0}
    runs = 400
    for _ in range(runs):
        own, other = (correlated(rng, turns, phi) for _ in range(2))
        low, high = bootstrap_ratio(own, own + other, QUICK)
        held["share"] += low <= 0.5 <= high
        low, high = bootstrap_median(own, QUICK)
        held["median"] += low <= math.exp(1.5) <= high
    assert all(0.70 <= count / runs <= 0.90 for count in held.values()), held


@settings(max_examples=40, deadline=None)
@given(speeches(voices=2))
def test_exchanges_hold_the_whole_talk(speech):
    conversation = basis(speech).conversation
    seconds = {t: sum(s.duration for s in t.speech) for t in conversation.turns}
    own, everybody = exchanges(
        (t for t in conversation.turns if t.kind != "backchannel"),
        opens=lambda t: t.speaker == "A",
        above=lambda t: seconds[t] if t.speaker == "A" else 0.0,
        below=lambda t: seconds[t],
    )
    share = evaluate(basis(speech)).measures["talk_share.A"]
    assert sum(own) == pytest.approx(share.numerator)
    assert sum(everybody) == pytest.approx(share.denominator)


def test_shares_rates_lengths_and_pauses_of_a_session_have_a_range_over_turns():
    speech = alternating(4, 1, times=80)
    speech["A"] = [(s, s + 1 + i % 5) for i, (s, _) in enumerate(speech["A"])]
    speech["B"] += [(s + 1.5, s + 2) for s, e in speech["A"] if e - s > 4]
    found = timing(basis(speech, config=CONFIG.measures, intervals=INTERVALS)).measures
    for name in ("talk_share", "talk_share.B", "turn_length.A", "latency.B", "backchannels.B"):
        low, high = found[name].interval
        assert low <= found[name].value <= high, name
        assert low < high, name
        assert found[name].interval_of == "turns", name
    assert found["turn_length.B"].interval == (4, 4)
    assert found["longest_turn.A"].interval is None


def test_short_practices_and_unclear_voices_have_no_range():
    few = timing(basis(alternating(4, 1, times=20), intervals=INTERVALS)).measures
    assert {m.interval for m in few.values()} == {None}
    speech = alternating(4, 1, times=80)
    for unclear in ({"voices": "abstained"}, {"sees_overlap": False}):
        found = timing(basis(speech, intervals=INTERVALS, **unclear)).measures
        assert found["backchannels.A"].interval is None
        assert all(m.interval is None for m in found.values() if m.value is None)


def test_a_figure_that_abstained_gets_no_range():
    short = Measure(None, 3.0, 4.0, "share", "abstained")
    assert ranged(short, (0.1, 0.9)) == short
    assert ranged(replace(short, value=0.75, certainty="good"), (0.8, 0.9)).interval == (0.75, 0.9)
