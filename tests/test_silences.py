import pytest

from pipeline.measures.silences import evaluate, find_silences
from tests.conversations import basis


def silences(speech, **more):
    found = evaluate(basis(speech, **more))
    return found.measures["silences"], found.events


@pytest.mark.parametrize(
    ("pause", "counted", "listed"), [(0.875, 0, 0), (1.0, 1, 0), (2.875, 1, 0), (3.0, 1, 1)]
)
def test_silences_count_from_1_s_and_are_listed_from_3_s(pause, counted, listed):
    figure, events = silences({"A": [(0, 4)], "B": [(4 + pause, 9)]})
    assert figure.parts["count_1s"] == counted
    assert len(figure.sample) == counted
    assert figure.value == len(events) == listed


def test_silence_is_where_nobody_speaks_between_the_first_and_the_last_speech():
    """
    A       |----|         |----|
    B                 |-|               8-12 and 13-17; not before 5, not after 20
    """
    figure, events = silences({"A": [(5, 8), (17, 20)], "B": [(12, 13)]})
    assert [(e.start, e.end) for e in events] == [(8, 12), (13, 17)]
    assert figure.parts["seconds"] == 8
    assert figure.parts["exposure"] == 15


def test_who_broke_it_and_who_spoke_before_are_told():
    _, events = silences({"A": [(0, 4)], "B": [(8, 10), (14, 16)]})
    first, second = events
    assert (first.by, first.detail) == ("B", {"after": "A", "place": "between turns"})
    assert (second.by, second.detail) == ("B", {"after": "B", "place": "inside a turn"})


def test_silences_broken_by_the_therapist_are_counted_apart():
    speech = {"A": [(0, 4), (20, 24)], "B": [(8, 10), (14, 16)]}
    assert silences(speech)[0].parts["broken_by_therapist"] == 1
    assert silences(speech, therapist="B")[0].parts["broken_by_therapist"] == 2
    assert "broken_by_therapist" not in silences(speech, therapist=None)[0].parts


def test_a_silence_between_two_clients_is_no_silence_of_the_therapists():
    speech = {"A": [(0, 2)], "B": [(3, 5)], "C": [(9, 12)]}
    figure, events = silences(speech)
    assert figure.parts["broken_by_therapist"] == 0
    assert (events[0].by, events[0].detail["after"]) == ("C", "B")


def test_a_short_pause_inside_speech_is_none():
    assert find_silences(basis({"A": [(0, 4), (4.125, 9)]}), min_duration=0.0) == ()


def test_nobody_speaking_at_all_is_no_silence_between_speech():
    figure, events = silences({"A": [], "B": []})
    assert (figure.value, events) == (0, ())


def test_unclear_voices_have_no_silences():
    figure, events = silences({"A": [(0, 4)], "B": [(8, 10)]}, voices="abstained")
    assert figure.value is None
    assert events == ()
