import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import lexicon
from pipeline.errors import ConfigError
from pipeline.lexicon import count_phrases, covered_by, load_lexicon, opens_with, tokens

ENGLISH = load_lexicon("en")


def test_tokens_ignore_case_punctuation_hyphens_and_the_shape_of_apostrophes():
    assert tokens("Mm-hmm. It’s “fine”, isn't it?") == ("mmhmm", "it's", "fine", "isn't", "it")
    assert tokens(" ... ") == ()


@pytest.mark.parametrize(
    "text", ["Mm-hm.", "Yeah, yeah.", "Uh huh", "I see.", "Right. Okay, of course.", "MHM"]
)
def test_listening_sounds_are_backchannels(text):
    assert ENGLISH.only_backchannels(text)


@pytest.mark.parametrize("text", ["", "...", "yeah but", "I see it", "I", "my sister", "go"])
def test_anything_with_another_word_is_none(text):
    assert not ENGLISH.only_backchannels(text)


@pytest.mark.parametrize("text", ["You sleep?", "how do you sleep", "And what happened then"])
def test_a_question_mark_or_an_opener_asks(text):
    assert ENGLISH.asks(text)


def test_a_statement_does_not_ask():
    assert not ENGLISH.asks("I know what happened.")


def test_agreeing_is_told_from_contradicting():
    assert ENGLISH.agrees("That's right, and then")
    assert not ENGLISH.agrees("But that is not")


def test_an_unknown_language_matches_nothing():
    german = load_lexicon("de")
    assert not german.known
    assert not german.only_backchannels("ja")
    assert not german.agrees("ja")
    assert load_lexicon("../default") == lexicon.Lexicon("../default")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("backchannels = 3", "must be a list"),
        ("backchanels = []", "unknown list 'backchanels'"),
        ("backchannels = [", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(monkeypatch, text, message):
    monkeypatch.setattr(lexicon, "config_text", lambda _name: text)
    load_lexicon.cache_clear()
    with pytest.raises(ConfigError, match=message):
        load_lexicon("xx")
    load_lexicon.cache_clear()


words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=12)
phrases = st.frozensets(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple))


@given(words, phrases)
def test_phrases_never_overlap_so_they_number_no_more_than_the_words(said, lists):
    assert count_phrases(said, lists) <= len(said)
    if covered_by(said, lists):
        assert count_phrases(said, lists) >= len(said) / 3


@given(words, phrases)
def test_what_opens_with_a_phrase_holds_one(said, lists):
    if opens_with(said, lists):
        assert count_phrases(said, lists) >= 1
