from dataclasses import replace
from math import exp, hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corrections import LabelCorrection
from pipeline.measures.phrasing import NAMES, candidates, evaluate, judged
from pipeline.phrased import KINDS
from pipeline.phrasing.model import sharpened
from tests.conversations import CONFIG, alternating, read_as, worded

EASY = settings(max_examples=40, deadline=None)
SHARE = st.floats(0, 1)
LIKELY = st.lists(st.tuples(SHARE, SHARE, SHARE), min_size=1, max_size=30)


def section(likely, *, length=4.0, spread=(1.0, 1.0, 1.0), drivers=((), (), ()), **more):
    """A and B in turn, A's turns read as ``likely``."""
    spans = alternating(length, 1, times=2 * len(likely))
    said = [(who, s, e, "one two") for who, own in spans.items() for s, e in own]
    return read_as(worded(*said, **more), *likely, spread=spread, drivers=drivers)


def reflecting(*probabilities, **more):
    return section([(p, 0.0, 0.0) for p in probabilities], **more)


def figure(bare, name="reflections.A"):
    return evaluate(bare).measures[name]


def test_the_expected_count_is_the_sum_of_the_probabilities():
    found = figure(reflecting(0.9, 0.5, 0.5, 0.1, 0.0))
    assert found.numerator == found.parts["count"] == pytest.approx(2.0)
    assert (found.denominator, found.value) == (5, pytest.approx(0.4))
    assert (found.unit, found.speaker, found.interval_of) == ("share", "A", "errors")


def test_the_range_is_that_of_the_models_sessions_left_out():
    """Five turns at .5 deviate by the root of 5 x .25; the spread says how many times that."""
    wide, narrow = (figure(reflecting(*[0.5] * 5, spread=(spread, 1, 1))) for spread in (1.0, 0.5))
    assert wide.parts["count_high"] == pytest.approx(2.5 + 1.25**0.5)
    assert narrow.parts["count_high"] == pytest.approx(2.5 + 1.25**0.5 / 2)
    assert wide.interval == pytest.approx(
        (wide.parts["count_low"] / 5, wide.parts["count_high"] / 5)
    )


@EASY
@given(LIKELY, st.floats(0, 4))
def test_every_share_and_range_lies_between_none_and_all(likely, spread):
    for name in NAMES.values():
        found = figure(section(likely, spread=(spread,) * 3), f"{name}.A")
        assert found.denominator == len(likely)
        assert 0 <= found.parts["count_low"] <= found.numerator <= found.parts["count_high"]
        assert found.parts["count_high"] <= len(likely)
        if found.value is not None:
            low, high = found.interval
            assert 0 <= low <= found.value <= high <= 1


def test_each_kind_has_its_own_probability():
    bare = section([(0.75, 0.5, 0.25)] * 6)
    found = [figure(bare, f"{n}.A").value for n in NAMES.values()]
    assert found == pytest.approx(sharpened(np.array([0.75, 0.5, 0.25])))


def test_too_few_turns_have_a_count_and_no_share():
    found = figure(reflecting(0.9, 0.9, 0.9, 0.9))
    assert (found.value, found.interval) == (None, None)
    count = pytest.approx(4 * float(sharpened(np.array(0.9))))
    assert found.parts["count"] == count
    assert (found.numerator, found.denominator) == (count, 4)
    assert "4 of at least 5" in found.note


def test_a_short_practice_has_a_count_and_no_share():
    found = figure(reflecting(*[0.5] * 8, config=CONFIG.measures))
    assert (found.value, found.interval, found.certainty) == (None, None, "abstained")
    assert found.parts["count"] == 4
    assert found.parts["count_low"] < 4 < found.parts["count_high"]
    assert "s of practice" in found.note


def test_turns_are_listed_from_evens_on_with_the_words_that_drove_them():
    bare = reflecting(0.49, 0.5, 0.75, 0.74, drivers=(("it sounds like", "you"), (), ()))
    events = evaluate(bare).events
    assert [(e.type, e.start, e.by, e.confidence) for e in events] == [
        ("reflection", 10, "A", 0.5),
        ("reflection", 20, "A", 0.75),
        ("reflection", 30, "A", 0.74),
    ]
    assert {e.detail["cue"] for e in events} == {"it sounds like, you"}
    assert [e.uncertain for e in events] == [("candidate",), (), ("candidate",)]
    assert [tuple(span) for span in figure(bare).evidence] == [(10, 14), (20, 24), (30, 34)]


def test_what_no_word_drove_has_no_cue():
    assert [e.detail for e in evaluate(reflecting(0.9)).events] == [{}]


def test_moments_of_all_kinds_are_in_order_of_time():
    events = evaluate(section([(0.9, 0.9, 0), (0, 0.9, 0.9)])).events
    assert [(e.start, e.type) for e in events] == [
        (0, "question"),
        (0, "reflection"),
        (10, "information"),
        (10, "question"),
    ]


def test_reflections_for_each_question_with_the_range_of_both():
    bare = section([(0.5, 0.5, 0)] * 20, spread=(1.0, 0.5, 1.0))
    found = figure(bare, "reflections_to_questions")
    assert (found.numerator, found.denominator, found.value) == (10, 10, 1)
    around = hypot(5**0.5 / 10, 5**0.5 / 20)
    assert found.interval == pytest.approx((exp(-around), exp(around)))


def test_with_too_few_questions_there_is_no_ratio():
    bare = section([(0.5, 0.5, 0)] * 9)
    found = figure(bare, "reflections_to_questions")
    assert (found.value, found.interval) == (None, None)
    assert (found.numerator, found.denominator) == (4.5, 4.5)


@EASY
@given(LIKELY)
def test_the_ratio_lies_in_its_range_above_nothing(likely):
    found = figure(section(likely), "reflections_to_questions")
    if found.value and found.interval:
        assert 0 < found.interval[0] <= found.value <= found.interval[1]


def test_without_reflections_the_ratio_is_nothing():
    found = figure(section([(0.0, 0.9, 0)] * 10), "reflections_to_questions")
    assert (found.value, found.interval) == (0, None)


@pytest.mark.parametrize("agreed", [True, False])
def test_a_persons_word_replaces_the_probability(agreed):
    plain = reflecting(0.25, 0.5, 0.5, 0.5, 0.5)
    said = LabelCorrection(0, 4, "A", "reflection", agreed)
    bare = replace(plain, corrections=(said,))
    change = agreed - float(sharpened(np.array(0.25)))
    assert figure(bare).numerator == pytest.approx(figure(plain).numerator + change)
    assert figure(bare).parts["corrected"] == 1
    assert "corrected" not in figure(plain).parts
    assert figure(bare, "questions.A").numerator == figure(plain, "questions.A").numerator


def test_a_moment_that_was_denied_is_gone_and_one_that_was_named_is_there():
    said = (
        LabelCorrection(0, 4, "A", "reflection", False),
        LabelCorrection(10, 14, "A", "question", True),
    )
    bare = replace(reflecting(0.9, 0.1), corrections=said)
    events = evaluate(bare).events
    assert [(e.type, e.start, e.uncertain) for e in events] == [("question", 10, ())]
    assert [t.of("question") for t in judged(bare).turns] == [0, 1]


def test_the_last_word_counts():
    said = [LabelCorrection(0, 4, "A", "reflection", agreed) for agreed in (False, True)]
    bare = replace(reflecting(0.1), corrections=tuple(said))
    assert [t.turn.start for t in candidates(bare, judged(bare), "reflection")] == [0]


def test_where_words_cannot_be_counted_nothing_is_read():
    found = evaluate(reflecting(*[0.9] * 6, words_note="too unclear"))
    assert found.events == ()
    assert {m.note for m in found.measures.values()} == {"too unclear"}
    assert {(m.value, m.numerator) for m in found.measures.values()} == {(None, None)}


def test_without_a_therapist_there_are_no_figures():
    assert evaluate(replace(reflecting(0.9), roles={})).measures == {}


def test_a_therapist_whom_nobody_read_has_no_turns():
    found = figure(replace(reflecting(0.9), phrased={}))
    assert (found.value, found.numerator, found.denominator) == (None, 0, 0)
    assert len(KINDS) == len(NAMES)
