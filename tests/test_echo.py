from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lexicon import Lexicon
from pipeline.measures.echo import evaluate, followed, stems_of
from pipeline.records import Word
from tests.conversations import CONFIG, ENGLISH, alternating, worded


def words(text):
    return [Word(0, 1, part) for part in text.split()]


def picked(*said, **more):
    return evaluate(worded(*said, **more)).measures["picking_up"]


def pairs(*said, **more):
    return [(turn.text, before.text) for turn, before in followed(worded(*said, **more))]


def test_content_words_have_stems_and_the_rest_has_none():
    assert stems_of(words("I'm so worried about the um, drinking. Yeah."), ENGLISH) == {
        "worri",
        "drink",
    }
    assert stems_of(words("worry drinks"), ENGLISH) == stems_of(words("worried, drinking"), ENGLISH)


def test_in_a_language_without_lists_every_word_counts():
    assert len(stems_of(words("ich bin müde"), Lexicon("de"))) == 3


def test_the_share_of_content_words_that_the_client_just_said():
    """
    B  my mother worries all evening      A  worried evenings, your mother: tiring, lonely
    """
    found = picked(
        ("B", 0, 5, "my mother worries all evening"),
        ("A", 6, 12, "worried evenings your mother tiring lonely"),
    )
    assert (found.numerator, found.denominator, found.value) == (3, 5, 0.6)
    assert [tuple(span) for span in found.evidence] == [(6, 7), (7, 8), (9, 10)]
    assert found.speaker == "A"


def test_the_clients_echo_is_nobodys_figure():
    found = picked(
        ("A", 0, 5, "mother evening worry garden kitchen"),
        ("B", 6, 12, "mother evening worry garden kitchen"),
    )
    assert (found.value, found.denominator) == (None, 0)


def test_only_the_turn_just_before_is_picked_up_from():
    found = picked(
        ("B", 0, 2, "my garden kitchen"),
        ("A", 3, 5, "what else"),
        ("B", 6, 8, "nothing much"),
        ("A", 9, 12, "garden kitchen mother evening worry"),
    )
    assert (found.numerator, found.denominator) == (0, 5)


def test_a_first_turn_follows_nobody():
    assert pairs(("A", 0, 2, "hello"), ("B", 3, 5, "hi there")) == []


def test_a_listening_sound_is_no_turn_to_follow():
    said = (
        ("B", 0, 8, "it never ends at all"),
        ("A", 3, 3.5, "mm-hm"),
        ("A", 9, 12, "never"),
    )
    assert pairs(*said) == [("never", "it never ends at all")]


@pytest.mark.parametrize("silent", [1, 2])
def test_nothing_is_taken_over_from_before_a_turn_without_words(silent):
    """
    B garden   A (no words)   B wants   A garden            B garden   A well   B (no words)   A
    """
    texts = ["my garden", "well", "something new", "garden"]
    texts[silent] = ""
    said = [
        (who, 3 * i, 3 * i + 2, text)
        for i, (who, text) in enumerate(zip("BABA", texts, strict=True))
    ]
    assert ("garden", "my garden") not in pairs(*said)


def test_too_few_content_words_keep_their_numbers():
    found = picked(("B", 0, 2, "my garden"), ("A", 3, 5, "garden"))
    assert (found.value, found.numerator, found.denominator) == (None, 1, 1)
    assert "1 of at least 5" in found.note


def test_without_a_therapist_nobody_picks_up():
    assert evaluate(worded(("B", 0, 2, "my garden"), therapist=None)).measures == {}


def test_where_words_cannot_be_counted_there_is_no_share():
    found = picked(("B", 0, 2, "my garden"), ("A", 3, 5, "garden"), words_note="draft")
    assert (found.value, found.numerator, found.note) == (None, None, "draft")


CONTENT = st.lists(
    st.sampled_from(["garden", "kitchen", "mother", "evening", "worry", "the", "of", "to", "yes"]),
    min_size=1,
    max_size=8,
)


@given(st.lists(CONTENT, min_size=2, max_size=8))
def test_never_more_is_picked_up_than_is_said(texts):
    speech = alternating(4, 1, times=len(texts), who="BA")
    spans = sorted((s, e, who) for who, own in speech.items() for s, e in own)
    said = [(who, s, e, " ".join(t)) for (s, e, who), t in zip(spans, texts, strict=True)]
    found = picked(*said)
    assert 0 <= found.numerator <= found.denominator
    assert len(found.evidence) == found.numerator
    parrot = [(*rest, "garden kitchen mother evening worry") for *rest, _ in said]
    if len(texts) > 2:
        assert picked(*parrot).value == 1


def test_a_short_practice_has_counts_only():
    said = (("B", 0, 5, "mother evening worry"), ("A", 6, 9, "mother evening worry garden house"))
    bare = worded(*said)
    short = evaluate(replace(bare, config=CONFIG.measures)).measures["picking_up"]
    assert (short.value, short.numerator, short.denominator) == (None, 3, 5)
