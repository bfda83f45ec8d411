import pytest
from hypothesis import given, settings

from pipeline.measures.words import AT_LEAST, UNTIMED, evaluate
from tests.conversations import CONFIG, alternating, speeches, worded

EASY = settings(max_examples=40, deadline=None)
TALK = (
    ("A", 0, 3, "um so what brings you here"),
    ("B", 4, 10, "I can't sleep any more"),
    ("A", 6, 6.5, "mm-hm"),
    ("B", 12, 15, "er it's the nights"),
)


def figures(*said, **more):
    return evaluate(worded(*said, **more)).measures


def test_the_share_of_the_words_leaves_listening_sounds_out():
    found = figures(*TALK)
    assert (found["talk_share_words.A"].numerator, found["talk_share_words.A"].denominator) == (
        6,
        15,
    )
    assert found["talk_share_words.B"].value == 9 / 15
    assert found["talk_share_words"] == found["talk_share_words.A"]


def test_nobody_is_the_therapist_where_nobody_is_named():
    assert "talk_share_words" not in figures(*TALK, therapist=None)


def test_pauses_do_not_slow_the_rate():
    """
    B  |-- 5 words --|  2 s  |-- 4 words --|       9 words in 6 + 3 s
    """
    rate = figures(*TALK)["speech_rate.B"]
    assert rate.value == pytest.approx(9 / (9 / 60))
    assert [tuple(span) for span in rate.evidence] == [(4, 10), (12, 15)]


def test_fillers_are_counted_as_at_least_so_many():
    found = figures(*TALK, ("A", 20, 22, "Uh, er, well"))
    assert [found[f"fillers.{who}"].value for who in "AB"] == [3, 1]
    assert found["fillers.A"].note == AT_LEAST
    assert [tuple(span) for span in found["fillers.B"].evidence] == [(12, 12.75)]


def test_without_seconds_there_is_no_rate_but_there_are_words():
    found = figures(*TALK, voices="abstained")
    assert (found["speech_rate.A"].value, found["speech_rate.A"].note) == (None, UNTIMED)
    assert found["talk_share_words.A"].certainty == "good"


@pytest.mark.parametrize("voices", ["good", "abstained"])
def test_where_words_cannot_be_counted_every_figure_says_why(voices):
    found = figures(*TALK, words_note="not enough to tell: too unclear", voices=voices)
    assert {m.note for m in found.values()} == {"not enough to tell: too unclear"}
    assert all(m.value is None for m in found.values())


def test_draft_words_make_draft_figures():
    assert {m.certainty for m in figures(*TALK, words="draft").values()} == {"draft"}
    assert {m.certainty for m in figures(*TALK, voices="low").values()} == {"low"}


def test_a_short_practice_has_counts_only():
    found = figures(*TALK, config=CONFIG.measures)
    assert found["talk_share_words"].value is None
    assert found["talk_share_words"].numerator == 6
    assert found["speech_rate.A"].value is None
    assert found["fillers.A"].value == 1


def test_whoever_says_nothing_has_no_rate():
    found = figures(("A", 0, 3, "so you came"), ("B", 4, 5, ""))
    assert found["talk_share_words.B"].value == 0
    assert found["speech_rate.B"].value == 0


@EASY
@given(speeches(voices=3))
def test_shares_of_the_words_sum_to_one(speech):
    said = [(who, s, e, "one two") for who, own in speech.items() for s, e in own]
    found = figures(*said)
    shares = [found[f"talk_share_words.{who}"] for who in "ABC"]
    assert shares[0].denominator == sum(s.numerator for s in shares)
    if shares[0].denominator:
        assert sum(s.value for s in shares) == pytest.approx(1)


def test_words_are_counted_whatever_the_pause_between_turns():
    speech = alternating(4, 1, times=40)
    said = [(who, s, e, "one two three") for who, own in speech.items() for s, e in own]
    assert figures(*said, config=CONFIG.measures)["talk_share_words"].value == 0.5
