from dataclasses import replace

import pytest

from pipeline.lexicon import Lexicon
from pipeline.measures.cues import CUE_ONLY, evaluate
from pipeline.records import Word
from pipeline.spoken import with_words
from tests.conversations import ENGLISH, basis


def found(*texts, words="good", voices="good", lexicon=ENGLISH):
    """What is found in A's turns that say these texts; B speaks in between."""
    speech = {
        "A": [(20.0 * i, 20.0 * i + 8) for i in range(len(texts))],
        "B": [(20.0 * i + 10, 20.0 * i + 18) for i in range(len(texts))],
    }
    said = [
        Word(start + i / 10, start + i / 10 + 0.1, word, speaker="A")
        for (start, _), text in zip(speech["A"], texts, strict=True)
        for i, word in enumerate(text.split())
    ]
    bare = basis(speech, words=words, voices=voices)
    turns = with_words(bare.conversation.turns, said)
    return evaluate(replace(bare, conversation=replace(bare.conversation, turns=turns)), lexicon)


def counted(*texts, **more):
    figures = found(*texts, **more).measures
    return figures["questions.A"].value, figures["reflections.A"].value


def test_a_turn_with_a_question_mark_asks():
    assert counted("I see. Do you sleep? Good.") == (1, 0)


def test_a_turn_asks_once_however_often_it_asks():
    assert counted("Do you sleep? And do you eat? Why?") == (1, 0)


def test_without_punctuation_the_opening_tells():
    assert counted("do you sleep at all", "you sleep at all") == (1, 0)


def test_with_punctuation_an_opening_alone_is_no_question():
    assert counted("What a week. That was hard.") == (0, 0)


def test_a_turn_that_opens_a_sentence_with_a_stem_reflects():
    assert counted("Mm. It sounds like you are worn out.") == (0, 1)


def test_a_stem_that_is_asked_is_a_question():
    assert counted("It sounds like what?") == (1, 0)


def test_a_turn_may_ask_and_reflect():
    assert counted("It sounds like you are worn out. Since when?") == (1, 1)


def test_a_stem_inside_a_sentence_is_none():
    assert counted("He says it sounds like rain.") == (0, 0)


def test_turns_without_words_are_not_counted_among_the_turns():
    figures = found("Do you sleep?", "", "Go on.").measures
    assert figures["questions.A"].parts == {"turns": 2}
    assert figures["questions.B"].parts == {"turns": 0}


def test_each_is_a_moment_with_its_cue():
    events = found("It sounds like you are worn out. Since when?", "do you sleep").events
    assert [(e.type, e.start, e.end, e.by, e.detail["cue"]) for e in events] == [
        ("question", 0, 8, "A", "?"),
        ("reflection", 0, 8, "A", "it sounds like"),
        ("question", 20, 28, "A", "opening"),
    ]


@pytest.mark.parametrize(
    ("words", "certainty"), [("good", "low"), ("low", "low"), ("draft", "draft")]
)
def test_a_list_of_cues_is_never_good_and_says_so(words, certainty):
    for name, measure in found("Do you sleep?", words=words).measures.items():
        note = CUE_ONLY[name.partition(".")[0]]
        assert (measure.certainty, measure.note) == (certainty, note)


@pytest.mark.parametrize(
    ("how", "note"),
    [
        ({"words": "abstained"}, "there are no words"),
        ({"lexicon": Lexicon("tlh")}, "not measured in this language (tlh)"),
        ({"voices": "abstained"}, "the voices are unclear"),
    ],
)
def test_it_abstains_without_words_language_or_voices(how, note):
    result = found("Do you sleep?", **how)
    assert result.events == ()
    for measure in result.measures.values():
        assert (measure.value, measure.numerator, measure.parts) == (None, None, {})
        assert note in measure.note
