"""What the recording and its words allow."""

from dataclasses import replace

import pytest

from pipeline.measures.recording import WHOLE, evaluate, too_unclear
from pipeline.records import Quality, Word
from pipeline.spoken import with_words
from pipeline.timeline import Span
from tests.conversations import CONFIG, alternating, basis

TALK = alternating(4.0, 0.5, times=4)
CLEAR = Quality(snr_db=31.5, clipped=0.0, peak_db=-3.0, dual_mono=False, truncated=False)


def words_of(speaker, *confidences, start=0.0, length=0.5):
    """Words in a row, each ``length`` seconds."""
    return [
        Word(start + i * length, start + (i + 1) * length, "word", confidence, speaker)
        for i, confidence in enumerate(confidences)
    ]


def heard(*said, quality=CLEAR, grade="good", **more):
    """A basis whose turns hold these words; those without a speaker are nobody's."""
    plain = basis(TALK, words=grade if said else "abstained", **more)
    turns = with_words(plain.conversation.turns, said)
    return replace(
        plain,
        conversation=replace(plain.conversation, turns=turns),
        unattributed=tuple(word for word in said if word.speaker is None),
        quality=quality,
    )


def figures(*said, **more):
    return evaluate(heard(*said, **more)).measures


def test_words_of_nobody_are_a_share_of_all():
    found = figures(*words_of("A", 0.9, 0.9, 0.9), *words_of(None, 0.9, start=4.25))
    figure = found["unattributed_words"]
    assert (figure.value, figure.numerator, figure.denominator) == (0.25, 1, 4)
    assert figure.evidence == (Span(4.25, 4.75),)
    assert (figure.unit, figure.certainty) == ("share", "good")


def test_words_that_all_belong_to_somebody_are_none_of_nobodys():
    assert figures(*words_of("A", 0.9))["unattributed_words"].value == 0


def test_confidence_is_weighed_by_how_long_the_words_are():
    said = [*words_of("A", 1.0, length=0.3), *words_of("B", 0.5, start=5.0, length=0.1)]
    figure = figures(*said, Word(8.0, 8.1, "word", 0.5))["word_confidence"]
    assert figure.value == pytest.approx((0.3 + 0.05 + 0.05) / 0.5)
    assert figure.numerator == pytest.approx(0.4)
    assert figure.denominator == pytest.approx(0.5)


def test_words_without_a_confidence_say_nothing_about_it():
    assert figures(*words_of("A", None, 0.5, 0.7))["word_confidence"].value == pytest.approx(0.6)
    unknown = figures(*words_of("A", None, None))["word_confidence"]
    assert (unknown.value, unknown.certainty) == (None, "abstained")
    assert "says nothing of its confidence" in unknown.note


def test_untimed_words_have_no_weight():
    assert figures(Word(1.0, 1.0, "word", 0.9, "A"))["word_confidence"].value is None


def test_figures_of_a_draft_are_a_draft():
    assert figures(*words_of("A", 0.9), grade="draft")["word_confidence"].certainty == "draft"


def test_without_words_there_is_no_figure_of_words():
    found = figures()
    for name in ("unattributed_words", "word_confidence"):
        assert (found[name].value, found[name].certainty) == (None, "abstained")
        assert found[name].note


def test_where_the_voices_are_unclear_words_of_nobody_are_no_finding():
    found = figures(*words_of(None, 0.5, 0.5), voices="abstained")
    assert found["unattributed_words"].value is None
    assert found["word_confidence"].value == 0.5
    assert found["signal_to_noise"].value == 31.5


def test_the_noise_is_that_of_the_whole_recording():
    figure = figures()["signal_to_noise"]
    assert (figure.value, figure.unit, figure.note) == (31.5, "dB", WHOLE)
    assert (figure.numerator, figure.denominator) == (None, None)


@pytest.mark.parametrize("quality", [None, replace(CLEAR, snr_db=None)])
def test_noise_that_is_not_known_is_not_told(quality):
    figure = figures(quality=quality)["signal_to_noise"]
    assert (figure.value, figure.certainty) == (None, "abstained")
    assert figure.note


def test_clear_words_pass_the_gate():
    limit = CONFIG.measures.unclear_confidence
    assert too_unclear(heard(*words_of("A", limit, limit))) == ""
    assert too_unclear(heard(*words_of("A", 0.9, 0.9, 0.9, 0.9), *words_of(None, 0.9))) == ""
    assert too_unclear(heard(*words_of("A", None, None))) == ""
    assert too_unclear(heard()) == ""


def test_too_many_words_of_nobody_do_not_pass():
    said = [*words_of("A", 0.9, 0.9, 0.9), *words_of(None, 0.9, start=4.25)]
    assert "too many words were unclear (25 % belong to nobody)" in too_unclear(heard(*said))


def test_unsure_words_do_not_pass():
    assert "(their mean confidence is 0.41)" in too_unclear(heard(*words_of("A", 0.41, 0.41)))


def test_all_reasons_are_told():
    said = [*words_of("A", 0.3), *words_of(None, 0.3, start=4.25)]
    note = too_unclear(heard(*said))
    assert "50 % belong to nobody, their mean confidence is 0.30" in note
    assert note.startswith("not enough to tell: ")
