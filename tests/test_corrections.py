from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import hearing
from pipeline.corrections import (
    LabelCorrection,
    SpeakerCorrection,
    corrected_voices,
    corrected_words,
    judgement,
)
from pipeline.errors import ConfigError
from pipeline.phrased import PhrasingReader
from pipeline.phrasing.model import sharpened
from pipeline.records import SpeakerSpan, Transcript, Turn
from pipeline.session import conclude
from pipeline.timeline import Span, intersect, subtract, total, union
from tests.conversations import (
    CONFIG,
    GRID,
    FixedReader,
    alternating,
    diarized,
    heard,
    speeches,
    written,
)
from tests.test_phrased import Model

EASY = settings(max_examples=60, deadline=None)
PAIR = {"A": [(0, 4), (10, 14)], "B": [(5, 9)]}


def spans(found):
    return [(s.start, s.end, s.speaker) for s in found]


def seconds(spans_):
    return sum(s.end - s.start for s in spans_)


@st.composite
def corrections(draw):
    start = draw(st.integers(0, 200)) * GRID
    end = start + draw(st.integers(1, 200)) * GRID
    heard_, speaker = draw(st.permutations("AB"))
    return SpeakerCorrection(start, end, heard_, speaker)


def test_a_stretch_is_given_to_whom_it_belongs():
    """
    A |--------|          |-xx|
    B            |----|         from 10 s to 12 s it was B
    """
    moved = corrected_voices(diarized(PAIR), [SpeakerCorrection(9.5, 12, "A", "B")])
    assert spans(moved.spans) == [(0, 4, "A"), (5, 9, "B"), (10, 12, "B"), (12, 14, "A")]
    assert moved.speakers == ("A", "B")


def test_what_the_other_said_in_the_stretch_stays():
    both = diarized({"A": [(0, 6)], "B": [(4, 9)]})
    moved = corrected_voices(both, [SpeakerCorrection(3, 8, "A", "B")])
    assert spans(moved.spans) == [(0, 3, "A"), (3, 9, "B")]


def test_corrections_follow_one_another():
    there_and_back = [SpeakerCorrection(0, 4, "A", "B"), SpeakerCorrection(0, 4, "B", "A")]
    assert spans(corrected_voices(diarized(PAIR), there_and_back).spans) == spans(
        diarized(PAIR).spans
    )


@EASY
@given(speeches(voices=2), corrections())
def test_nothing_that_was_heard_is_lost(speech, correction):
    """Where anybody spoke stays; a voice loses what the other gains, but for what both said."""
    before = diarized(speech)
    after = corrected_voices(before, [correction])
    assert after.speech() == before.speech()
    stretch = (Span(correction.start, correction.end),)
    gone = intersect(before.of(correction.heard), stretch)
    assert after.of(correction.heard) == subtract(before.of(correction.heard), stretch)
    assert after.of(correction.speaker) == union(before.of(correction.speaker), gone)
    both = total(intersect(gone, before.of(correction.speaker)))
    assert seconds(after.spans) == seconds(before.spans) - both


@EASY
@given(speeches(voices=2), corrections())
def test_at_most_one_voice_at_a_time_stays_so(speech, correction):
    first, second = diarized(speech).of("A"), diarized(speech).of("B")
    alone = tuple(
        SpeakerSpan(s.start, s.end, who)
        for who, own in (("A", first), ("B", subtract(second, first)))
        for s in own
    )
    before = replace(diarized(speech), exclusive=alone)
    after = corrected_voices(before, [correction]).exclusive
    assert seconds(after) == seconds(alone)
    ordered = sorted(after, key=lambda s: s.start)
    assert list(after) == ordered
    assert all(a.end <= b.start for a, b in pairwise(ordered))


@pytest.mark.parametrize("correction", [("C", "A"), ("A", "C")])
def test_a_voice_that_is_not_there_is_refused(correction):
    with pytest.raises(ConfigError, match="names the voice 'C'; use one of: A, B"):
        corrected_voices(diarized(PAIR), [SpeakerCorrection(0, 1, *correction)])


@pytest.mark.parametrize("times", [(4, 2), (3, 3), (-1, 2)])
def test_a_reversed_stretch_is_refused(times):
    with pytest.raises(ConfigError, match="an end behind it"):
        corrected_voices(diarized(PAIR), [SpeakerCorrection(*times, "A", "B")])


def test_a_label_moves_no_voice():
    before = diarized(PAIR)
    assert corrected_voices(before, [LabelCorrection(0, 4, "A", "question", True)]) == before


def test_a_transcripts_own_words_get_their_owner():
    words = written(("A", 0, 4, "one two three four"), ("B", 0, 4, "five six seven eight"))
    found = corrected_words(
        Transcript(tuple(words), "en", "vtt", "good"), [SpeakerCorrection(1, 3, "A", "B")]
    )
    own = [w.text for w in found.words if w.speaker == "A"]
    assert own == ["one", "four"]
    assert len(found.words) == 8


def test_words_without_an_owner_wait_for_one():
    words = tuple(replace(w, speaker=None) for w in written(("A", 0, 2, "one two")))
    found = corrected_words(
        Transcript(words, "en", "whisper", "good"), [SpeakerCorrection(0, 2, "A", "B")]
    )
    assert {w.speaker for w in found.words} == {None}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (LabelCorrection(0, 4, "A", "question", True), True),
        (LabelCorrection(1.9, 4, "A", "question", False), False),
        (LabelCorrection(2, 4, "A", "question", True), None),
        (LabelCorrection(0, 4, "B", "question", True), None),
        (LabelCorrection(0, 4, "A", "reflection", True), None),
        (SpeakerCorrection(0, 4, "A", "B"), None),
    ],
    ids=["its own", "most of it", "half of it", "another's", "another kind", "a voice"],
)
def test_a_label_belongs_to_the_turn_that_it_covers_mostly(said, expected):
    assert judgement(Turn(0, 4, "A", "turn"), "question", (said,)) is expected


# through conclude -------------------------------------------------------------------------------

SAID = tuple(
    (who, start, end, "so you feel low" if who == "A" else "I do every night")
    for who, own in alternating(5, 1, times=24).items()
    for start, end in own
)


@pytest.fixture
def no_sound(monkeypatch):
    """Nothing that listens may run."""

    def refuse(*_args, **_more):
        raise AssertionError("a model of sound runs for a correction")

    for name in ("read_recording", "detect_activity", "track_prosody", "choose_diarizer"):
        monkeypatch.setattr(hearing, name, refuse)
    monkeypatch.setattr(hearing, "choose_transcriber", refuse)


def section(*made, reader=None, said=SAID, owned=True):
    found = heard(*said, owned=owned)
    reader = reader or FixedReader()
    return conclude(found, CONFIG, therapist="A", corrections=made, reader=reader).sections[0]


def test_a_corrected_speaker_moves_the_talk_share(no_sound):
    """A and B speak 60 s each; one turn of 5 s was the other's: 65 of 120."""
    assert section().measures["talk_share"].value == 0.5
    found = section(SpeakerCorrection(6, 11, "B", "A"))
    assert found.measures["talk_share"].value == pytest.approx(65 / 120)
    assert found.measures["talk_share.B"].value == pytest.approx(55 / 120)
    words = found.measures["talk_share_words"]
    assert (words.numerator, words.denominator) == (52, 96)


def test_words_without_owner_follow_the_corrected_voice(no_sound):
    found = section(SpeakerCorrection(6, 11, "B", "A"), owned=False)
    words = found.measures["talk_share_words"]
    assert (words.numerator, words.denominator) == (52, 96)


def test_a_corrected_label_changes_the_count_by_what_was_missing(no_sound):
    def count(*made):
        reader = FixedReader(lambda text: (0.3, 0.2, 0.1))
        return section(*made, reader=reader).measures["reflections.A"]

    plain = count()
    yes = count(LabelCorrection(12, 17, "A", "reflection", True))
    no = count(LabelCorrection(12, 17, "A", "reflection", False))
    counted = float(sharpened(np.array(0.3)))
    assert yes.numerator - plain.numerator == pytest.approx(1 - counted)
    assert no.numerator - plain.numerator == pytest.approx(-counted)
    assert yes.denominator == no.denominator == plain.denominator
    assert (plain.parts.get("corrected"), yes.parts["corrected"]) == (None, 1)


def test_for_a_label_the_model_does_not_read_again(no_sound, monkeypatch, tmp_path):
    model = Model()
    monkeypatch.setattr("pipeline.phrased.shipped_model", lambda: model)
    label = LabelCorrection(12, 17, "A", "reflection", False)
    for made in ((), (label,)):
        found = section(*made, reader=PhrasingReader(tmp_path, drivers_from=0.25))
    assert len(model.read) == 2  # each voice as the therapist's, once
    assert found.measures["reflections.A"].parts["corrected"] == 1


def test_an_unknown_voice_stops_the_report():
    with pytest.raises(ConfigError, match="'C'"):
        section(SpeakerCorrection(0, 1, "C", "A"))
