import pytest

from pipeline.measures.latency import evaluate
from pipeline.timeline import Span
from tests.conversations import CONFIG, alternating, basis


def latency(speech, who, **more):
    return evaluate(basis(speech, **more)).measures[f"latency.{who}"]


def gaps(*transfers):
    """A and B in turn, 10 s each; B answers after these seconds, A always after 0.5 s."""
    speech, at = {"A": [], "B": []}, 0.0
    for transfer in transfers:
        speech["A"].append((at, at + 10))
        speech["B"].append((at + 10 + transfer, at + 20 + transfer))
        at += 20.5 + transfer
    return speech


def test_latency_is_from_the_end_of_the_others_turn_to_the_start_of_ones_own():
    found = latency(gaps(0.25, 0.5, 1.0, 2.0, 4.0), "B")
    assert found.sample == (0.25, 0.5, 1.0, 2.0, 4.0)
    assert (found.value, found.parts["q1"], found.parts["q3"]) == (1.0, 0.5, 2.0)
    assert found.parts["mean"] == 1.55
    assert found.evidence[0] == Span(10, 10.25)


def test_latency_is_told_apart_by_who_answers():
    assert set(latency({**gaps(*[0.25] * 6)}, "A").sample) == {0.5}


def test_it_is_negative_where_turns_overlap():
    found = latency(gaps(-0.75, -0.25, -0.5, -0.5, 0.25), "B")
    assert found.value == -0.5
    assert found.parts["below_0"] == 0.8
    assert found.evidence[0] == Span(9.25, 10)


def test_the_shares_are_told_at_their_edges():
    found = latency(gaps(-0.125, 0, 0.1875, 0.25, 0.875, 1, 2.875, 3, 8, 9), "B")
    shares = {name: found.parts[name] for name in ("below_0", "to_0.2", "to_1", "to_3", "from_3")}
    assert shares == {"below_0": 0.1, "to_0.2": 0.2, "to_1": 0.2, "to_3": 0.2, "from_3": 0.3}


def test_going_on_after_a_pause_is_no_transfer():
    """
    A  |---|    3 s    |---|
    """
    assert latency({"A": [(0, 5), (8, 12)], "B": []}, "A").sample == ()


def test_listening_sounds_transfer_nothing():
    speech = gaps(0.5, 0.5, 0.5, 0.5, 0.5)
    speech["B"].insert(0, (4, 4.5))
    assert latency(speech, "B").denominator == 5


@pytest.mark.parametrize("answers", [0, 1, 4])
def test_fewer_than_five_are_not_enough(answers):
    found = latency(gaps(*[0.5] * answers), "B")
    assert (found.value, found.certainty, found.parts) == (None, "abstained", {})
    assert found.note == f"not enough to tell: {answers} of at least 5"
    assert found.denominator == answers


def test_under_two_minutes_there_is_no_median():
    found = latency(alternating(4, 1, times=20), "B", config=CONFIG.measures)
    assert (found.value, found.parts) == (None, {})
    assert "s of practice" in found.note
    assert found.denominator == 10


def test_transfers_between_two_clients_enter_no_figure():
    """
    A (therapist)  |---|              |---|
    B                    |---|
    C                          |---|         B to C is theirs alone
    """
    found = evaluate(basis(alternating(4, 1, times=18, who="ABC"))).measures
    assert found["latency.B"].denominator == 6
    assert found["latency.C"].denominator == 0
    assert found["latency.A"].denominator == 5


def test_without_a_therapist_every_transfer_counts():
    found = evaluate(basis(alternating(4, 1, times=18, who="ABC"), therapist=None)).measures
    assert found["latency.C"].denominator == 6


def test_unclear_voices_have_no_latency():
    found = latency(gaps(*[0.5] * 6), "B", voices="abstained")
    assert (found.value, found.sample, found.evidence) == (None, (), ())
