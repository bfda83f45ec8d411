"""The phrasing model: how likely each therapist utterance reflects, asks, informs or does neither.

*Definition*: two readers, one linear in grams and counted columns (``pipeline.phrasing.vectors``),
one a fine-tuned encoder that reads the utterance in its context (``pipeline.phrasing.network``).
The weighted mean of their log shares, made into shares again, is the probability: smoothed labels
and the penalty keep both readers modest enough that among utterances said to reflect with
probability .7, seven in ten do (docs/phrasing-model.md). The linear reader comes twice, for texts
with punctuation and without; a dialogue is read by the one that fits it. The network has learned
both.

*Conventions*: probabilities are (n, 4) in the order of ``LABELS``, one row for each therapist
utterance; a row sums to one.

Runs on numpy and onnxruntime. The files hold arrays and JSON, never pickles.
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
from pipeline.phrasing.encoder import MATRICES, load_encoder
from pipeline.phrasing.features import NUMBERS
from pipeline.phrasing.network import Network, Tuned, log_shares, quantised
from pipeline.phrasing.vectors import Array, Rows, Vectoriser, prepare

MODEL = Path(__file__).with_name("model.npz")
SCHEMA = 3
# Of the network, in the mean of both readers' log shares (on another split than the card's).
BLEND = 0.65
# Of the odds that are added up to a count; 1.5 to 3 order sessions alike, more counts too few.
SHARPER = 1.5

_TUNED = "tuned."
_MARKS = re.compile(r"[.?!]")
# Written English has a full stop or question mark every 8 to 20 words; a transcript with fewer
# than one in 40 was made without punctuation.
_WORDS_PER_MARK = 40


@dataclass(frozen=True, slots=True)
class Head:
    """The linear reader for one kind of text, and how wide its counts' intervals are.

    Attributes:
        sparse, dense: weights (columns, 4); ``bias`` (4,).
        spread: for each class, how many binomial standard deviations the expected count of 80 % of
            unseen sessions lay from the experts' count (4,).
    """

    vectoriser: Vectoriser
    sparse: Array
    dense: Array
    bias: Array
    spread: Array

    def log_shares(self, rows: Rows) -> Array:
        """The linear reader's (n, 4)."""
        at, columns, values = self.vectoriser.sparse(rows)
        scores: Array = self.vectoriser.dense(rows) @ self.dense + self.bias
        for k in range(len(LABELS)):
            weighted = values * self.sparse[columns, k]
            scores[:, k] += np.bincount(at, weighted, minlength=len(rows)).astype(np.float32)
        return log_shares(scores)

    def probabilities(self, rows: Rows, network: Array) -> Array:
        """Probabilities (n, 4); ``network``: its log shares of the same rows."""
        return blended(self.log_shares(rows), network)


@dataclass(frozen=True, slots=True)
class Expected:
    """How many utterances of a kind a session is expected to hold, with an 80 % interval."""

    count: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PhrasingModel:
    """Both heads, the network, and what they were made of (``facts``: data, date-free, no text)."""

    with_punctuation: Head
    without_punctuation: Head
    network: Network
    facts: Mapping[str, Any]

    def head(self, said: Sequence[Utterance]) -> Head:
        """The head that fits these texts."""
        return self.with_punctuation if punctuated(said) else self.without_punctuation

    def probabilities(self, said: Sequence[Utterance]) -> Array:
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
        return self.judge(head, prepare((dialogue,), self.network.pieces))

    def judge(self, head: Head, rows: Rows) -> Array:
        """Probabilities of rows by one of the heads."""
        return head.probabilities(rows, self.network.log_shares(rows.contexts, rows.numbers))

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
        """The expected count of each kind, with an 80 % interval."""
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
    """How many utterances of a kind there are, give or take ``spread`` binomial deviations.

    The sum of the probabilities, each sharpened: odds to the power of ``SHARPER``. Small chances in
    many utterances of one session are mostly one mistake made many times; the plain sum orders
    sessions worse and lies farther from the experts' counts (docs/phrasing-model.md).
    """
    count = float(sharpened(probabilities).sum())
    wide = spread * binomial_deviation(probabilities)
    return Expected(count, max(0.0, count - wide), min(float(len(probabilities)), count + wide))


def sharpened(probabilities: Array) -> Array:
    """Probabilities moved away from one half."""
    chance, against = probabilities**SHARPER, (1 - probabilities) ** SHARPER
    sharper: Array = np.asarray(chance / (chance + against), np.float32)
    return sharper


def binomial_deviation(probabilities: Array) -> float:
    """Standard deviation of a count of independent events; at least half an utterance."""
    return max(0.5, float(np.sqrt((probabilities * (1 - probabilities)).sum())))


def blended(linear: Array, network: Array) -> Array:
    """Probabilities from both readers' log shares."""
    mean = linear * np.float32(1 - BLEND) + network * np.float32(BLEND)
    probabilities: Array = np.exp(log_shares(mean))
    return probabilities


def save_model(model: PhrasingModel, path: Path) -> None:
    """Write a model; the network as the integers it runs on, other weights in half precision."""
    tuned = model.network.tuned
    facts = {
        "schema": SCHEMA,
        "labels": LABELS,
        "numbers": NUMBERS,
        "first": tuned.first,
        "ranges": tuned.ranges,
        **model.facts,
    }
    arrays: dict[str, NDArray[Any]] = {"facts": _as_bytes(facts)}
    for name, head in (("marked", model.with_punctuation), ("bare", model.without_punctuation)):
        vectoriser = head.vectoriser
        spaces = {space: list(grams) for space, grams in vectoriser.grams.items()}
        arrays[f"{name}.grams"] = _as_bytes(spaces)
        for key in ("idf", "means", "scales"):
            arrays[f"{name}.{key}"] = getattr(vectoriser, key).astype(np.float32)
        arrays[f"{name}.sparse"] = head.sparse.astype(np.float16)
        for key in ("dense", "bias", "spread"):
            arrays[f"{name}.{key}"] = np.asarray(getattr(head, key), np.float32)
    arrays |= {"network.means": tuned.means, "network.scales": tuned.scales}
    for name, weights in tuned.weights.items():
        if name.endswith(MATRICES):
            arrays[_TUNED + name], arrays[f"{_TUNED}{name}:scale"] = quantised(weights)
        else:
            arrays[_TUNED + name] = weights
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load_model(path: Path = MODEL) -> PhrasingModel:
    """A model from its file, on the encoder that ships.

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
            marked, bare = _head(stored, "marked"), _head(stored, "bare")
            tuned = _tuned(stored, facts)
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise ModelUnavailable(
            f"the phrasing model {path.name} can't be loaded ({type(error).__name__}); install "
            "Attune again, or make one with attune phrasing train"
        ) from error
    return PhrasingModel(marked, bare, Network(load_encoder(), tuned), facts)


@lru_cache(maxsize=1)
def shipped_model() -> PhrasingModel:
    """The model that comes with Attune, loaded once."""
    return load_model(MODEL)


def _head(stored: "np.lib.npyio.NpzFile", name: str) -> Head:
    spaces: dict[str, list[str]] = json.loads(stored[f"{name}.grams"].tobytes())
    grams: dict[str, dict[str, int]] = {}
    start = 0
    for space, known in spaces.items():
        grams[space] = {gram: start + i for i, gram in enumerate(known)}
        start += len(known)
    own = {key: stored[f"{name}.{key}"] for key in ("idf", "means", "scales")}
    keys = ("sparse", "dense", "bias", "spread")
    weights = {key: stored[f"{name}.{key}"].astype(np.float32) for key in keys}
    return Head(Vectoriser(grams, **own), **weights)


def _tuned(stored: "np.lib.npyio.NpzFile", facts: Mapping[str, Any]) -> Tuned:
    weights: dict[str, Array] = {}
    for name in stored.files:
        if name.startswith(_TUNED) and not name.endswith(":scale"):
            value = stored[name].astype(np.float32)
            scaled = value * stored[f"{name}:scale"] if f"{name}:scale" in stored else value
            weights[name.removeprefix(_TUNED)] = scaled
    ranges = {name: (float(low), float(high)) for name, (low, high) in facts["ranges"].items()}
    columns = (stored[f"network.{key}"].astype(np.float32) for key in ("means", "scales"))
    return Tuned(int(facts["first"]), weights, ranges, *columns)


def _as_bytes(value: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)
