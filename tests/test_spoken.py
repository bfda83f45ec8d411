from dataclasses import replace

import pytest

from pipeline.records import Transcript, Turn, Word
from pipeline.spoken import spoken_words, with_words
from pipeline.timeline import Span
from tests.conversations import CONFIG, saying

TURNS = CONFIG.turns
TRANSCRIPT = Transcript(
    words=(Word(1.0, 1.5, "Yes?", speaker="A"),), language="en", engine="whisper", grade="good"
)


def turn(start, end, speaker="A", kind="turn"):
    return Turn(float(start), float(end), speaker, kind)


def test_words_of_a_good_timed_transcript_in_a_known_language_may_veto():
    assert spoken_words(TRANSCRIPT, TURNS) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"grade": "draft"},
        {"grade": "low"},
        {"grade": "abstained"},
        {"timed": False},
        {"language": "tlh"},
        {"language": ""},
    ],
)
def test_no_other_words_may(change):
    assert spoken_words(replace(TRANSCRIPT, **change), TURNS) is None


def test_without_a_transcript_nothing_vetoes():
    assert spoken_words(None, TURNS) is None


def test_a_word_belongs_to_the_moment_of_its_middle():
    spoken = saying(("A", 1.0, 2.0, "well"))
    assert [w.text for w in spoken.between("A", Span(1.5, 3))] == ["well"]
    assert spoken.between("A", Span(1.0, 1.5)) == []
    assert spoken.between("B", Span(0, 9)) == []


def test_only_cues_is_told_of_three_cues_and_of_nothing_longer():
    three = saying(("A", 0.0, 1.0, "yeah okay mm-hm"))
    four = saying(("A", 0.0, 1.0, "yeah yeah yeah yeah"))
    assert three.only_cues("A", Span(0, 1)) is True
    assert four.only_cues("A", Span(0, 1)) is False


def test_only_cues_is_not_told_where_another_word_stands_or_none():
    spoken = saying(("A", 0.0, 1.0, "yeah mother"))
    assert spoken.only_cues("A", Span(0, 1)) is False
    assert spoken.only_cues("A", Span(2, 3)) is None
    assert spoken.only_cues("B", Span(0, 1)) is None


@pytest.mark.parametrize(("moment", "asks"), [(3.5, True), (4.0, True), (4.5, False), (3.0, False)])
def test_a_question_is_heard_within_half_a_second_of_its_end(moment, asks):
    """
    question      |----?|
    moment       3   3.5   4   4.5      the question ends at 3.75
    """
    assert saying(("A", 3.25, 3.75, "sleep?")).asks("A", moment) is asks


@pytest.mark.parametrize("text", ["sleep?", 'sleep?"', "sleep?)", "sleep?’"])
def test_a_question_mark_may_stand_before_closing_marks(text):
    assert saying(("A", 3.0, 4.0, text)).asks("A", 4.0)


def test_only_the_asker_asks_and_only_at_a_question_mark():
    spoken = saying(("A", 0.0, 4.0, "Do you sleep?"), ("B", 4.0, 5.0, "Yes."))
    assert not spoken.asks("B", 5.0)
    assert not spoken.asks("A", 1.5)


def test_agreement_is_told_by_how_it_opens():
    spoken = saying(("A", 0.0, 1.0, "Exactly, I know"), ("A", 5.0, 6.0, "but exactly that"))
    assert spoken.agrees("A", Span(0, 1))
    assert not spoken.agrees("A", Span(5, 6))
    assert not spoken.agrees("A", Span(8, 9))


def test_words_nobody_owns_veto_nothing():
    words = (Word(1.0, 1.5, "sleep?"),)
    spoken = spoken_words(replace(TRANSCRIPT, words=words), TURNS)
    assert spoken is not None
    assert not any(spoken.asks(who, 1.5) for who in ("A", "B"))


def words_of(turns, *words):
    return [[w.text for w in t.words] for t in with_words(turns, words)]


def test_each_word_goes_to_the_nearest_turn_of_its_speaker():
    """
    A turns   |----|              |----|
    words        a   b          c    d
    """
    turns = [turn(0, 4), turn(10, 14)]
    told = [
        Word(t, t + 0.5, name, speaker="A") for t, name in ((2, "a"), (5, "b"), (9, "c"), (12, "d"))
    ]
    assert words_of(turns, *told) == [["a", "b"], ["c", "d"]]


def test_a_word_inside_two_turns_of_one_speaker_goes_to_the_shorter():
    turns = [turn(0, 10), turn(4, 5, kind="backchannel")]
    told = [Word(4.25, 4.5, "mm", speaker="A"), Word(6, 6.5, "then", speaker="A")]
    assert words_of(turns, *told) == [["then"], ["mm"]]


def test_no_word_goes_to_another_speakers_turn_or_is_guessed():
    turns = [turn(0, 4, "A"), turn(5, 9, "B")]
    told = [Word(1, 2, "a", speaker="B"), Word(6, 7, "b"), Word(6, 7, "c", speaker="C")]
    assert words_of(turns, *told) == [[], ["a"]]


def test_turns_come_out_by_start_with_their_text():
    out = with_words(
        [turn(5, 9, "B"), turn(0, 4, "A")],
        [Word(1, 2, " Well,", speaker="A"), Word(2, 3, "yes. ", speaker="A")],
    )
    assert [(t.speaker, t.text) for t in out] == [("A", "Well, yes."), ("B", "")]
