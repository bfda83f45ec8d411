"""Several sessions together: whatever is added, in whatever order, it is their numerators."""

from dataclasses import replace
from math import hypot
from statistics import median

import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import AttuneError
from pipeline.exports.wording import details_of
from pipeline.measures import timing
from pipeline.measures.adding import added, form_of
from pipeline.records import Measure
from pipeline.timeline import Span
from tests.conversations import (
    CONFIG,
    alternating,
    basis,
    extent,
    shifted,
    speeches,
)

EASY = settings(max_examples=40, deadline=None)
WHOLE = st.integers(0, 40).map(float)
GRADES = st.sampled_from(["good", "low", "draft"])


def share(numerator, denominator, certainty="good", **more):
    value = None if certainty == "abstained" else numerator / denominator
    return Measure(value, numerator, denominator, "share", certainty, **more)


def tally(number, certainty="good", **more):
    return Measure(float(number), float(number), None, "count", certainty, **more)


def pauses(*sample, certainty="good", **more):
    value = None if certainty == "abstained" else median(sample)
    return Measure(value, None, float(len(sample)), "s", certainty, sample=sample, **more)


def longest(seconds):
    return Measure(seconds, seconds, None, "s", "good", parts={"words": 12.0})


UNHEARD = Measure(None, None, None, "share", "abstained", note="not enough to tell: unclear voices")


@st.composite
def shares(draw):
    denominator = draw(st.integers(0, 40).map(float))
    numerator = float(draw(st.integers(0, int(denominator))))
    kind = draw(st.sampled_from(["told", "told", "short", "unheard"]))
    if kind == "unheard":
        return UNHEARD
    told = kind == "told" and denominator > 0
    certainty = draw(GRADES) if told else "abstained"
    around = draw(st.none() | st.tuples(st.just(0.0), st.just(1.0))) if told else None
    return Measure(
        numerator / denominator if told else None,
        numerator,
        denominator,
        "share",
        certainty,
        interval=around,
        note=draw(st.sampled_from(["", "a caveat", "another"])),
        parts={"silence": 0.5} if told and draw(st.booleans()) else {},
        speaker=draw(st.sampled_from(["A", "B"])),
    )


@st.composite
def counts(draw):
    exposure = draw(st.integers(1, 600).map(float))
    number = draw(WHOLE)
    parts = {"exposure": exposure} if draw(st.booleans()) else {}
    if parts and exposure >= 120:
        parts["per_10_min"] = 600 * number / exposure
    return tally(number, draw(GRADES), parts=parts)


@st.composite
def medians(draw):
    sample = tuple(sorted(draw(st.lists(WHOLE, min_size=1, max_size=6))))
    return pauses(*sample, certainty="good" if len(sample) >= 3 else "abstained")


ANY = st.sampled_from([shares(), counts(), medians(), WHOLE.map(longest)]).flatmap(
    lambda kind: st.lists(kind, min_size=3, max_size=6)
)


def like(figure):
    """A measure that is equal up to rounding."""
    close = {
        name: pytest.approx(getattr(figure, name)) if getattr(figure, name) is not None else None
        for name in ("value", "numerator", "denominator", "parts", "interval")
    }
    return {
        **close,
        **{n: getattr(figure, n) for n in ("unit", "certainty", "note", "speaker", "sample")},
    }


def told(figure):
    return {name: getattr(figure, name) for name in like(figure)}


def test_ratios_are_added_not_averaged():
    """A short session of one turn in two counts less than a long one of 90 in 100."""
    whole = added([share(1.0, 2.0), share(90.0, 100.0)])
    assert (whole.numerator, whole.denominator) == (91, 102)
    assert whole.value == 91 / 102
    assert whole.parts == {"sessions": 2, "left_out": 0}


def test_counts_are_added_and_the_longest_is_the_longest():
    assert added([tally(2), tally(0), tally(3)]).value == 5
    assert added([longest(12.0), longest(40.0), longest(8.0)]).value == 40


def test_medians_are_taken_of_everything_observed():
    whole = added([pauses(0.0, 1.0, 2.0), pauses(4.0, 6.0)])
    assert (whole.value, whole.denominator, whole.sample) == (2, 5, (0, 1, 2, 4, 6))
    assert {k: whole.parts[k] for k in ("q1", "q3", "mean")} == {"q1": 1, "q3": 4, "mean": 2.6}


def test_shares_of_pauses_are_counted_anew():
    parts = {"below_0": 0.5, "to_0.2": 0.0, "to_1": 0.5, "to_3": 0.0, "from_3": 0.0}
    whole = added([pauses(-1.0, 0.5, parts=parts), pauses(2.0, 2.5, 3.0, 4.0)])
    assert whole.parts["below_0"] == pytest.approx(1 / 6)
    assert whole.parts["from_3"] == pytest.approx(2 / 6)


def test_what_was_too_short_adds_its_numbers_and_what_was_unclear_is_left_out():
    short = share(3.0, 4.0, "abstained", note="not enough to tell: 60 s of practice")
    whole = added([short, UNHEARD, share(2.0, 4.0, "low", note="call software alters this")])
    assert (whole.numerator, whole.denominator, whole.value) == (5, 8, 5 / 8)
    assert (whole.certainty, whole.note) == ("low", "call software alters this")
    assert whole.parts == {"sessions": 2, "left_out": 1}


def test_where_all_abstained_so_does_the_sum_and_keeps_what_it_added():
    short = share(3.0, 4.0, "abstained", note="not enough to tell: 60 s of practice")
    whole = added([short, short])
    assert (whole.value, whole.certainty) == (None, "abstained")
    assert (whole.numerator, whole.denominator) == (6, 8)
    assert whole.note == short.note
    assert added([UNHEARD, UNHEARD]).numerator is None


def test_the_certainty_is_the_worst_that_took_part():
    assert added([share(1.0, 2.0), share(1.0, 2.0, "low")]).certainty == "low"
    assert added([tally(1, "draft"), tally(1, "low")]).certainty == "draft"


def test_ranges_are_added_in_quadrature():
    one = tally(10, interval=(7.0, 14.0))
    other = tally(20, interval=(16.0, 23.0))
    assert added([one, other]).interval == (30 - hypot(3, 4), 30 + hypot(4, 3))


def test_a_share_of_expected_counts_keeps_the_range_of_the_count():
    parts = {"count": 10.0, "count_low": 7.0, "count_high": 13.0}
    one = share(10.0, 40.0, interval=(7 / 40, 13 / 40), parts=parts)
    short = share(5.0, 10.0, "abstained", parts={"count": 5.0, "count_low": 1.0, "count_high": 9.0})
    whole = added([one, short])
    assert whole.interval == (0.2, 0.4)
    assert {k: whole.parts[k] for k in parts} == {"count": 15, "count_low": 10, "count_high": 20}


def test_without_one_range_there_is_none():
    assert added([tally(10, interval=(7.0, 14.0)), tally(3)]).interval is None
    turns = tally(10, interval=(7.0, 14.0), interval_of="turns")
    assert added([tally(10, interval=(7.0, 14.0)), turns]).interval is None
    assert added([turns, turns]).interval_of == "turns"


def test_a_rate_is_that_of_all_the_seconds_together():
    one = tally(3, parts={"exposure": 300.0, "per_10_min": 6.0})
    short = tally(1, parts={"exposure": 100.0})
    assert added([one, short]).parts["per_10_min"] == 6
    assert "per_10_min" not in added([short, short]).parts
    assert "per_10_min" not in added([one, tally(1)]).parts


def test_parts_over_the_same_denominator_are_weighed_and_labels_are_dropped():
    one = share(80.0, 100.0, parts={"left": 0.5, "silence": 0.2, "overlap": 0.1})
    other = share(150.0, 300.0, parts={"left": 0.4, "silence": 0.5})
    assert added([one, other]).parts == {
        "silence": pytest.approx(0.425),
        "sessions": 2,
        "left_out": 0,
    }


def test_one_figure_alone_is_itself_without_its_seconds():
    one = share(1.0, 2.0, evidence=(Span(0, 1),))
    assert added([one]) == replace(one, evidence=())


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ((share(1.0, 2.0), tally(1)), "units .*'count' and 'share'"),
        ((longest(4.0), pauses(1.0, 2.0)), "forms .*'longest' and 'median'"),
        ((), "no figures"),
    ],
)
def test_only_figures_of_one_kind_can_be_added(figures, message):
    with pytest.raises(AttuneError, match=message):
        added(figures)


def test_how_many_sessions_it_is_of_stands_below_a_sum():
    assert "2 sessions together" in details_of(added([share(1.0, 2.0), share(1.0, 2.0)]))[0]


@settings(max_examples=200, deadline=None)
@given(ANY, st.data())
def test_adding_in_another_order_or_halves_first_changes_nothing(figures, data):
    whole = added(figures)
    cut = data.draw(st.integers(1, len(figures) - 1))
    assert told(added(data.draw(st.permutations(figures)))) == like(whole)
    assert told(added([added(figures[:cut]), added(figures[cut:])])) == like(whole)
    assert told(added([added(figures[:cut]), *figures[cut:]])) == like(whole)


@EASY
@given(ANY)
def test_a_sum_has_a_value_or_has_abstained(figures):
    whole = added(figures)
    assert (whole.value is None) == (whole.certainty == "abstained")
    if whole.value is not None and whole.denominator and whole.numerator is not None:
        assert whole.value == pytest.approx(whole.numerator / whole.denominator)


@EASY
@given(speeches(voices=2), speeches(voices=2), st.booleans())
def test_two_sections_added_are_both_in_a_row(one, two, short):
    """
    one  |---- ... ----|   60 s   |---- ... ----|  two        measured apart, and as one
    """
    config = {"config": CONFIG.measures} if short else {}
    later = shifted(two, extent(one).end + 60)
    both = {who: one[who] + later[who] for who in one}
    first, second, whole = (timing(basis(s, **config)).measures for s in (one, two, both))
    for name, figure in whole.items():
        sum_ = added([first[name], second[name]])
        head = name.partition(".")[0]
        parts = [m.numerator for m in (first[name], second[name])]
        if None not in parts and form_of(figure) != "longest":
            assert sum_.numerator == pytest.approx(sum(parts)), name
        # not turn lengths: the last turn of one and the first of the other may be one person's
        if head in ("talk_share", "overlapping_starts", "floor_taken"):
            assert sum_.numerator == pytest.approx(figure.numerator), name
        if head in ("talk_share", "backchannels"):
            assert sum_.denominator == pytest.approx(figure.denominator), name


@EASY
@given(speeches(voices=2), speeches(voices=2))
def test_pauses_of_two_sections_are_those_of_each(one, two):
    first, second = (timing(basis(s)).measures for s in (one, two))
    for who in "AB":
        samples = [m[f"latency.{who}"].sample for m in (first, second)]
        whole = added([m[f"latency.{who}"] for m in (first, second)])
        assert whole.sample == tuple(sorted(samples[0] + samples[1]))
        assert whole.value is None or whole.value == pytest.approx(median(whole.sample))


def test_pauses_of_sections_with_enough_of_them_have_a_median_together():
    slow, quick = alternating(4, 2, times=12), alternating(4, 0.5, times=24)
    figures_ = [timing(basis(s)).measures["latency.A"] for s in (slow, quick)]
    assert [f.value for f in figures_] == [2, 0.5]
    assert added(figures_).value == 0.5


def test_moments_in_two_sections_have_the_rate_of_both_together():
    taking = alternating(10, 1, times=26)
    taking["B"][0] = (9, 21)
    calm = alternating(10, 1, times=14)
    rates = [
        timing(basis(s, config=CONFIG.measures)).measures["floor_taken.B"] for s in (taking, calm)
    ]
    assert added(rates).parts["per_10_min"] == pytest.approx(600 / (285 + 153))


def test_every_figure_of_a_report_adds_to_itself():
    section = synthetic.report().sections[0]
    for name, figure in section.measures.items():
        whole = added([figure, figure])
        assert whole.unit == figure.unit, name
        if figure.value is not None and form_of(figure) in ("ratio", "median", "longest"):
            assert whole.value == pytest.approx(figure.value, abs=0.3), name
