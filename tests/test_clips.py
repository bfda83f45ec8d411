from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.timeline import Span, intersect, subtract, total, union
from pipeline.transcription.clips import cut_clips

CUT = {"gap": 0.5, "pad": 0.2, "longest": 28.0}
NEAR = 1e-6


def near(*spans):
    return [pytest.approx(span, abs=NEAR) for span in spans]


@st.composite
def speech_timelines(draw):
    # whole 64ths of a second are exact floats, so that equal pauses stay equal when shifted
    length = st.integers(4, 40 * 64).map(lambda n: n / 64)
    silence = st.integers(4, 3 * 64).map(lambda n: n / 64)
    steps = draw(st.lists(st.tuples(silence, length), max_size=30))
    spans, now = [], 0.0
    for silence, length in steps:
        spans.append(Span(now + silence, now + silence + length))
        now = spans[-1].end
    return tuple(spans), now + draw(st.integers(0, 64)) / 64


def test_speech_closer_than_the_gap_shares_a_clip_and_pads_reach_into_silence():
    clips = cut_clips([Span(1, 2), Span(2.4, 3), Span(5, 6)], duration=10, **CUT)
    assert clips == (Span(0.8, 3.2), Span(4.8, 6.2))


def test_pads_stop_at_the_recordings_edges_and_share_short_silences():
    clips = cut_clips([Span(0.1, 1), Span(1.2, 2)], duration=2.05, gap=0.1, pad=0.3, longest=28)
    assert list(clips) == near(Span(0, 1.1), Span(1.1, 2.05))


def test_a_long_run_is_cut_at_its_longest_pause():
    speech = [Span(0, 9), Span(9.1, 18), Span(18.4, 20), Span(20.2, 30)]
    clips = cut_clips(speech, duration=30, **CUT)
    assert list(clips) == near(Span(0, 18.2), Span(18.2, 30))


def test_speech_without_a_pause_is_cut_into_equal_parts():
    clips = cut_clips([Span(0, 60)], duration=60, gap=0.5, pad=0.0, longest=28)
    assert list(clips) == near(Span(0, 20), Span(20, 40), Span(40, 60))


def test_no_speech_gives_no_clips():
    assert cut_clips([], duration=10, **CUT) == ()


def test_a_longest_clip_without_room_is_refused():
    with pytest.raises(ConfigError, match="clip_max"):
        cut_clips([Span(0, 1)], duration=1, gap=0.1, pad=0.2, longest=0.4)


@given(speech_timelines())
def test_clips_cover_all_speech_and_are_short_sorted_and_disjoint(drawn):
    speech, duration = drawn
    clips = cut_clips(speech, duration=duration, **CUT)
    assert total(subtract(union(speech), union(clips))) == pytest.approx(0, abs=NEAR)
    assert all(clip.duration <= CUT["longest"] + NEAR for clip in clips)
    assert all(a.end <= b.start + NEAR for a, b in pairwise(clips))
    assert all(0 <= clip.start < clip.end <= duration + NEAR for clip in clips)


@given(speech_timelines())
def test_no_clip_is_silence_and_none_holds_a_longer_pause_than_the_gap(drawn):
    speech, duration = drawn
    for clip in cut_clips(speech, duration=duration, **CUT):
        inside = intersect(union(speech), (clip,))
        assert total(inside) > 0
        pauses = [b.start - a.end for a, b in pairwise(inside)]
        assert all(pause <= CUT["gap"] + NEAR for pause in pauses)


@given(speech_timelines(), st.integers(0, 100))
def test_shifting_the_speech_shifts_the_clips(drawn, shift):
    speech, duration = drawn
    clips = cut_clips(speech, duration=duration, **CUT)
    later = cut_clips([s.shifted(shift) for s in speech], duration=duration + shift, **CUT)
    assert [c.end for c in later] == pytest.approx([c.end + shift for c in clips], abs=NEAR)
