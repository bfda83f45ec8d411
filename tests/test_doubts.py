import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import load_config
from pipeline.records import Word
from pipeline.timeline import Span
from pipeline.transcription.doubts import Segment, clamp_to_speech, mark_doubts

CONFIG = load_config().transcription.whisper
SPEECH = (Span(1, 2), Span(3, 5))


def said(text, *, start=1.0, step=0.01):
    words = text.split()
    return tuple(
        Word(start + i * step, start + (i + 1) * step, word) for i, word in enumerate(words)
    )


def segment(*words, log_probability=-0.3, compression_ratio=1.2):
    return Segment(tuple(words), log_probability, compression_ratio)


def flags(*segments, speech=SPEECH):
    return [word.flags for word in mark_doubts(segments, speech, CONFIG)]


def test_words_are_cut_to_the_speech_they_touch():
    (word,) = clamp_to_speech([Word(1.8, 2.6, "and")], SPEECH)
    assert (word.start, word.end, word.flags) == (1.8, 2, ())
    (word,) = clamp_to_speech([Word(2.5, 3.4, "so")], SPEECH)
    assert (word.start, word.end) == (3, 3.4)


def test_a_word_in_silence_keeps_its_place_and_says_so():
    (word,) = clamp_to_speech([Word(2.2, 2.8, "thanks")], SPEECH)
    assert (word.start, word.end, word.flags) == (2.2, 2.8, ("outside speech",))


def test_an_honest_segment_carries_no_flags():
    assert flags(segment(*said("it sounds like a lot"))) == [()] * 5


def test_an_improbable_segment_is_doubtful_and_a_compressible_one_repeats():
    assert flags(segment(*said("a"), log_probability=-1.5)) == [("doubtful",)]
    assert flags(segment(*said("a"), compression_ratio=3.0)) == [("repeated",)]


def test_a_phrase_four_times_in_a_row_is_a_loop_but_not_three_times():
    text = "well " + "thank you " * CONFIG.repeat_times + "then"
    assert flags(segment(*said(text))) == [()] + [("repeated",)] * 8 + [()]
    assert flags(segment(*said("no no no"))) == [()] * 3


def test_a_loop_across_segments_is_found():
    segments = [segment(*said("Okay.", start=1 + i / 10)) for i in range(CONFIG.repeat_times)]
    assert flags(*segments) == [("repeated",)] * CONFIG.repeat_times


def test_a_word_longer_than_words_are_is_long_after_it_was_cut_to_speech():
    assert flags(segment(Word(3, 4.8, "hello"))) == [("long",)]
    assert flags(segment(Word(1.7, 2.9, "hello"))) == [()]


def test_a_longer_limit_flags_less():
    patient = dataclasses.replace(CONFIG, long_word=3.0)
    (word,) = mark_doubts([segment(Word(3, 4.8, "hello"))], SPEECH, patient)
    assert word.flags == ()


times = st.floats(0, 50, allow_nan=False)
words = st.lists(
    st.tuples(times, st.floats(0, 3)).map(lambda t: Word(t[0], t[0] + t[1], "w")), max_size=40
)
speech = st.lists(st.tuples(st.floats(0.01, 3), st.floats(0.01, 3)), max_size=15)


def timeline(steps):
    spans, now = [], 0.0
    for gap, length in steps:
        spans.append(Span(now + gap, now + gap + length))
        now = spans[-1].end
    return tuple(spans)


@given(words, speech)
def test_no_word_is_lost_and_each_touches_speech_or_is_flagged(drawn, steps):
    spans = timeline(steps)
    out = clamp_to_speech(drawn, spans)
    assert len(out) == len(drawn)
    assert [w.start for w in out] == sorted(w.start for w in out)
    for word in out:
        touches = any(s.start <= word.start <= word.end <= s.end for s in spans) or any(
            s.start < word.end and word.start < s.end for s in spans
        )
        assert touches != ("outside speech" in word.flags) or word.start == word.end


@given(words, speech)
def test_clamping_twice_changes_nothing(drawn, steps):
    spans = timeline(steps)
    once = clamp_to_speech(drawn, spans)
    assert clamp_to_speech(once, spans) == once
