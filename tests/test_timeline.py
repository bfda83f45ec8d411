import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import AttuneError
from pipeline.timeline import (
    Span,
    checked,
    clip,
    complement,
    covering,
    intersect,
    subtract,
    total,
    union,
)

EASY = settings(max_examples=80, deadline=None)
WHOLE = Span(0, 32)


@st.composite
def timelines(draw):
    """Spans on a grid of 1/8 s within 0-32 s, sorted, neither overlapping nor touching."""
    edges = sorted(draw(st.sets(st.integers(0, 256), max_size=16)))
    return tuple(Span(s / 8, e / 8) for s, e in zip(edges[::2], edges[1::2], strict=False))


def spans(*pairs):
    return tuple(Span(*pair) for pair in pairs)


def test_a_span_lasts_from_its_start_to_its_end():
    assert Span(2, 5).duration == 3
    assert Span(2, 5).shifted(1.5) == Span(3.5, 6.5)


def test_a_span_covers_itself_and_what_lies_inside():
    assert Span(2, 5).covers(Span(2, 5))
    assert Span(2, 5).covers(Span(3, 4))
    assert not Span(2, 5).covers(Span(3, 6))


def test_spans_that_only_touch_share_nothing():
    assert Span(0, 2).overlap(Span(2, 4)) == 0
    assert Span(0, 2).overlap(Span(5, 6)) == 0
    assert Span(0, 3).overlap(Span(2, 4)) == 1


def test_union_joins_what_overlaps_or_touches():
    assert union(spans((0, 2), (5, 6)), spans((1, 3), (6, 7))) == spans((0, 3), (5, 7))


def test_union_leaves_empty_and_reversed_spans_out():
    assert union(spans((3, 3), (5, 4))) == ()


def test_union_bridges_gaps_up_to_and_including_the_one_given():
    assert union(spans((0, 1), (1.25, 2), (2.5, 3)), gap=0.25) == spans((0, 2), (2.5, 3))


def test_intersect_is_what_both_cover():
    assert intersect(spans((0, 4), (6, 9)), spans((3, 7))) == spans((3, 4), (6, 7))


def test_subtract_is_what_only_the_first_covers():
    assert subtract(spans((0, 4), (6, 9)), spans((1, 2), (3, 7))) == spans((0, 1), (2, 3), (7, 9))


def test_complement_is_the_rest():
    assert complement(spans((1, 2)), Span(0, 5)) == spans((0, 1), (2, 5))
    assert complement((), Span(0, 5)) == spans((0, 5))


def test_clip_keeps_overlapping_spans_apart():
    assert clip(spans((0, 4), (3, 9), (10, 11)), Span(2, 5)) == spans((2, 4), (3, 5))


def test_a_moment_falls_into_a_span_that_includes_its_start_and_not_its_end():
    timeline = spans((1, 2), (4, 6))
    assert covering(timeline, 1) == Span(1, 2)
    assert covering(timeline, 2) is None
    assert covering(timeline, 0.5) is None
    assert covering(timeline, 5.9) == Span(4, 6)


def test_checked_sorts():
    assert checked(spans((3, 4), (1, 2)), what="sections") == spans((1, 2), (3, 4))


@pytest.mark.parametrize(
    "pair", [(2, 1), (-1, 1), (float("nan"), 1), (0, float("nan")), (0, float("inf"))]
)
def test_checked_refuses_what_is_no_stretch_of_time(pair):
    with pytest.raises(AttuneError, match="sections: a span from"):
        checked(spans(pair), what="sections")


@EASY
@given(timelines(), timelines())
def test_union_intersect_and_differences_partition_the_time(a, b):
    parts = (subtract(a, b), intersect(a, b), subtract(b, a))
    assert sum(map(total, parts)) == total(union(a, b))
    assert union(*parts) == union(a, b)
    assert total(a) + total(b) == total(union(a, b)) + total(intersect(a, b))


@EASY
@given(timelines())
def test_a_timeline_and_its_complement_make_the_whole(a):
    rest = complement(a, WHOLE)
    assert intersect(a, rest) == ()
    assert union(a, rest) == (WHOLE,)
    assert complement(rest, WHOLE) == a


@EASY
@given(timelines(), timelines())
def test_order_does_not_matter(a, b):
    assert union(a, b) == union(b, a)
    assert intersect(a, b) == intersect(b, a)


@EASY
@given(timelines(), timelines())
def test_to_subtract_is_to_intersect_with_the_complement(a, b):
    assert subtract(a, b) == intersect(a, complement(b, WHOLE))


@EASY
@given(timelines(), st.integers(0, 32))
def test_bridging_closes_exactly_the_gaps_that_are_short_enough(a, eighths):
    gap = eighths / 8
    bridged = union(a, gap=gap)
    silences = [s for s in complement(bridged, WHOLE) if s.start > 0 and s.end < 32]
    assert all(s.duration > gap for s in silences)
    filled = subtract(bridged, a)
    assert all(s.duration <= gap for s in filled)
    assert union(bridged, gap=gap) == bridged


@EASY
@given(timelines(), st.integers(0, 256))
def test_covering_finds_the_span_that_a_search_by_hand_finds(a, eighths):
    moment = eighths / 8
    assert covering(a, moment) == next((s for s in a if s.start <= moment < s.end), None)
