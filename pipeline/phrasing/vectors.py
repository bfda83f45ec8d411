"""Descriptions as numbers: weighted grams (sparse) beside standardised columns (dense).

*Definition*: a gram's value is (1 + ln count) x idf, each namespace of a row scaled to length
``WEIGHTS[space]``; idf = ln((1 + rows) / (1 + rows that hold it)) + 1. Dense columns have mean 0
and the standard deviation given here, on the rows that were fitted.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phrasing.corpus import LABELS, Dialogue
from pipeline.phrasing.encoder import Encoder
from pipeline.phrasing.features import SPACES, Described, describe

Array = NDArray[np.float32]
Whole = NDArray[np.int64]

# Chosen by macro-F1 in five folds by video (docs/phrasing-model.md): what was said counts most.
WEIGHTS = dict(zip(SPACES, (1.0, 1.0, 1.0, 0.5, 0.7, 0.3, 0.5, 0.3), strict=True))
SPREADS = {"numbers": 0.3, "own": 0.05, "before": 0.03, "after": 0.04, "last": 0.03, "near": 0.3}
# Word pieces that are read of an utterance: an hour's session stays within a second.
LONGEST = {"therapist": 64, "client": 32}
# A gram of fewer videos than this is one conversation's own words, not a way of speaking.
MIN_VIDEOS = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """Therapist utterances of some dialogues, described and embedded.

    Attributes:
        dense: unscaled columns by group of ``SPREADS``, each (n, width).
        labels: index into ``LABELS`` for each row.
        videos: group for each row; rows of one video are never split.
        dialogues: index of the dialogue for each row.
    """

    described: tuple[Described, ...]
    dense: dict[str, Array]
    labels: Whole
    videos: NDArray[np.str_]
    dialogues: Whole

    def __len__(self) -> int:
        return len(self.described)

    def take(self, chosen: Whole) -> "Rows":
        """Some of the rows."""
        dense = {name: columns[chosen] for name, columns in self.dense.items()}
        described = tuple(self.described[i] for i in chosen)
        return Rows(
            described, dense, self.labels[chosen], self.videos[chosen], self.dialogues[chosen]
        )


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """What was learned about grams and columns.

    Attributes:
        grams: column of each gram, for each namespace.
        idf: a value for each sparse column.
        means, scales: for each dense column, in the order of ``SPREADS``.
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
        stacked = np.hstack([rows.dense[name] for name in SPREADS])
        scaled: Array = (stacked - self.means) * self.scales
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
    stacked = np.hstack([rows.dense[name] for name in SPREADS])
    wide = [np.full(rows.dense[name].shape[1], spread) for name, spread in SPREADS.items()]
    scales = np.concatenate(wide) / (stacked.std(axis=0) + 1e-6)
    return Vectoriser(
        grams, np.array(idf, np.float32), stacked.mean(axis=0), scales.astype(np.float32)
    )


def prepare(dialogues: Sequence[Dialogue], encoder: Encoder) -> Rows:
    """All therapist utterances of the dialogues, in order."""
    described: list[Described] = []
    own: list[tuple[int, int | None, int | None, int | None]] = []
    start = 0
    for dialogue in dialogues:
        found = describe(dialogue.utterances)
        described += found
        own += [
            (start + a, *(None if i is None else start + i for i in near))  # type: ignore[misc]
            for a, *near in (d.texts for d in found)
        ]
        start += len(dialogue.utterances)
    counts = [len(d.labels) for d in dialogues]
    return Rows(
        tuple(described),
        _dense(described, own, _embedded(dialogues, encoder)),
        np.array([LABELS.index(label) for d in dialogues for label in d.labels], np.int64),
        np.repeat(np.array([d.video for d in dialogues], np.str_), counts),
        np.repeat(np.arange(len(dialogues)), counts),
    )


def _embedded(dialogues: Sequence[Dialogue], encoder: Encoder) -> Array:
    """A vector for each utterance, the client's from fewer pieces: they are only context."""
    said = [u for dialogue in dialogues for u in dialogue.utterances]
    vectors = np.zeros((len(said), encoder.size), np.float32)
    for role, longest in LONGEST.items():
        own = [i for i, u in enumerate(said) if u.role == role]
        vectors[own] = encoder.embed([said[i].text for i in own], longest=longest)
    return vectors


def _dense(
    described: Sequence[Described],
    own: Sequence[tuple[int, int | None, int | None, int | None]],
    vectors: Array,
) -> dict[str, Array]:
    """The columns by group; a neighbour that isn't there is a vector of zeros."""
    padded = np.vstack([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
    at = np.array([[-1 if i is None else i for i in row] for row in own], np.int64).reshape(-1, 4)
    said, before, after, last = (padded[at[:, i]] for i in range(4))
    pairs = ((said, before), (said, after), (said, last), (before, after))
    return {
        "numbers": np.array([d.numbers for d in described], np.float32).reshape(len(own), -1),
        "own": said,
        "before": before,
        "after": after,
        "last": last,
        "near": np.stack([_cosine(a, b) for a, b in pairs], axis=1),
    }


def _cosine(a: Array, b: Array) -> Array:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine: Array = (a * b).sum(axis=1) / (lengths + np.float32(1e-9))
    return cosine
