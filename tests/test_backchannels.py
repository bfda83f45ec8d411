import pytest

from pipeline.measures.backchannels import HIDDEN, evaluate
from pipeline.measures.basis import NO_OVERLAP
from pipeline.timeline import Span
from tests.conversations import CONFIG, basis, saying

LISTENING = {"A": [(30, 30.5), (60, 60.5), (118, 125)], "B": [(0, 120)]}


def figure(speech, who, **more):
    return evaluate(basis(speech, **more)).measures[f"backchannels.{who}"]


def test_listening_sounds_are_counted_per_minute_of_the_others_speech():
    found = figure(LISTENING, "A")
    assert (found.value, found.numerator, found.denominator) == (1.0, 2, 2)
    assert found.evidence == (Span(30, 30.5), Span(60, 60.5))


def test_each_is_a_moment_of_who_listened():
    events = evaluate(basis(LISTENING)).events
    assert [(e.type, e.by, e.start, e.end) for e in events] == [
        ("backchannel", "A", 30, 30.5),
        ("backchannel", "A", 60, 60.5),
    ]


def test_the_speech_of_all_others_is_what_one_listens_to():
    speech = {"A": [(30, 30.5)], "B": [(0, 120)], "C": [(121, 241)]}
    assert figure(speech, "A").denominator == 4


def test_where_words_cannot_tell_short_answers_may_be_hidden():
    assert figure(LISTENING, "A").note == HIDDEN
    spoken = saying(("A", 30.0, 30.5, "mm-hm"))
    assert figure(LISTENING, "A", spoken=spoken).note == ""


def test_under_two_minutes_there_is_a_count_and_no_rate():
    found = figure({"A": [(3, 3.5)], "B": [(0, 60)]}, "A", config=CONFIG.measures)
    assert (found.value, found.numerator) == (None, 1)
    assert "60 s of practice" in found.note


def test_with_nobody_to_listen_to_there_is_no_rate():
    assert figure({"A": [(0, 5)], "B": []}, "A").value is None


@pytest.mark.parametrize(
    ("how", "note"),
    [({"sees_overlap": False}, NO_OVERLAP), ({"voices": "abstained"}, "the voices are unclear")],
)
def test_it_abstains_where_they_cannot_be_heard(how, note):
    found = evaluate(basis(LISTENING, **how))
    assert found.events == ()
    for measure in found.measures.values():
        assert (measure.value, measure.numerator, measure.certainty) == (None, None, "abstained")
        assert note in measure.note
