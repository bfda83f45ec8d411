"""Cue words and phrases of a language, out of ``configs/lexicon.<language>.toml``.

A language without a list has an empty lexicon: nothing matches, so words veto nothing and acoustic
timing stands by itself.

*Conventions*: texts are compared as ``tokens``: case folded, apostrophes straightened, hyphens and
other punctuation taken out. "Mm-hmm." is the token ``mmhmm``.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

from pipeline.config import config_text
from pipeline.errors import ConfigError

Phrase = tuple[str, ...]
Phrases = frozenset[Phrase]

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u2011](?=\w)")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Phrases as tuples of tokens; every list may be empty.

    Attributes:
        backchannels: what a listener says without taking the floor.
        fillers: sounds and words that fill.
        reflection_stems: openings of a reflection.
        affirmations: wordings that affirm, anywhere in a sentence.
        summary_stems: openings of a summary.
        stop_words: words that carry no topic.
        open_questions: first words of a question that leaves the answer open.
        closed_questions: openings that look like those and ask for a number or a fact.
        question_openers: first words of a question.
        agreement: openings that agree with what the other is saying.
        therapist_names: speaker names that say "this is the therapist".
        client_names: speaker names that say "this is the client".
        second_person: the listener addressed.
        first_person: the speaker of themselves.
    """

    language: str
    backchannels: Phrases = frozenset()
    fillers: Phrases = frozenset()
    reflection_stems: Phrases = frozenset()
    affirmations: Phrases = frozenset()
    summary_stems: Phrases = frozenset()
    stop_words: Phrases = frozenset()
    open_questions: Phrases = frozenset()
    closed_questions: Phrases = frozenset()
    question_openers: Phrases = frozenset()
    agreement: Phrases = frozenset()
    therapist_names: Phrases = frozenset()
    client_names: Phrases = frozenset()
    second_person: Phrases = frozenset()
    first_person: Phrases = frozenset()

    @property
    def known(self) -> bool:
        """Whether the language has a list at all."""
        return bool(self.backchannels)

    def only_backchannels(self, text: str) -> bool:
        """Whether a text is nothing but backchannel cues ("Mm-hm, okay."); False for no words."""
        return covered_by(tokens(text), self.backchannels)

    def asks(self, text: str) -> bool:
        """Whether a text holds a question mark or opens like a question."""
        return "?" in text or opens_with(tokens(text), self.question_openers)

    def agrees(self, text: str) -> bool:
        """Whether a text opens by agreeing."""
        return opens_with(tokens(text), self.agreement)


@lru_cache
def load_lexicon(language: str) -> Lexicon:
    """The language's lexicon; an empty one where there is no file for it.

    Raises:
        ConfigError: the file holds something other than lists of phrases.
    """
    name = f"lexicon.{language}.toml"
    if not _LANGUAGE.fullmatch(language):
        return Lexicon(language)
    try:
        lists = tomllib.loads(config_text(name))
    except FileNotFoundError:
        return Lexicon(language)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"configs/{name} is not valid TOML: {error}; mend that line") from error
    known = {field.name for field in fields(Lexicon)} - {"language"}
    for key, phrases in lists.items():
        if key not in known:
            raise ConfigError(
                f"configs/{name}: unknown list {key!r}; use {', '.join(sorted(known))}"
            )
        if not isinstance(phrases, list) or not all(isinstance(p, str) for p in phrases):
            raise ConfigError(f"configs/{name}: {key} must be a list of phrases in quotes")
    return Lexicon(language, **{key: _phrases(phrases) for key, phrases in lists.items()})


@lru_cache(maxsize=20_000)
def tokens(text: str) -> Phrase:
    """The words of a text as they are compared; the same words come again and again."""
    plain = _HYPHEN.sub("", text.translate(_APOSTROPHES).casefold())
    return tuple(_TOKEN.findall(plain))


def opens_with(said: Sequence[str], phrases: Phrases) -> bool:
    """Whether the tokens begin with one of the phrases."""
    return bool(opening(said, phrases))


def count_phrases(said: Sequence[str], phrases: Phrases) -> int:
    """How many phrases occur, the longest first, none overlapping another."""
    return len(_matches(said, phrases))


def covered_by(said: Sequence[str], phrases: Phrases) -> bool:
    """Whether the tokens are nothing but phrases, one after the other; False for no tokens."""
    return bool(said) and sum(_matches(said, phrases)) == len(said)


def first_phrase(said: Sequence[str], phrases: Phrases) -> Phrase:
    """The first phrase that occurs, the longest at its place; empty where none does."""
    for i in range(len(said)):
        if n := _length_at(said, i, phrases):
            return tuple(said[i : i + n])
    return ()


def opening(said: Sequence[str], phrases: Phrases) -> Phrase:
    """The longest phrase that the tokens begin with; empty where none does."""
    return tuple(said[: _length_at(said, 0, phrases)])


def _length_at(said: Sequence[str], i: int, phrases: Phrases) -> int:
    """Length of the longest phrase that begins at token ``i``, 0 where none does."""
    for n in range(min(_longest(phrases), len(said) - i), 0, -1):
        if tuple(said[i : i + n]) in phrases:
            return n
    return 0


def _matches(said: Sequence[str], phrases: Phrases) -> list[int]:
    """Lengths of the phrases found from left to right, the longest at each place."""
    found: list[int] = []
    i = 0
    while i < len(said):
        n = _length_at(said, i, phrases)
        if n:
            found.append(n)
        i += n or 1
    return found


@lru_cache(maxsize=64)
def _longest(phrases: Phrases) -> int:
    return max(map(len, phrases), default=0)


def _phrases(texts: Iterable[str]) -> Phrases:
    return frozenset(phrase for text in texts if (phrase := tokens(text)))
