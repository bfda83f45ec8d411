"""What a therapist's utterance is described by: its words, its edges, what was said around it.

*Conventions*: counted features are grams in namespaces ("edge", "before", ...), so that a word at
the beginning and the same word in the client's turn have weights of their own. ``NUMBERS`` names
the columns of the uncounted ones. Word grams have at most three words: none holds a sentence.

```
client ... "before"    therapist "words chars edge sentences"    client "after"
           therapist "last" (the turn before that)
```
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.phrasing.corpus import Utterance

SPACES = ("words", "chars", "edge", "end", "sentences", "before", "after", "last")
NUMBERS = (
    *("length", "long", "few", "one", "many"),
    *("echo", "echoed", "echo_two", "echo_share", "echo_back", "balance"),
    *("asks", "ends_asking", "asked", "askers", "asker_share"),
    *("you", "yous", "i", "is"),
    *("first", "place", "closing", "before_length", "before_few", "after_length", "after_few"),
    *("no_before", "no_after", "before_asks", "after_asks", "last_asks", "next_asks"),
    *("before_cut", "cut", "joins", "same_before", "same_after"),
)

# An apostrophe may be typeset: the pieces of a text and of its plain form are the same.
PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[?.,!]|--?")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FILLERS = _set(
    "so well okay ok um uh and yeah mm hmm right but alright oh mhm now yes sure great good no hm "
    "all because then like , . ! -"
)
_ASKERS = _set(
    "what how why when where who which do does did are is was were have has can could would will "
    "what's how's any tell don't isn't didn't aren't"
)
_STOP = _set(
    "a an the and or but if so of to in on at for with from by as is are was were be been being am "
    "it it's its that that's this these those there here i i'm i've i'd i'll you you're you've "
    "you'd you'll your yours me my mine we us our he she him her his they them their what which "
    "who how when where why do does did don't didn't doing have has had not no yes yeah okay um uh "
    "mm hmm right well just like know really kind sort get got go going think can could would "
    "should will about up out then than too very some any all because now"
)
_ENDINGS = ("ing", "ed", "es", "s", "ly")


@dataclass(frozen=True, slots=True)
class Described:
    """One therapist utterance: grams by namespace, numbers, and the texts the encoder reads.

    Attributes:
        grams: counts of grams for each of ``SPACES``.
        numbers: values in the order of ``NUMBERS``.
        texts: indices of the utterance, the client's before and after, the therapist's last.
    """

    grams: dict[str, Counter[str]]
    numbers: tuple[float, ...]
    texts: tuple[int, int | None, int | None, int | None]


def describe(said: Sequence[Utterance]) -> list[Described]:
    """Each therapist utterance of a dialogue, in order."""
    return describe_some(said, range(sum(u.role == "therapist" for u in said)))


def describe_some(said: Sequence[Utterance], rows: Sequence[int]) -> list[Described]:
    """Some of the therapist's utterances, counted from 0."""
    tokens = [tokens_of(u.text) for u in said]
    mine = [i for i, u in enumerate(said) if u.role == "therapist"]
    return [_one(said, tokens, mine, nth) for nth in rows]


def tokens_of(text: str) -> list[str]:
    """Words and marks in lower case, one for each match of ``PIECE``."""
    found = PIECE.findall(text)
    return ["-" if piece == "--" else piece.lower().replace("’", "'") for piece in found]


def _one(
    said: Sequence[Utterance], tokens: Sequence[list[str]], mine: Sequence[int], nth: int
) -> Described:
    at = mine[nth]
    near = range(max(0, at - 4), at)
    clients = [i for i in reversed(near) if said[i].role == "client"]
    before = clients[0] if clients else None
    after = next(
        (i for i in range(at + 1, min(len(said), at + 3)) if said[i].role == "client"), None
    )
    last = mine[nth - 1] if nth and mine[nth - 1] in near else None
    following = mine[nth + 1] if nth + 1 < len(mine) and mine[nth + 1] <= at + 3 else None
    own = tokens[at]
    context = [[] if i is None else tokens[i] for i in (before, after, last, following)]
    grams = {
        "words": Counter(_grams(own, 3)),
        "chars": Counter(chars(own)),
        "edge": Counter(_openings(own)),
        "end": Counter(" ".join(own[-n:]) for n in (1, 2, 3) if len(own) >= n),
        "sentences": _sentence_grams(own),
        "before": Counter(_grams(context[0], 2)),
        "after": Counter((*_grams(context[1][:12], 2), *_openings(context[1]))),
        "last": Counter(_grams(context[2], 2)),
    }
    echoes = [_content(tokens[i]) for i in clients]
    same = (at > 0 and at - 1 in mine[nth - 1 : nth], at + 1 in mine[nth + 1 : nth + 2])
    place = (nth == 0, (nth + 1) / len(mine), nth >= len(mine) - 2)
    numbers = (*_size_and_echo(own, context, echoes), *_manner(own), *place)
    numbers += (*_around(own, context, before is None, after is None), *same)
    return Described(grams, tuple(map(float, numbers)), (at, before, after, last))


def _size_and_echo(
    own: list[str], context: Sequence[list[str]], echoes: Sequence[set[str]]
) -> tuple[float, ...]:
    n = sum(map(_is_word, own))
    content = _content(own)
    first = echoes[0] if echoes else set()
    second = echoes[1] if len(echoes) > 1 else set()
    shared = len(content & first)
    return (
        math.log1p(n) / 4,
        min(n, 60) / 60,
        n <= 3,
        n <= 1,
        n >= 40,
        shared / (len(content) + 1),
        min(shared, 5) / 5,
        len(content & second) / (len(content) + 1),
        len(content & (first | second)) / (len(content) + 1),
        shared / (len(first) + 1),
        n / (n + len(context[0]) + 1),
    )


def _manner(own: list[str]) -> tuple[float, ...]:
    words = [t for t in own if _is_word(t)]
    n = len(words) + 1
    you = sum(w.startswith("you") for w in words)
    i = sum(w == "i" or w.startswith("i'") for w in words)
    askers = sum(w in _ASKERS for w in words)
    asked = own.count("?")
    return (
        asked > 0,
        own[-1:] == ["?"],
        min(asked, 3) / 3,
        min(askers, 4) / 4,
        askers / n,
        you / n,
        min(you, 4) / 4,
        i / n,
        min(i, 4) / 4,
    )


def _around(
    own: list[str], context: Sequence[list[str]], no_before: bool, no_after: bool
) -> tuple[float, ...]:
    before, after, last, following = context
    return (
        math.log1p(len(before)) / 4,
        len(before) <= 3,
        math.log1p(len(after)) / 4,
        len(after) <= 3,
        no_before,
        no_after,
        "?" in before,
        "?" in after,
        "?" in last,
        "?" in following,
        before[-1:] == ["-"],
        own[-1:] == ["-"],
        own[:1] == ["-"],
    )


def _is_word(piece: str) -> bool:
    return piece[0].isalnum()


def _grams(tokens: Sequence[str], longest: int) -> Iterator[str]:
    for n in range(1, longest + 1):
        for i in range(len(tokens) - n + 1):
            yield " ".join(tokens[i : i + n])


def chars(tokens: Sequence[str]) -> Iterator[str]:
    """Three to five characters in a row within a word and the spaces around it."""
    for piece in tokens:
        padded = f" {piece} "
        for n in (3, 4, 5):
            for i in range(len(padded) - n + 1):
                yield padded[i : i + n]


def openings_at(tokens: Sequence[str]) -> list[tuple[str, range]]:
    """The first one to three words, as said ("a:") and without fillers before them ("b:").

    With each opening go the tokens that it covers.
    """
    start = next((i for i, t in enumerate(tokens) if t not in _FILLERS), len(tokens))
    found = [
        (name + " ".join(tokens[first : first + n]), range(first, first + n))
        for name, first in (("a:", 0), ("b:", start))
        for n in (1, 2, 3)
        if len(tokens) - first >= n
    ]
    return found if start < len(tokens) else [*found, ("b:", range(0))]


def _openings(tokens: Sequence[str]) -> list[str]:
    return [opening for opening, _ in openings_at(tokens)]


def _sentence_grams(tokens: Sequence[str]) -> Counter[str]:
    """Openings of each sentence and, apart, of the last; nothing where there are no marks."""
    sentences: list[list[str]] = [[]]
    marked = False
    for piece in tokens:
        if piece in ".?!":
            marked = True
            if piece == "?":
                sentences[-1].append(piece)
            sentences.append([])
        else:
            sentences[-1].append(piece)
    full = [s for s in sentences if s]
    if not marked or not full:
        return Counter()
    found = Counter(f"s{opening}" for s in full for opening in _openings(s))
    found.update(f"l{opening}" for opening in _openings(full[-1]))
    found["asks last" if full[-1][-1] == "?" else "tells last"] += len(full) > 1
    return +found


def _content(tokens: Sequence[str]) -> set[str]:
    return {_stem(t) for t in tokens if _is_word(t) and t not in _STOP}


def _stem(word: str) -> str:
    word = word.split("'")[0]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
