"""The words of an utterance that drove a label: what a reader points at beside a candidate.

*Definition*: the linear reader adds up weights of grams. Each gram's part for one label, less its
mean part for all labels, is shared evenly among the words that the gram covers; so each word has a
score, and the drivers are the runs of at most three words with the highest sums, none overlapping
or crossing a mark, each of at least ``SHARE`` of the first. Columns have no words, and the
network's reasons can't be told: a label can have no driver.

```
so   it   sounds  like   you're   tired        drivers of "reflection"
.1   .2   .7      .4     .3       0            ("it sounds like", "you're")
```
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from pipeline.phrasing.corpus import LABELS, Label, Utterance
from pipeline.phrasing.features import PIECE, chars, describe_some, openings_at, tokens_of
from pipeline.phrasing.model import Head

LONGEST = 3  # words in a phrase
MOST = 3  # phrases of an utterance
SHARE = 0.5  # of the strongest phrase; weaker ones drove little


def drivers(
    head: Head, said: Sequence[Utterance], wanted: Sequence[tuple[int, Label]]
) -> tuple[tuple[str, ...], ...]:
    """For each (row, label) the phrases as they stand in the text, in its order.

    A row counts the therapist's utterances from 0, as the rows of the probabilities do.
    """
    mine = [i for i, u in enumerate(said) if u.role == "therapist"]
    described = describe_some(said, [row for row, _ in wanted])
    return tuple(
        _phrases(said[mine[row]].text, _scores(head, said[mine[row]].text, one.grams, label))
        for (row, label), one in zip(wanted, described, strict=True)
    )


def _scores(head: Head, text: str, grams: dict[str, Counter[str]], label: Label) -> list[float]:
    tokens = tokens_of(text)
    k, vectoriser = LABELS.index(label), head.vectoriser
    found = list(vectoriser.weighted(grams))
    weights = head.sparse[[column for _, _, column, _ in found]]
    speaks = (weights[:, k] - weights.mean(axis=1)).tolist()
    parts = {(space, gram): v * w for (space, gram, _, v), w in zip(found, speaks, strict=True)}
    places: defaultdict[tuple[str, str], list[range]] = defaultdict(list)
    for space, gram, where in _occurrences(tokens):
        if len(where) and (space, gram) in parts:
            places[space, gram].append(where)
    scores = [0.0] * len(tokens)
    for key, covered in places.items():
        share = parts[key] / sum(map(len, covered))
        for where in covered:
            for i in where:
                scores[i] += share
    return scores


def _occurrences(tokens: Sequence[str]) -> Iterator[tuple[str, str, range]]:
    """Each gram of the utterance itself, with the tokens that it covers."""
    for n in range(1, LONGEST + 1):
        for i in range(len(tokens) - n + 1):
            yield "words", " ".join(tokens[i : i + n]), range(i, i + n)
        if len(tokens) >= n:
            yield "end", " ".join(tokens[-n:]), range(len(tokens) - n, len(tokens))
    for i, piece in enumerate(tokens):
        for gram in chars([piece]):
            yield "chars", gram, range(i, i + 1)
    for gram, where in openings_at(tokens):
        yield "edge", gram, where


def _phrases(text: str, scores: Sequence[float]) -> tuple[str, ...]:
    spans = [match.span() for match in PIECE.finditer(text)]
    # A hyphen within "mm-hmm" joins; a dash, a comma or a full stop parts.
    words = [text[a].isalnum() or text[a - 1 : b + 1].replace("-", "").isalnum() for a, b in spans]
    runs = [
        (sum(scores[i : i + n]), i, i + n)
        for n in range(1, LONGEST + 1)
        for i in range(len(scores) - n + 1)
        if all(words[i : i + n]) and scores[i] > 0 and scores[i + n - 1] > 0
    ]
    runs.sort(key=lambda run: (-run[0], run[1]))
    chosen: list[tuple[int, int]] = []
    for value, start, end in runs:
        apart = all(end <= a or b <= start for a, b in chosen)
        if apart and value >= SHARE * runs[0][0] and len(chosen) < MOST:
            chosen.append((start, end))
    return tuple(text[spans[a][0] : spans[b - 1][1]] for a, b in sorted(chosen))
