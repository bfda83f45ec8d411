from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records import SpeakerSpan
from pipeline.timeline import Span, clip
from pipeline.turns import TurnBuilder
from tests.conversations import CONFIG, diarized, extent, renamed, saying, shifted, speeches, talk

TURNS = CONFIG.turns
EASY = settings(max_examples=60, deadline=None)


def told(conversation):
    """Turns as (kind, speaker, start, end)."""
    return [(t.kind, t.speaker, t.start, t.end) for t in conversation.turns]


def test_ipu_bridges_silences_of_0_2_s_or_less():
    """
    heard  |---|.2|---|  .25  |---|
    IPU    |----------|       |---|
    """
    a = [(0.0, 1.0), (1.1875, 2.0), (2.25, 3.0)]
    assert talk({"A": a}).ipus["A"] == (Span(0, 2), Span(2.25, 3))


@pytest.mark.parametrize(
    ("pause", "contributions"),
    [(1.5, (Span(0, 5.5),)), (1.625, (Span(0, 2), Span(3.625, 5.625)))],
)
def test_contribution_bridges_silences_of_1_5_s_or_less(pause, contributions):
    """
    IPU           |---|   1.5   |---|
    contribution  |-----------------|
    """
    speech = {"A": [(0, 2), (2 + pause, 4 + pause)]}
    assert talk(speech).contributions["A"] == contributions


@pytest.mark.parametrize(("spoken", "broken"), [(1.0, False), (1.125, True)])
def test_more_than_1_s_of_the_others_speech_in_the_silence_breaks_a_contribution(spoken, broken):
    """
    A  |-----|          |-----|
    B         |- > 1.0 -|
    """
    speech = {"A": [(0, 4), (5.5, 9)], "B": [(4.25, 4.25 + spoken)]}
    found = told(talk(speech))
    if broken:
        assert found == [
            ("turn", "A", 0, 4),
            ("turn", "B", 4.25, 4.25 + spoken),
            ("turn", "A", 5.5, 9),
        ]
    else:
        assert found == [("turn", "A", 0, 9), ("backchannel", "B", 4.25, 5.25)]


def test_speech_that_reaches_out_of_the_silence_breaks_nothing():
    """
    A  |-----|          |-----|
    B      |----------|          partly while A speaks: not wholly in the silence
    """
    speech = {"A": [(0, 4), (5.5, 9)], "B": [(3.5, 5.25)]}
    assert told(talk(speech)) == [("turn", "A", 0, 9), ("embedded", "B", 3.5, 5.25)]


def test_the_speech_of_several_others_is_added_up():
    speech = {"A": [(0, 4), (5.5, 9)], "B": [(4.125, 4.75)], "C": [(4.75, 5.375)]}
    assert talk(speech).contributions["A"] == (Span(0, 4), Span(5.5, 9))


def test_embedded_lies_inside_the_others_contribution_and_ends_no_turn():
    """
    A  |---------------------|
    B        |-----|             embedded, 2 s
    """
    speech = {"A": [(0, 10)], "B": [(4, 6)]}
    assert told(talk(speech)) == [("turn", "A", 0, 10), ("embedded", "B", 4, 6)]


def test_it_may_lie_in_a_pause_of_the_others_contribution():
    """
    A  |-------|     |-------|
    B           |--|             inside A's contribution, A is silent
    """
    speech = {"A": [(0, 4), (5, 9)], "B": [(4.25, 4.75)]}
    assert told(talk(speech)) == [("turn", "A", 0, 9), ("backchannel", "B", 4.25, 4.75)]


def test_what_reaches_beyond_the_other_is_a_turn():
    """
    A  |----------|
    B          |------|
    """
    speech = {"A": [(0, 5)], "B": [(4.5, 8)]}
    assert told(talk(speech)) == [("turn", "A", 0, 5), ("turn", "B", 4.5, 8)]


def test_of_two_that_start_and_end_together_neither_is_embedded():
    speech = {"A": [(0, 5)], "B": [(0, 5)]}
    assert [kind for kind, *_ in told(talk(speech))] == ["turn", "turn"]


@pytest.mark.parametrize(("length", "kind"), [(1.0, "backchannel"), (1.125, "embedded")])
def test_backchannel_is_embedded_and_1_s_at_most(length, kind):
    speech = {"A": [(0, 10)], "B": [(4, 4 + length)]}
    assert told(talk(speech))[1] == (kind, "B", 4, 4 + length)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Mm-hm.", "backchannel"),
        ("Yeah, of course.", "backchannel"),
        ("but wait", "embedded"),
        ("yeah yeah yeah yeah", "embedded"),
    ],
)
def test_words_that_are_not_three_cues_at_most_veto_a_backchannel(words, kind):
    spoken = saying(("B", 4.0, 4.75, words))
    found = talk({"A": [(0, 10)], "B": [(4, 4.75)]}, words=spoken)
    assert told(found)[1] == (kind, "B", 4, 4.75)
    assert found.answers_known


def test_a_backchannel_whose_words_were_dropped_stays_one():
    spoken = saying(("A", 0.0, 10.0, "and then I went home"))
    assert told(talk({"A": [(0, 10)], "B": [(4, 4.75)]}, words=spoken))[1][0] == "backchannel"


def test_a_short_answer_that_follows_a_question_is_a_turn():
    """
    A  |-Do you sleep?-|      |-And do you eat?-|
    B                   |Yes|
    """
    speech = {"A": [(0, 4), (5.25, 9)], "B": [(4.375, 4.875)]}
    asked = saying(("A", 0.0, 4.0, "Do you sleep?"), ("B", 4.375, 4.875, "Yes."))
    assert told(talk(speech)) == [("turn", "A", 0, 9), ("backchannel", "B", 4.375, 4.875)]
    assert told(talk(speech, words=asked)) == [
        ("turn", "A", 0, 4),
        ("turn", "B", 4.375, 4.875),
        ("turn", "A", 5.25, 9),
    ]


def test_a_question_that_nobody_answers_breaks_nothing():
    asked = saying(("A", 0.0, 4.0, "Do you sleep?"))
    speech = {"A": [(0, 4), (5.25, 9)], "B": [(7, 7.5)]}
    assert told(talk(speech, words=asked)) == [
        ("turn", "A", 0, 9),
        ("backchannel", "B", 7, 7.5),
    ]


@pytest.mark.parametrize(("lead", "broken"), [(0.25, True), (0.375, False)])
def test_an_answer_may_start_a_little_before_the_question_is_over(lead, broken):
    asked = saying(("A", 0.0, 4.0, "Do you sleep?"))
    speech = {"A": [(0, 4), (5, 9)], "B": [(4 - lead, 4.5)]}
    kinds = [t.kind for t in talk(speech, words=asked).turns]
    assert kinds == (["turn"] * 3 if broken else ["turn", "backchannel"])


def test_consecutive_contributions_of_one_person_are_one_turn():
    """
    A  |----|    3 s    |----|          one turn, two contributions
    B         |bc|              |---|
    """
    speech = {"A": [(0, 4), (7, 9)], "B": [(3, 3.5), (9.5, 12)]}
    found = talk(speech)
    assert told(found) == [
        ("turn", "A", 0, 9),
        ("backchannel", "B", 3, 3.5),
        ("turn", "B", 9.5, 12),
    ]
    assert found.contributions["A"] == (Span(0, 4), Span(7, 9))
    assert found.of("turn", "A")[0].speech == (Span(0, 4), Span(7, 9))


def test_floor_transfer_is_positive_over_a_gap_and_negative_over_an_overlap():
    """
    A  |-----|          |-----|
    B         gap |---------|     overlap
    """
    turns = talk({"A": [(0, 4), (7.5, 10)], "B": [(5, 8)]}).of("turn")
    assert [after.start - before.end for before, after in pairwise(turns)] == [1.0, -0.5]


def test_three_people_take_turns_and_listen():
    """
    A  |------------|
    B      |bc|       |---------|
    C         |bc|        |bc|     |----|
    """
    speech = {"A": [(0, 6)], "B": [(2, 2.5), (6.5, 10)], "C": [(3, 3.5), (8, 8.5), (11, 13)]}
    assert told(talk(speech)) == [
        ("turn", "A", 0, 6),
        ("backchannel", "B", 2, 2.5),
        ("backchannel", "C", 3, 3.5),
        ("turn", "B", 6.5, 10),
        ("backchannel", "C", 8, 8.5),
        ("turn", "C", 11, 13),
    ]


def test_a_section_cuts_speech_at_its_edges_and_leaves_the_rest_out():
    found = talk({"A": [(0, 4), (9, 12)], "B": [(5, 8)]}, within=Span(2, 10))
    assert told(found) == [("turn", "A", 2, 4), ("turn", "B", 5, 8), ("turn", "A", 9, 10)]


def test_nobody_speaking_makes_no_turns():
    assert talk({"A": [], "B": []}).turns == ()


def fed(speech, cuts, *, words=None, config=TURNS):
    """The turns of a builder that hears the speech cut at these moments; and the builder."""
    builder = TurnBuilder(speech, config, words=words)
    spans, turns, at = diarized(speech).spans, [], 0.0
    for cut in (*cuts, extent(speech).end + 1):
        piece = [
            SpeakerSpan(part.start, part.end, s.speaker)
            for s in spans
            for part in clip((s.span,), Span(at, cut))
        ]
        turns += builder.feed(sorted(piece, key=lambda s: s.start), until=cut)
        at = cut
    turns += builder.finish()
    return sorted(turns, key=lambda t: (t.start, t.end, t.speaker)), builder


def asking(speech, chosen):
    """Questions that end where the chosen spans end."""
    ends = [(who, e) for who, own in speech.items() for _, e in own]
    picked = [ends[i % len(ends)] for i in chosen]
    return saying(*((who, e - 0.25, e, "well?") for who, e in picked)) if picked else None


@EASY
@given(speeches(voices=3), st.lists(st.integers(0, 50), max_size=4))
def test_fed_in_one_second_pieces_or_whole_the_same_turns_come_out(speech, chosen):
    words = asking(speech, chosen)
    whole = talk(speech, words=words)
    turns, builder = fed(speech, range(1, int(extent(speech).end) + 1), words=words)
    assert tuple(turns) == whole.turns
    assert builder.ipus() == whole.ipus
    assert builder.contributions() == whole.contributions


@EASY
@given(
    speeches(voices=2, longest=14, most=14),
    st.sets(st.integers(1, 400), max_size=60),
    st.lists(st.integers(0, 50), max_size=4),
)
def test_fed_in_pieces_of_any_length_the_same_turns_come_out(speech, cuts, chosen):
    words = asking(speech, chosen)
    inside = [cut / 16 for cut in sorted(cuts) if cut / 16 < extent(speech).end]
    turns, builder = fed(speech, inside, words=words)
    whole = talk(speech, words=words)
    assert tuple(turns) == whole.turns
    assert builder.contributions() == whole.contributions


@pytest.mark.parametrize("cut", [4.5, 5.3, 5.46, 5.48, 6.0])
def test_a_silence_is_judged_once_it_is_known_how_long_the_other_speaks_in_it(cut):
    """
    A  |-----|             |------|
    B         |-1.2 s-|.175|----|       one IPU, not wholly in the silence
    cut                    ^            B's second half is not heard yet
    """
    speech = {"A": [(0, 4), (5.45, 8)], "B": [(4.1, 5.3), (5.475, 7)]}
    turns, _ = fed(speech, [cut])
    assert tuple(turns) == talk(speech).turns
    assert [t.kind for t in turns] == ["turn", "embedded"]


def test_it_is_not_known_yet_where_the_other_may_go_on_at_this_very_moment():
    config = replace(TURNS, ipu_gap=0.25)
    speech = {"A": [(0, 4), (5.375, 8)], "B": [(4.125, 5.375), (5.625, 7)]}
    turns, _ = fed(speech, [5.625], config=config)
    assert tuple(turns) == talk(speech, config=config).turns


@EASY
@given(speeches(voices=2))
def test_turns_once_told_are_never_taken_back(speech):
    builder = TurnBuilder(speech, TURNS)
    spans = diarized(speech).spans
    early = builder.feed(spans, until=extent(speech).end)
    assert set(early) <= set(talk(speech).turns)


@EASY
@given(speeches(voices=3), st.integers(1, 5000))
def test_later_speech_makes_the_same_turns_later(speech, seconds):
    later = talk(shifted(speech, seconds), within=Span(0, extent(speech).end + seconds))
    assert told(later) == [
        (kind, who, start + seconds, end + seconds) for kind, who, start, end in told(talk(speech))
    ]


@EASY
@given(speeches(voices=3, apart=True))
def test_other_names_make_the_same_turns_under_other_names(speech):
    names = {"A": "C", "B": "A", "C": "B"}
    other = told(talk(renamed(speech, names)))
    assert other == [(kind, names[who], *times) for kind, who, *times in told(talk(speech))]


@EASY
@given(speeches(voices=3))
def test_every_ipu_belongs_to_exactly_one_turn(speech):
    found = talk(speech)
    for who, ipus in found.ipus.items():
        assert sorted(s for t in found.turns if t.speaker == who for s in t.speech) == list(ipus)


@EASY
@given(speeches(voices=3))
def test_neighbouring_turns_are_of_different_people_and_start_in_order(speech):
    turns = talk(speech).of("turn")
    assert all(a.speaker != b.speaker and a.start <= b.start for a, b in pairwise(turns))
