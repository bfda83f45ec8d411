"""Descriptions as numbers: weighted grams (sparse) beside standardised columns (dense).

*Definition*: a gram's value is (1 + ln count) x idf, each namespace of a row scaled to length
``WEIGHTS[space]``; idf = ln((1 + rows) / (1 + rows that hold it)) + 1. Counted columns have mean 0
and standard deviation ``SPREAD`` on the rows that were fitted.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phrasing.contexts import Context, contexts
from pipeline.phrasing.corpus import LABELS, Dialogue, Label
from pipeline.phrasing.features import NUMBERS, SPACES, Described, describe
from pipeline.phrasing.wordpieces import WordPieces

Array = NDArray[np.float32]
Whole = NDArray[np.int64]

# Chosen by macro-F1 in five folds by video (docs/phrasing-model.md): what was said counts most.
WEIGHTS = dict(zip(SPACES, (1.0, 1.0, 1.0, 0.5, 0.7, 0.3, 0.5, 0.3), strict=True))
SPREAD = 0.3
# A gram of fewer videos than this is one conversation's own words, not a way of speaking.
MIN_VIDEOS = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """Therapist utterances of some dialogues, as both readers take them.

    Attributes:
        contexts: what the network reads.
        numbers: the counted columns (n, ``NUMBERS``), unscaled.
        labels: index into ``LABELS`` for each row, -1 where nobody has judged it.
        videos: group for each row; rows of one video are never split.
        dialogues: index of the dialogue for each row.
    """

    described: tuple[Described, ...]
    contexts: tuple[Context, ...]
    numbers: Array
    labels: Whole
    videos: NDArray[np.str_]
    dialogues: Whole

    def __len__(self) -> int:
        return len(self.described)

    @property
    def judged(self) -> Whole:
        """The rows that have a label."""
        return np.flatnonzero(self.labels >= 0)

    def take(self, chosen: Whole) -> "Rows":
        """Some of the rows."""
        return Rows(
            tuple(self.described[i] for i in chosen),
            tuple(self.contexts[i] for i in chosen),
            self.numbers[chosen],
            self.labels[chosen],
            self.videos[chosen],
            self.dialogues[chosen],
        )


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """What was learned about grams and columns.

    Attributes:
        grams: column of each gram, for each namespace.
        idf: a value for each sparse column.
        means, scales: for each counted column, in the order of ``NUMBERS``.
    """

    grams: dict[str, dict[str, int]]
    idf: Array
    means: Array
    scales: Array

    def sparse(self, rows: Rows) -> tuple[Whole, Whole, Array]:
        """Row numbers, column numbers and values of everything that isn't zero."""
        at: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for row, described in enumerate(rows.described):
            for _, _, column, value in self.weighted(described.grams):
                at.append(row)
                columns.append(column)
                values.append(value)
        return np.array(at, np.int64), np.array(columns, np.int64), np.array(values, np.float32)

    def weighted(self, grams: Mapping[str, Counter[str]]) -> Iterator[tuple[str, str, int, float]]:
        """Namespace, gram, column and value of each gram that is known."""
        for space, counts in grams.items():
            known = self.grams[space]
            found = [
                (gram, known[gram], (1 + math.log(n)) * float(self.idf[known[gram]]))
                for gram, n in counts.items()
                if gram in known
            ]
            length = math.sqrt(sum(value * value for _, _, value in found)) or 1.0
            for gram, column, value in found:
                yield space, gram, column, value * WEIGHTS[space] / length

    def dense(self, rows: Rows) -> Array:
        """Standardised columns (n, width)."""
        scaled: Array = (rows.numbers - self.means) * self.scales
        return scaled


def fit_vectoriser(rows: Rows) -> Vectoriser:
    """Grams that occur in at least ``MIN_VIDEOS`` videos, their idf, and the columns' scales."""
    grams: dict[str, dict[str, int]] = {}
    idf: list[float] = []
    for space in SPACES:
        held: Counter[str] = Counter()
        videos: dict[str, set[str]] = defaultdict(set)
        for described, video in zip(rows.described, rows.videos, strict=True):
            for gram in described.grams[space]:
                held[gram] += 1
                videos[gram].add(video)
        kept = sorted(gram for gram, found in videos.items() if len(found) >= MIN_VIDEOS)
        grams[space] = {gram: len(idf) + i for i, gram in enumerate(kept)}
        idf += [math.log((1 + len(rows)) / (1 + held[gram])) + 1 for gram in kept]
    scales = SPREAD / (rows.numbers.std(axis=0) + 1e-6)
    return Vectoriser(
        grams, np.array(idf, np.float32), rows.numbers.mean(axis=0), scales.astype(np.float32)
    )


def prepare(dialogues: Sequence[Dialogue], pieces: WordPieces) -> Rows:
    """All therapist utterances of the dialogues, in order."""
    described: list[Described] = []
    read: list[Context] = []
    for dialogue in dialogues:
        found = describe(dialogue.utterances)
        described += found
        read += contexts(dialogue.utterances, found, pieces)
    counts = [len(d.labels) for d in dialogues]
    return Rows(
        tuple(described),
        tuple(read),
        np.array([d.numbers for d in described], np.float32).reshape(-1, len(NUMBERS)),
        np.array([_index(label) for d in dialogues for label in d.labels], np.int64),
        np.repeat(np.array([d.video for d in dialogues], np.str_), counts),
        np.repeat(np.arange(len(dialogues)), counts),
    )


def _index(label: Label | None) -> int:
    return -1 if label is None else LABELS.index(label)
