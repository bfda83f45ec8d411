from dataclasses import fields, replace

import pytest

from pipeline.measures.basis import Found
from pipeline.records import Event, Measure, Word
from pipeline.sensitivity import OF_MEASURES, OF_TURNS, weigh
from pipeline.session import conclude
from pipeline.settings import MeasuresConfig, TurnsConfig
from pipeline.thresholds import changed, scaled
from pipeline.timeline import Span
from tests.conversations import CONFIG, FixedReader, alternating, heard

UNWEIGHED = {"window", "window_step", "note_practice"}
"""They move figures and notes, and make none told or untold."""
WEIGHED_IN_PLACE = {
    *("min_practice", "min_denominator", "unclear_words", "unclear_confidence"),
    *("tone_speech", "tone_voiced", "range_voiced"),
    *("pitch_floor", "pitch_ceiling", "pitch_spread"),
}


def section(*said, config=CONFIG, reader=None, **more):
    found = heard(*said, **more)
    reader = reader or FixedReader()
    return conclude(found, config, therapist="A", reader=reader).sections[0]


def doubts(found, kind):
    return [(e.start, e.uncertain) for e in found.events if e.type == kind]


def speaking(speech, text="garden"):
    return [(who, s, e, text) for who, own in speech.items() for s, e in own]


def weighed(events, again, measures=None):
    """Weighed against what ``again(turns, measures, kinds)`` finds under other thresholds."""
    return weigh(Found(measures or {}, tuple(events)), again, CONFIG.turns, CONFIG.measures)


def test_every_threshold_is_weighed_or_changes_no_reading():
    assert set(OF_TURNS) == {f.name for f in fields(TurnsConfig)}
    assert set(OF_MEASURES) | UNWEIGHED | WEIGHED_IN_PLACE == {
        f.name for f in fields(MeasuresConfig)
    }


def test_a_silence_near_the_limit_hangs_on_it_and_a_long_one_does_not():
    found = section(("A", 0, 4, "so"), ("B", 7.25, 12, "well"), ("A", 17, 20, "so"))
    assert doubts(found, "silence") == [(4, ("silence_listed",)), (12, ())]


def test_a_count_hangs_on_the_limit_that_nearly_made_one_more():
    found = section(("A", 0, 4, "so"), ("B", 6, 12, "well"))
    assert found.measures["silences"].value == 0
    assert found.measures["silences"].uncertain == ("silence_listed",)


def test_a_short_overlap_hangs_on_the_least_one():
    """
    A |----------------|
    B             |----0.6 s----------|
    """
    found = section(("A", 0, 10, "so it goes"), ("B", 9.4, 20, "no wait please"))
    ((start, names),) = doubts(found, "floor_taken")
    assert (start, "floor_overlap_min" in names) == (9.4, True)
    assert "floor_overlap_max" not in names
    assert "floor_overlap_min" in found.measures["floor_taken.B"].uncertain
    assert "floor_overlap_min" not in found.measures["floor_taken.A"].uncertain


def test_a_long_listening_sound_hangs_on_its_longest():
    found = section(
        ("A", 0, 10, "so it goes and goes"),
        ("B", 3, 3.75, "mm-hm"),
        ("A", 12, 22, "on and on it goes"),
        ("B", 15, 15.3, "mm-hm"),
    )
    assert doubts(found, "backchannel") == [(3, ("backchannel_max",)), (15, ())]
    assert "backchannel_max" in found.measures["backchannels.B"].uncertain


def test_a_short_reflection_that_another_limit_makes_a_remark_hangs_on_it():
    """With 1.5 s of the other's speech bridged, what A says lies inside B's contribution.

    B |-----|          |------|
    A        |-1.2 s--|
    """
    reader = FixedReader(lambda word: (0.9 * (word == "hate"), 0.0, 0.0))
    found = section(
        ("B", 0, 8, "the evenings are long"),
        ("A", 8.1, 9.3, "you hate them"),
        ("B", 9.4, 16, "oh I do so much"),
        reader=reader,
    )
    assert doubts(found, "reflection") == [(8.1, ("contribution_break",))]


def test_a_turn_that_may_well_be_none_hangs_on_the_candidates_limit():
    reader = FixedReader(lambda word: ({"maybe": 0.6, "surely": 0.8}.get(word, 0.0), 0.0, 0.0))
    found = section(("A", 0, 4, "maybe"), ("B", 5, 8, "yes"), ("A", 9, 12, "surely"), reader=reader)
    assert doubts(found, "reflection") == [(0, ("candidate",)), (9, ())]


def test_a_summary_hangs_on_what_it_is_made_of():
    reader = FixedReader(lambda word: (0.6, 0.0, 0.0))
    text = "to sum up " + "word " * 41
    found = section(("B", 0, 4, "yes"), ("A", 5, 30, text), reader=reader)
    assert doubts(found, "summary") == [(5, ("candidate", "summary_words"))]
    assert found.measures["summaries.A"].uncertain == ("candidate", "summary_words")


@pytest.mark.parametrize(
    ("times", "names"),
    [(40, ()), (30, ("min_practice",)), (18, ("min_practice",)), (10, ())],
)
def test_a_share_hangs_on_the_least_practice_near_it(times, names):
    """Turns of 5 s and pauses of 0.5 s: 219, 164, 98 and 54 s; the limit is 120."""
    found = section(*speaking(alternating(5, 0.5, times=times)))
    uncertain = found.measures["talk_share"].uncertain
    assert tuple(n for n in uncertain if n == "min_practice") == names


@pytest.mark.parametrize(("turns", "hangs"), [(1, False), (2, True), (7, True), (8, False)])
def test_a_mean_of_turns_hangs_on_the_least_number_near_it(turns, hangs):
    found = section(*speaking(alternating(45, 0.5, times=2 * turns)))
    assert ("min_denominator" in found.measures["turn_length.A"].uncertain) is hangs


@pytest.mark.parametrize(
    ("lost", "told", "hangs"),
    [(4, True, False), (7, True, True), (15, False, True), (30, False, False)],
)
def test_what_stands_on_words_hangs_on_how_many_were_nobodys(lost, told, hangs):
    """40 words of somebody's; 9, 15, 27 and 43 % of all are nobody's; the limit is a fifth."""
    further = [Word(300 + i, 300.5 + i, "lost") for i in range(lost)]
    found = section(
        *speaking(alternating(5, 0.5, times=40), "well-done"),
        further=further,
        within=Span(0, 400),
        reader=FixedReader(lambda word: (0.9, 0.0, 0.0)),
    )
    figure = found.measures["talk_share_words"]
    assert (figure.value is not None) is told
    assert ("unclear_words" in figure.uncertain) is hangs
    assert "unclear_words" not in found.measures["talk_share"].uncertain
    marked = {"unclear_words" in e.uncertain for e in found.events if e.type == "reflection"}
    assert marked == ({hangs} if told else set())


def test_no_model_reads_for_it():
    reader = FixedReader(lambda word: (0.9, 0.0, 0.0))
    section(*speaking(alternating(5, 0.5, times=40)), reader=reader)
    assert reader.readings == 1


def test_a_moment_that_only_moves_is_certain():
    moved = [Event("silence", 5.5, 9, "A"), Event("silence", 20, 24, "B")]
    events = [Event("silence", 4, 8, "A"), Event("silence", 30, 34, "B")]
    found = weighed(events, lambda *_: Found({}, tuple(moved)))
    assert [bool(e.uncertain) for e in found.events] == [False, True]


def test_anothers_moment_in_its_place_is_no_such_moment():
    theirs = Event("backchannel", 4, 5, "B")
    found = weighed([Event("backchannel", 4, 5, "A")], lambda *_: Found({}, (theirs,)))
    assert found.events[0].uncertain == tuple(sorted(OF_TURNS))


def test_another_value_of_a_share_is_no_other_reading():
    def share(value, numerator):
        return Measure(value, numerator, 10.0, "share", "good" if value else "abstained")

    plain = {"a": share(0.5, 5.0), "b": share(0.5, 5.0)}
    other = {"a": share(0.7, 7.0), "b": share(None, 5.0)}
    found = weighed([], lambda *_: Found(other), plain).measures
    assert (found["a"].uncertain, bool(found["b"].uncertain)) == ((), True)
    assert replace(found["b"], uncertain=()) == plain["b"]


def test_whole_numbers_stay_whole_and_move():
    assert [scaled(3, f) for f in (0.5, 1.5)] == [1, 5]
    assert [c.min_denominator for c in changed(CONFIG.measures, "min_denominator")] == [2, 8]
    assert [c.silence_listed for c in changed(CONFIG.measures, "silence_listed")] == [1.5, 4.5]


def test_ratios_of_pitch_are_halved_in_semitones():
    """Ten semitones are a ratio of 1.78: five and fifteen are its root and its power of 1.5."""
    ten = replace(CONFIG.measures, pitch_spread=2 ** (10 / 12))
    found = [c.pitch_spread for c in changed(ten, "pitch_spread")]
    assert found == pytest.approx([2 ** (5 / 12), 2 ** (15 / 12)])


def test_what_the_settings_refuse_is_left_out():
    """A reach of one turn can't be halved."""
    one = replace(CONFIG.measures, summary_reach=1)
    assert [c.summary_reach for c in changed(one, "summary_reach")] == [2]
    config = replace(CONFIG, measures=one)
    assert section(("A", 0, 4, "so"), ("B", 5, 8, "yes"), config=config).events == ()
