import pytest

from pipeline.measures.basis import NO_OVERLAP
from pipeline.measures.overlaps import evaluate
from tests.conversations import CONFIG, alternating, basis, saying


def moments(speech, **more):
    """Events as (type, by, start, end)."""
    return [(e.type, e.by, e.start, e.end) for e in evaluate(basis(speech, **more)).events]


def taken(speech, **more):
    return [(by, s, e) for kind, by, s, e in moments(speech, **more) if kind == "floor_taken"]


def test_an_overlapping_start_is_a_start_while_the_other_speaks():
    """
    A  |----------|
    B          |-------|
    """
    speech = {"A": [(0, 5)], "B": [(4.75, 9)]}
    assert moments(speech) == [("overlapping_start", "B", 4.75, 5)]


def test_a_start_in_the_others_pause_is_none():
    """
    A  |-----|     |-----|
    B          |-------------|
    """
    assert moments({"A": [(0, 4), (5, 8)], "B": [(4.5, 12)]}) == []


@pytest.mark.parametrize(("after", "kind"), [(0.125, "dual_start"), (0.25, "overlapping_start")])
def test_both_starting_within_0_2_s_is_a_dual_start(after, kind):
    """
    A  |-----|
    B   |--------|
    """
    assert moments({"A": [(0, 4)], "B": [(after, 9)]})[0] == (kind, "B", after, 4)


def test_one_start_over_two_people_is_one_start():
    speech = {"A": [(3, 8)], "B": [(0, 4)], "C": [(1, 5)]}
    assert [e for e in moments(speech) if e[:2] == ("overlapping_start", "A")] == [
        ("overlapping_start", "A", 3, 5)
    ]
    found = evaluate(basis(speech)).measures
    assert found["overlapping_starts.A"].value == 1


def test_embedded_speech_is_no_overlapping_start():
    assert moments({"A": [(0, 9)], "B": [(3, 3.5)]}) == []


def test_overlap_with_the_floor_kept_is_embedded_and_longer_than_a_backchannel():
    """
    A  |-----------------|
    B     |1s|   |>1s|
    """
    speech = {"A": [(0, 12)], "B": [(2, 3), (6, 7.125)]}
    assert moments(speech) == [("overlap_floor_kept", "B", 6, 7.125)]


def test_a_short_one_with_words_of_its_own_is_floor_kept_too():
    spoken = saying(("B", 2.0, 2.75, "but mother"))
    assert moments({"A": [(0, 12)], "B": [(2, 2.75)]}, spoken=spoken) == [
        ("overlap_floor_kept", "B", 2, 2.75)
    ]


def test_the_floor_is_taken_when_the_other_stops_and_stays_silent():
    """
    A  |---------------|    >= 1 s   |---
    B             |------------------|
                  <- 1 s->
    """
    assert taken({"A": [(0, 5), (9, 12)], "B": [(4, 8)]}) == [("B", 4, 5)]


@pytest.mark.parametrize(("began", "is_taken"), [(0.375, False), (0.5, True)])
def test_the_other_must_have_begun_half_a_second_before(began, is_taken):
    speech = {"A": [(0, began + 1)], "B": [(began, 8)]}
    assert bool(taken(speech)) is is_taken


@pytest.mark.parametrize(
    ("overlap", "is_taken"), [(0.375, False), (0.5, True), (2.0, True), (2.125, False)]
)
def test_the_other_stops_0_5_to_2_s_after_the_start(overlap, is_taken):
    assert bool(taken({"A": [(0, 5)], "B": [(5 - overlap, 12)]})) is is_taken


@pytest.mark.parametrize(("silent", "is_taken"), [(0.875, False), (1.0, True)])
def test_the_other_stays_silent_for_a_second(silent, is_taken):
    speech = {"A": [(0, 5), (5 + silent, 8)], "B": [(4, 9)]}
    assert (("B", 4, 5) in taken(speech)) is is_taken


@pytest.mark.parametrize(("spoken", "is_taken"), [(0.875, False), (1.0, True)])
def test_who_took_it_speaks_for_a_second_of_the_next_one_and_a_half(spoken, is_taken):
    """
    A  |--------|
    B       |--------|      |--      speech between 5 and 6.5
    """
    speech = {"A": [(0, 5)], "B": [(4, 5 + spoken), (6.5, 9)]}
    assert bool(taken(speech)) is is_taken


def test_the_second_may_be_broken_by_a_short_pause():
    speech = {"A": [(0, 5)], "B": [(4, 5.25), (5.5, 6.25)]}
    assert taken(speech) == [("B", 4, 5)]


def test_both_must_speak_at_the_others_end():
    """
    A  |---------------|
    B         |-|           |---------|     B had stopped before A did
    """
    assert taken({"A": [(0, 6)], "B": [(4.5, 5.25), (6.25, 9)]}) == []


def test_a_breath_of_the_others_is_no_new_beginning():
    """
    A  |---------| |----|       0.25 s of breath; B starts 0.375 s after it
    B                |---------|
    """
    assert taken({"A": [(0, 4), (4.25, 6)], "B": [(4.625, 9)]}) == [("B", 4.625, 6)]


def test_not_even_where_both_go_on_at_almost_the_same_moment():
    """
    A  |---------|   |----|
    B                 |---------|     0.125 s after A, which had the floor
    """
    assert taken({"A": [(0, 4), (4.5, 6)], "B": [(4.625, 9)]}) == [("B", 4.625, 6)]


def test_ending_where_the_other_ends_takes_nothing():
    assert taken({"A": [(0, 5)], "B": [(4, 5.0)]}) == []


def test_listening_sounds_and_turn_ends_take_nothing():
    assert taken({"A": [(0, 10)], "B": [(3, 3.75), (9.75, 14)]}) == []


def test_the_floor_cannot_be_taken_from_who_never_had_it():
    """
    A  |-----|   |----------|    A has the floor all along
    B       |-----|              embedded
    """
    assert taken({"A": [(0, 4), (5, 9)], "B": [(3.75, 6)]}) == []


def test_who_is_embedded_takes_no_floor():
    """
    A  |---------|     |---------|    A goes on within 1.5 s
    B         |--------|              embedded
    """
    speech = {"A": [(0, 4), (5.25, 9)], "B": [(3, 5.25)]}
    assert moments(speech) == [("overlap_floor_kept", "B", 3, 5.25)]


def test_words_that_agree_take_no_floor():
    speech = {"A": [(0, 5)], "B": [(4, 8)]}
    agreeing = saying(("B", 4.0, 8.0, "Exactly, and then you left"))
    other = saying(("B", 4.0, 8.0, "What did your mother say"))
    assert taken(speech, spoken=agreeing) == []
    assert taken(speech, spoken=other) == [("B", 4, 5)]


def test_one_person_may_take_the_floor_from_two_at_once_once():
    speech = {"A": [(3.5, 9)], "B": [(0, 4.5)], "C": [(1, 4.25)]}
    assert [t for t in taken(speech) if t[0] == "A"] == [("A", 3.5, 4.5)]
    assert evaluate(basis(speech)).measures["floor_taken.A"].value == 1


def test_two_clients_overlaps_are_not_the_therapists():
    speech = {"A": [(12, 20)], "B": [(0, 5)], "C": [(4, 9)]}
    found = evaluate(basis(speech)).measures
    assert found["floor_taken.A"].value == 0
    assert found["floor_taken.C"].value == 1


def test_counts_are_by_person_with_a_rate_in_10_minutes():
    speech = alternating(10, 1, times=26)
    speech["B"][0] = (9, 21)
    found = evaluate(basis(speech, config=CONFIG.measures)).measures
    assert found["floor_taken.B"].value == 1
    assert found["floor_taken.B"].parts["per_10_min"] == pytest.approx(10 / (285 / 60))
    assert found["floor_taken.B"].parts["exposure"] == 285
    assert found["floor_taken.A"].value == 0


def test_under_two_minutes_there_is_a_count_and_no_rate():
    found = evaluate(basis({"A": [(0, 5)], "B": [(4, 8)]}, config=CONFIG.measures)).measures
    assert found["floor_taken.B"].value == 1
    assert found["floor_taken.B"].parts == {"exposure": 8}


def test_a_diarizer_that_hears_no_overlap_tells_none():
    found = evaluate(basis({"A": [(0, 5)], "B": [(5, 9)]}, sees_overlap=False))
    assert found.events == ()
    for name, measure in found.measures.items():
        assert (measure.value, measure.note) == (None, NO_OVERLAP), name


def test_unclear_voices_tell_none():
    found = evaluate(basis({"A": [(0, 5)], "B": [(4, 8)]}, voices="abstained"))
    assert found.events == ()
    assert all(m.value is None and not m.evidence for m in found.measures.values())
