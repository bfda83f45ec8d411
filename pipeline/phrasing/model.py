"""The phrasing model: how likely each therapist utterance reflects, asks, informs or does neither.

*Definition*: two readers, one linear in grams, columns and sentence vectors
(``pipeline.phrasing.vectors``), one with a hidden layer over columns and vectors; the mean of their
log shares is made into shares again, then each class calibrated by itself (Platt: a logistic curve
of the share's log odds, fitted on predictions for videos that were not trained on). There is one
set of weights for texts with punctuation and one for texts without; a dialogue is read by the one
that fits it.

*Conventions*: probabilities are (n, 4) in the order of ``LABELS``, one row for each therapist
utterance; calibrated one against the rest, so a row need not sum to one.

Runs on numpy alone. The file holds arrays and JSON, never pickles.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelUnavailable
from pipeline.phrasing.corpus import LABELS, Dialogue, Label, Utterance
from pipeline.phrasing.encoder import Encoder, load_encoder
from pipeline.phrasing.features import NUMBERS
from pipeline.phrasing.vectors import Array, Rows, Vectoriser, prepare

MODEL = Path(__file__).with_name("model.npz")
SCHEMA = 2

_MARKS = re.compile(r"[.?!]")
# Written English has a full stop or question mark every 8 to 20 words; a transcript with fewer
# than one in 40 was made without punctuation.
_WORDS_PER_MARK = 40


@dataclass(frozen=True, slots=True)
class Head:
    """Weights for one kind of text.

    Attributes:
        sparse, dense: the linear reader's weights (columns, 4); ``bias`` (4,).
        layers: the other reader's weights and biases: dense columns to hidden, hidden to four.
        slope, offset: Platt's curve for each class (4,).
        spread: for each class, how many binomial standard deviations the expected count of 80 % of
            unseen sessions lay from the experts' count (4,).
    """

    vectoriser: Vectoriser
    sparse: Array
    dense: Array
    bias: Array
    layers: tuple[Array, Array, Array, Array]
    slope: Array
    offset: Array
    spread: Array

    def shares(self, rows: Rows) -> Array:
        """Both readers' shares (n, 4), before calibration."""
        at, columns, values = self.vectoriser.sparse(rows)
        dense = self.vectoriser.dense(rows)
        scores: Array = dense @ self.dense + self.bias
        for k in range(len(LABELS)):
            weighted = values * self.sparse[columns, k]
            scores[:, k] += np.bincount(at, weighted, minlength=len(rows)).astype(np.float32)
        inward, inner_bias, outward, outer_bias = self.layers
        others: Array = np.maximum(dense @ inward + inner_bias, 0) @ outward + outer_bias
        mean: Array = (_log_shares(scores) + _log_shares(others)) * np.float32(0.5)
        shares: Array = np.exp(_log_shares(mean))
        return shares

    def probabilities(self, rows: Rows) -> Array:
        """Calibrated probabilities (n, 4)."""
        return calibrated(self.shares(rows), slope=self.slope, offset=self.offset)


@dataclass(frozen=True, slots=True)
class Expected:
    """How many utterances of a kind a session is expected to hold, with an 80 % interval."""

    count: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PhrasingModel:
    """Both heads, and what they were made of (``facts``: data, date-free, no text)."""

    with_punctuation: Head
    without_punctuation: Head
    facts: Mapping[str, Any]

    def head(self, said: Sequence[Utterance]) -> Head:
        """The head that fits these texts."""
        return self.with_punctuation if punctuated(said) else self.without_punctuation

    def probabilities(self, said: Sequence[Utterance], *, encoder: Encoder | None = None) -> Array:
        """(n, 4) for the therapist's utterances, in order.

        Utterances are what one person said before the other spoke, in the order of time; without
        punctuation they must be lower case, which ``Dialogue.without_punctuation`` makes them.
        """
        if not any(u.role == "therapist" for u in said):
            return np.zeros((0, len(LABELS)), np.float32)
        dialogue = Dialogue("", "", tuple(said))
        head = self.head(said)
        if head is self.without_punctuation:
            dialogue = dialogue.without_punctuation()
        return head.probabilities(prepare((dialogue,), encoder or load_encoder()))

    def drivers(self, said: Sequence[Utterance], index: int, label: Label) -> tuple[str, ...]:
        """The words of one utterance that most drove a label up; ``index`` as the rows above."""
        return self.all_drivers(said, ((index, label),))[0]

    def all_drivers(
        self, said: Sequence[Utterance], wanted: Sequence[tuple[int, Label]]
    ) -> tuple[tuple[str, ...], ...]:
        """The same for many (index, label) pairs at once, the texts read once."""
        from pipeline.phrasing.drivers import drivers

        return drivers(self.head(said), said, wanted)

    def expected(self, said: Sequence[Utterance], probabilities: Array) -> dict[Label, Expected]:
        """The expected count of each kind: the sum of its probabilities, with an 80 % interval."""
        spread = self.head(said).spread
        return {
            label: expected_count(probabilities[:, k], spread=float(spread[k]))
            for k, label in enumerate(LABELS)
        }


def punctuated(said: Sequence[Utterance]) -> bool:
    """Whether the texts carry full stops or question marks at all."""
    words = sum(len(u.text.split()) for u in said)
    marks = sum(len(_MARKS.findall(u.text)) for u in said)
    return marks * _WORDS_PER_MARK >= max(words, 1)


def expected_count(probabilities: Array, *, spread: float) -> Expected:
    """Sum of the probabilities, give or take ``spread`` binomial standard deviations."""
    count = float(probabilities.sum())
    wide = spread * binomial_deviation(probabilities)
    return Expected(count, max(0.0, count - wide), min(float(len(probabilities)), count + wide))


def binomial_deviation(probabilities: Array) -> float:
    """Standard deviation of a count of independent events; at least half an utterance."""
    return max(0.5, float(np.sqrt((probabilities * (1 - probabilities)).sum())))


def calibrated(shares: Array, *, slope: Array, offset: Array) -> Array:
    """Platt's curve over the log odds of the shares, for each class."""
    curve: Array = np.exp(-np.logaddexp(0, -(slope * log_odds(shares) + offset)))
    return curve


def log_odds(shares: Array) -> Array:
    """ln(p / (1 - p)), kept finite."""
    kept = np.clip(shares, 1e-6, 1 - 1e-6)
    odds: Array = np.log(kept / (1 - kept))
    return odds


def _log_shares(scores: Array) -> Array:
    lowered = scores - scores.max(axis=1, keepdims=True)
    shares: Array = lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True))
    return shares


def save_model(model: PhrasingModel, path: Path) -> None:
    """Write a model; weights in half precision, which changes no figure of its card."""
    facts = {"schema": SCHEMA, "labels": LABELS, "numbers": NUMBERS, **model.facts}
    arrays: dict[str, NDArray[Any]] = {"facts": _as_bytes(facts)}
    for name, head in _heads(model):
        vectoriser = head.vectoriser
        spaces = {space: list(grams) for space, grams in vectoriser.grams.items()}
        arrays[f"{name}.grams"] = _as_bytes(spaces)
        for key in ("idf", "means", "scales"):
            arrays[f"{name}.{key}"] = getattr(vectoriser, key).astype(np.float32)
        arrays[f"{name}.sparse"] = head.sparse.astype(np.float16)
        for i, layer in enumerate(head.layers):
            arrays[f"{name}.layer{i}"] = layer.astype(np.float16)
        for key in ("dense", "bias", "slope", "offset", "spread"):
            arrays[f"{name}.{key}"] = getattr(head, key).astype(np.float32)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load_model(path: Path = MODEL) -> PhrasingModel:
    """A model from its file.

    Raises:
        ModelUnavailable: the file is missing, damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            facts = json.loads(stored["facts"].tobytes())
            if facts["schema"] != SCHEMA or tuple(facts["numbers"]) != NUMBERS:
                raise ModelUnavailable(
                    f"{path.name} was made for another version of Attune; run attune phrasing train"
                )
            heads = {name: _head(stored, name) for name in ("marked", "bare")}
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise ModelUnavailable(
            f"the phrasing model {path.name} can't be loaded ({type(error).__name__}); install "
            "Attune again, or make one with attune phrasing train"
        ) from error
    return PhrasingModel(heads["marked"], heads["bare"], facts)


@lru_cache(maxsize=1)
def shipped_model() -> PhrasingModel:
    """The model that comes with Attune, loaded once."""
    return load_model(MODEL)


def _heads(model: PhrasingModel) -> tuple[tuple[str, Head], ...]:
    return (("marked", model.with_punctuation), ("bare", model.without_punctuation))


def _head(stored: "np.lib.npyio.NpzFile", name: str) -> Head:
    spaces: dict[str, list[str]] = json.loads(stored[f"{name}.grams"].tobytes())
    grams: dict[str, dict[str, int]] = {}
    start = 0
    for space, known in spaces.items():
        grams[space] = {gram: start + i for i, gram in enumerate(known)}
        start += len(known)
    own = {key: stored[f"{name}.{key}"] for key in ("idf", "means", "scales")}
    keys = ("sparse", "dense", "bias", "slope", "offset", "spread")
    weights = {key: stored[f"{name}.{key}"].astype(np.float32) for key in keys}
    first, second, third, fourth = (stored[f"{name}.layer{i}"].astype(np.float32) for i in range(4))
    return Head(Vectoriser(grams, **own), layers=(first, second, third, fourth), **weights)


def _as_bytes(value: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)
