"""Picking up words: how much of what the therapist says the client has just said.

*Definition*: of the content words (no stop words, fillers or listening sounds) in the therapist's
turns that follow a client's turn, the share whose stem occurs in that turn; Snowball's English
stems (Porter 2001), so "worried" picks up "worry". Every echoed word is marked.

*What this can't tell*: whether it was reflected or only repeated; a good reflection may well use
other words.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from pipeline.lexicon import Lexicon, tokens
from pipeline.measures.basis import Basis, Found, ratio
from pipeline.records import Turn, Word
from pipeline.timeline import Span


def evaluate(basis: Basis) -> Found:
    """``picking_up``: the therapist's share, the echoed words its evidence."""
    if basis.therapist is None:
        return Found()
    content = 0
    echoed: list[Span] = []
    for turn, before in followed(basis):
        heard = stems_of(before.words, basis.lexicon)
        for word in turn.words:
            own = stems_of((word,), basis.lexicon)
            content += bool(own)
            if own & heard:
                echoed.append(Span(word.start, word.end))
    return _figure(basis, echoed, content)


def enough(basis: Basis) -> Found:
    """``picking_up`` as far as it takes to know whether it is told: no more words than needed."""
    least, seen = max(1, basis.config.min_denominator), 0
    if basis.therapist is None:
        return Found()
    for turn, _ in followed(basis):
        for word in turn.words:
            seen += bool(stems_of((word,), basis.lexicon))
            if seen >= least:
                return _figure(basis, (), seen)
    return _figure(basis, (), seen)


def followed(basis: Basis) -> Iterator[tuple[Turn, Turn]]:
    """The therapist's turns, each with the other's turn just before it; both with words."""
    before: Turn | None = None
    for turn in basis.conversation.of("turn"):
        if not turn.words:
            before = None
            continue
        if turn.speaker == basis.therapist and before is not None:
            yield turn, before
        before = turn if turn.speaker != basis.therapist else None


def _figure(basis: Basis, echoed: Sequence[Span], content: int) -> Found:
    measure = ratio(
        basis,
        float(len(echoed)),
        float(content),
        unit="share",
        least=basis.config.min_denominator,
        evidence=echoed,
        speaker=basis.therapist,
        by="words",
    )
    return Found({"picking_up": measure})


def stems_of(words: Iterable[Word], lexicon: Lexicon) -> frozenset[str]:
    """The stems of the content words."""
    return frozenset(
        _stem(token) for word in words for token in tokens(word.text) if not _empty(token, lexicon)
    )


def _empty(token: str, lexicon: Lexicon) -> bool:
    single = (token,)
    return (
        single in lexicon.stop_words or single in lexicon.fillers or single in lexicon.backchannels
    )


@lru_cache(maxsize=20_000)
def _stem(token: str) -> str:
    stem: str = _stemmer().stemWord(token)
    return stem


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
