import pytest

from pipeline.measures.talk import evaluate, spoken_outside_backchannels
from pipeline.timeline import Span
from tests.conversations import CONFIG, alternating, basis, saying, talk


def figures(speech, **more):
    return evaluate(basis(speech, **more)).measures


def test_talk_share_is_the_therapists_speech_over_everybodys():
    """
    A  |--6--|
    B          |--2--|
    """
    found = figures({"A": [(0, 6)], "B": [(7, 9)]})
    share = found["talk_share"]
    assert (share.value, share.numerator, share.denominator) == (0.75, 6, 8)
    assert share.evidence == (Span(0, 6),)
    assert found["talk_share.B"].value == 0.25


def test_pauses_are_left_out_and_overlap_counts_for_each():
    found = figures({"A": [(0, 2), (3, 5)], "B": [(4, 8)]})
    assert (found["talk_share"].numerator, found["talk_share"].denominator) == (4, 8)


def test_backchannels_are_left_out_and_longer_embedded_speech_is_not():
    """
    A  |------------------|
    B     |1s|   |-2 s-|        only the 2 s count
    """
    speech = {"A": [(0, 12)], "B": [(2, 3), (6, 8)]}
    assert figures(speech)["talk_share.B"].numerator == 2
    assert spoken_outside_backchannels(basis(speech), "B") == (Span(6, 8),)


def test_talk_share_belongs_to_the_therapist_whoever_that_is():
    speech = {"A": [(0, 6)], "B": [(7, 9)]}
    swapped = figures(speech, therapist="B")
    assert swapped["talk_share"].value == 0.25
    assert swapped["talk_share"].speaker == "B"
    assert swapped["talk_share.A"] == figures(speech)["talk_share.A"]


def test_without_a_therapist_there_are_only_shares_by_voice():
    found = figures({"A": [(0, 6)], "B": [(7, 9)]}, therapist=None)
    assert "talk_share" not in found
    assert "balance" not in found
    assert found["talk_share.A"].value == 0.75


def test_time_shares_divide_the_section_edges_included():
    """
    section  0                    10
    A           |--4--|
    B              |----4----|        1 s of overlap; silence 0-1 and 8-10
    """
    found = figures({"A": [(1, 5)], "B": [(4, 8)]}, within=Span(0, 10))["time_shares"]
    assert found.parts == {"A": 0.4, "B": 0.4, "overlap": 0.1, "silence": 0.3}
    assert (found.numerator, found.denominator) == (7, 10)
    assert found.evidence == (Span(0, 1), Span(8, 10))


def test_time_in_which_three_speak_is_overlap_once():
    found = figures({"A": [(0, 10)], "B": [(0, 8)], "C": [(2, 4)]})["time_shares"]
    assert found.parts["overlap"] == 0.8


def test_overlap_is_not_given_where_it_cannot_be_heard():
    parts = figures({"A": [(0, 5)], "B": [(5, 9)]}, sees_overlap=False)["time_shares"].parts
    assert parts.keys() == {"A", "B", "silence"}


def test_a_section_in_which_nobody_speaks_has_no_shares():
    found = figures({"A": [], "B": []}, within=Span(0, 300))
    assert found["talk_share"].value is None
    assert found["talk_share"].certainty == "abstained"
    assert found["longest_turn.A"].value is None


def test_a_section_without_length_has_no_shares():
    assert figures({"A": [], "B": []}, within=Span(0, 0))["time_shares"].value is None


def test_turn_length_is_the_mean_of_turns_embedded_ones_left_out():
    speech = alternating(4, 1, times=10)
    speech["B"].insert(0, (1.0, 1.5))
    found = figures(speech)
    assert found["turn_length.B"].value == 4
    assert (found["turn_length.B"].numerator, found["turn_length.B"].denominator) == (20, 5)


def test_a_mean_of_fewer_than_five_turns_is_not_told():
    found = figures(alternating(4, 1, times=9))
    assert found["turn_length.A"].value == 4
    assert found["turn_length.B"].value is None
    assert "4 of at least 5" in found["turn_length.B"].note


def test_longest_turn_is_the_one_to_hear():
    found = figures({"A": [(0, 4), (10, 17)], "B": [(5, 9)]})["longest_turn.A"]
    assert (found.value, found.evidence) == (7, (Span(10, 17),))


def test_words_stand_beside_the_lengths_where_there_are_words():
    speech = {"A": [(0, 4)], "B": [(5, 9)]}
    spoken = saying(("A", 0, 4, "one two three"))
    assert "words" not in figures(speech)["longest_turn.A"].parts
    assert figures(speech, spoken=spoken, words="good")["longest_turn.A"].parts == {"words": 0}


@pytest.mark.parametrize("name", ["talk_share", "time_shares", "turn_length.A"])
def test_under_two_minutes_there_are_no_shares_but_what_they_are_made_of(name):
    speech = alternating(4, 1, times=20)
    found = figures(speech, config=CONFIG.measures)[name]
    assert (found.value, found.certainty, found.parts) == (None, "abstained", {})
    assert "99 s of practice" in found.note
    assert found.numerator is not None


def test_under_two_minutes_there_is_no_balance_but_its_windows():
    found = figures(alternating(4, 1, times=20), config=CONFIG.measures)["balance"]
    assert (found.value, found.certainty, found.sample) == (None, "abstained", (0.5,))


def test_from_two_minutes_on_there_are_shares():
    assert figures(alternating(10, 1, times=11), config=CONFIG.measures)["talk_share"].value
    assert talk(alternating(10, 1, times=11)).speech()[-1].end == 120


def test_unclear_voices_empty_every_figure():
    for name, found in figures(alternating(4, 1, times=20), voices="abstained").items():
        assert (found.value, found.numerator, found.evidence) == (None, None, ()), name
        assert found.certainty == "abstained"
        assert found.note


def test_rough_voices_make_rough_figures():
    found = figures(alternating(4, 1, times=20), voices="low")
    assert {m.certainty for m in found.values()} == {"low"}


def test_balance_slides_over_the_section():
    """
    150 s windows every 30 s; A speaks up to 150 s, B from there to 210 s
    """
    found = figures({"A": [(0, 150)], "B": [(150, 210)]})["balance"]
    assert found.evidence == (Span(0, 150), Span(30, 180), Span(60, 210))
    assert found.sample == (1.0, 0.8, 0.6)
    assert (found.value, found.numerator) == (0.8, None)


def test_windows_without_speech_are_left_out():
    found = figures({"A": [(0, 10)], "B": [(290, 300)]})["balance"]
    assert found.evidence == (Span(0, 150), Span(150, 300))
    assert found.sample == (1.0, 0.0)


def test_a_section_shorter_than_a_window_has_one():
    assert figures({"A": [(0, 30)], "B": [(30, 40)]})["balance"].sample == (0.75,)
