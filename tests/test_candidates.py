import pytest

from pipeline.corrections import LabelCorrection
from pipeline.measures.candidates import evaluate
from tests.conversations import read_as, worded

DRAWN = (
    ("B", 0, 4, "my garden and the kitchen"),
    ("A", 5, 6, "go on"),
    ("B", 7, 11, "mother calls every evening"),
    ("A", 12, 13, "hm I wonder"),
    ("B", 14, 18, "the doctor stopped the tablets"),
)
FORTY = (
    "garden and kitchen then mother every evening and the doctor with those tablets all of that "
    "together is what you have been living with since spring came and it has been wearing you out "
    "more and more with no end to it"
)
"""42 words; two of each of the client's turns."""
OPENED = "Let me see if I have got this. " + " ".join(["word"] * 34)
"""42 words that open as a summary does, and draw on nothing."""


def found(*said, **more):
    return evaluate(worded(*said, **more))


def summed(text, *, reflects=0.9, said=DRAWN, **more):
    """What becomes of a turn that ends ``DRAWN`` and reflects so likely."""
    bare = worded(*said, ("A", 19, 40, text), **more)
    turns = len(bare.conversation.of("turn", "A"))
    likely = [(0.0, 0.0, 0.0)] * (turns - 1) + [(reflects, 0.0, 0.0)]
    return evaluate(read_as(bare, *likely))


def kinds(result):
    return [(e.type, e.start, e.by) for e in result.events]


def test_a_wording_that_affirms_makes_a_candidate():
    result = found(("A", 0, 4, "Hello. That took courage, and more."), ("B", 5, 8, "thanks"))
    assert kinds(result) == [("affirmation", 0, "A")]
    assert result.events[0].detail == {"cue": "took courage"}
    figure = result.measures["affirmations.A"]
    assert (figure.value, figure.unit) == (1, "count")
    assert [tuple(span) for span in figure.evidence] == [(0, 4)]


def test_a_turn_affirms_once():
    result = found(("A", 0, 4, "Well done. That took courage."), ("B", 5, 8, "thanks"))
    assert result.measures["affirmations.A"].value == 1


def test_a_wording_does_not_reach_over_a_full_stop():
    assert kinds(found(("A", 0, 4, "He did it well. Done."))) == []


def test_the_client_affirms_nobody():
    assert kinds(found(("A", 0, 4, "hello"), ("B", 5, 8, "that took courage"))) == []


@pytest.mark.parametrize(
    ("agreed", "text", "count"), [(True, "Hello.", 1), (False, "Well done.", 0)]
)
def test_a_persons_word_stands_above_the_wording(agreed, text, count):
    said = LabelCorrection(0, 4, "A", "affirmation", agreed)
    result = found(("A", 0, 4, text), ("B", 5, 8, "thanks"), corrections=(said,))
    assert result.measures["affirmations.A"].value == count
    assert len(result.events) == count


def test_a_long_reflecting_turn_that_draws_on_three_turns_sums_up():
    """
    B garden, kitchen   B mother, evening   B doctor, tablets      A of all three, 42 words
    """
    result = summed(FORTY)
    assert kinds(result) == [("summary", 19, "A")]
    assert result.events[0].detail == {"cue": "words of 3 earlier turns"}
    assert result.measures["summaries.A"].value == 1


def test_a_summarys_opening_needs_no_earlier_words():
    result = summed(OPENED)
    assert result.events[0].detail == {"cue": "let me see if"}


@pytest.mark.parametrize(
    ("text", "reflects"),
    [
        (FORTY, 0.49),
        (" ".join(FORTY.split()[:39]), 0.9),
        (FORTY.replace("kitchen", "house"), 0.9),
        ("And " + " ".join(OPENED.split()[1:]), 0.9),
    ],
    ids=["no reflection", "39 words", "two turns and one shared word", "no opening"],
)
def test_what_lacks_one_of_these_is_no_summary(text, reflects):
    assert kinds(summed(text, reflects=reflects)) == []


def test_a_wordings_place_is_the_beginning_of_a_sentence():
    text = "Now before you go to the next thing I want to let me see if " + "word " * 30
    assert kinds(summed(text)) == []


def test_only_so_many_last_turns_are_drawn_on():
    between = [
        said
        for i in range(8)
        for said in (
            ("A", 19 + 4 * i, 20 + 4 * i, "yes?"),
            ("B", 21 + 4 * i, 22 + 4 * i, "nothing"),
        )
    ]
    bare = worded(*DRAWN, *between, ("A", 60, 80, FORTY))
    likely = [(0.9, 0, 0)] * len(bare.conversation.of("turn", "A"))
    assert kinds(evaluate(read_as(bare, *likely))) == []


@pytest.mark.parametrize(("agreed", "text", "count"), [(True, "So.", 1), (False, FORTY, 0)])
def test_a_person_says_what_sums_up(agreed, text, count):
    said = LabelCorrection(19, 40, "A", "summary", agreed)
    assert summed(text, corrections=(said,)).measures["summaries.A"].value == count


def test_a_reflection_that_a_person_denied_sums_nothing_up():
    said = LabelCorrection(19, 40, "A", "reflection", False)
    assert kinds(summed(FORTY, corrections=(said,))) == []


def test_where_words_cannot_be_counted_there_are_no_candidates():
    result = summed(FORTY + " Well done.", words_note="too unclear")
    assert result.events == ()
    assert {m.note for m in result.measures.values()} == {"too unclear"}
    assert {m.value for m in result.measures.values()} == {None}


def test_without_a_therapist_nothing_is_looked_for():
    assert found(("A", 0, 4, "Well done."), therapist=None).measures == {}
