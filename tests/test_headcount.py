import pytest

from pipeline.config import load_config
from pipeline.diarization.headcount import judge, real_voices
from pipeline.timeline import Span

CONFIG = load_config().diarization.pyannote

A = (Span(0.0, 30.0), Span(60.0, 90.0))
B = (Span(30.0, 58.0),)
CHAIR = (Span(58.5, 59.0), Span(95.0, 95.5))
OBSERVER = (Span(100.0, 103.0),)
THIRD = (Span(100.0, 120.0),)


def judged(asked, counted, speakers=2):
    return judge(asked=asked, counted=counted, speakers=speakers, config=CONFIG)


def test_a_label_with_little_speech_and_no_turn_is_a_ghost():
    assert list(real_voices({"x": CHAIR, "b": B, "a": A}, CONFIG)) == ["a", "b"]


def test_a_label_with_one_real_turn_is_a_person_however_little_they_speak():
    long = (Span(0.0, 1000.0),)
    assert list(real_voices({"a": long, "o": OBSERVER}, CONFIG)) == ["a", "o"]


def test_a_label_with_many_short_turns_is_a_person():
    listener = tuple(Span(5.0 + 10.0 * i, 5.5 + 10.0 * i) for i in range(6))
    assert list(real_voices({"a": A, "l": listener}, CONFIG)) == ["a", "l"]


def test_voices_come_in_the_order_in_which_they_are_heard():
    assert list(real_voices({"b": B, "a": A}, CONFIG)) == ["a", "b"]


def test_agreement_is_good():
    heard = judged({"a": A, "b": B}, {"a": A, "b": B})
    assert (heard.grade, heard.forced, heard.labels) == ("good", True, ("a", "b"))


def test_an_unknown_number_takes_what_was_counted():
    heard = judged({}, {"a": A, "b": B, "c": THIRD}, speakers=0)
    assert (heard.grade, heard.forced, heard.labels) == ("good", False, ("a", "b", "c"))


@pytest.mark.parametrize("speakers", [0, 1, 2, 3])
def test_one_voice_and_nobody_abstain(speakers):
    assert judged({"a": A}, {"a": A}, speakers).grade == "abstained"
    assert judged({}, {}, speakers).grade == "abstained"


def test_one_voice_split_in_two_on_request_abstains():
    heard = judged({"a": A[:1], "b": A[1:]}, {"a": A})
    assert (heard.grade, heard.labels) == ("abstained", ("a",))


def test_a_third_person_abstains_and_says_what_to_set():
    heard = judged({"a": A, "b": B}, {"a": A, "b": B, "c": THIRD})
    assert heard.grade == "abstained"
    assert "diarization.speakers = 3" in heard.note


def test_a_few_words_of_a_third_grade_low_on_the_expected_two():
    heard = judged({"a": A, "b": B}, {"a": A, "b": B, "o": OBSERVER})
    assert (heard.grade, heard.forced, heard.labels) == ("low", True, ("a", "b"))
    assert "by itself it heard 3" in heard.note


def test_fewer_than_expected_are_never_cut_into_more():
    heard = judged({"a": A[:1], "b": B, "c": A[1:]}, {"a": A, "b": B}, speakers=3)
    assert (heard.grade, heard.forced, heard.labels) == ("low", False, ("a", "b"))


def test_a_voice_made_up_on_request_falls_back_to_the_free_count_graded_low():
    heard = judged({"a": A}, {"a": A, "b": B, "o": OBSERVER})
    assert (heard.grade, heard.forced, heard.labels) == ("low", False, ("a", "b", "o"))
