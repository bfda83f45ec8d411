"""Sentence vectors out of the first layers of a public MiniLM, in numpy alone.

The weights are those of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), frozen: the word
pieces, the first three of its six layers (the other three added nothing to the scores), stored as
8-bit integers with one scale a row. A text's vector is the mean over its word pieces.

*Conventions*: texts longer than ``longest`` pieces keep their beginning and their end, where a
therapist's question usually is.

Source: Wang et al. 2020, MiniLM; Reimers & Gurevych 2019, Sentence-BERT.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelUnavailable

Array = NDArray[np.float32]
ENCODER = Path(__file__).with_name("encoder.npz")

# Pieces worked on at once: what stays in a processor's cache.
_BATCH = 512
_HEADS = 12
_PIECES = re.compile(r"\w+|[^\w\s]")


class Encoder:
    """Turns texts into vectors; one instance holds about 50 MB."""

    def __init__(self, weights: dict[str, Array], pieces: Sequence[str]) -> None:
        self._weights = weights
        self._pieces = {piece: i for i, piece in enumerate(pieces)}
        self._layers = 1 + max(int(k.split(".")[1]) for k in weights if k.startswith("layer."))
        self._words = lru_cache(maxsize=20_000)(self._split)

    @property
    def size(self) -> int:
        """Numbers in a vector."""
        return int(self._weights["word"].shape[1])

    def embed(self, texts: Sequence[str], *, longest: int) -> Array:
        """A vector for each text (n, size) from its ``longest`` pieces; zeros where it is empty."""
        found = np.zeros((len(texts), self.size), np.float32)
        pieces = [self._ids(text, longest) for text in texts]
        order = sorted((i for i, ids in enumerate(pieces) if ids), key=lambda i: len(pieces[i]))
        batch: list[int] = []
        for i in order:
            if batch and (len(batch) + 1) * len(pieces[i]) > _BATCH:
                found[batch] = self._forward([pieces[j] for j in batch])
                batch = []
            batch.append(i)
        if batch:
            found[batch] = self._forward([pieces[j] for j in batch])
        return found

    def _ids(self, text: str, longest: int) -> list[int]:
        plain = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        ids = [i for word in _PIECES.findall(plain) for i in self._words(word)]
        if not ids:
            return []
        if len(ids) > longest:
            half = longest // 2
            ids = ids[:half] + ids[-half:]
        return [self._pieces["[CLS]"], *ids, self._pieces["[SEP]"]]

    def _split(self, word: str) -> tuple[int, ...]:
        """WordPiece: the longest known beginning, then the longest known continuations."""
        ids: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                known = self._pieces.get(prefix + word[start:end])
                if known is not None:
                    break
            else:
                return (self._pieces["[UNK]"],)
            ids.append(known)
            start = end
        return tuple(ids)

    def _forward(self, batch: Sequence[Sequence[int]]) -> Array:
        w, length = self._weights, max(map(len, batch))
        ids = np.zeros((len(batch), length), np.int64)
        mask = np.zeros((len(batch), length), np.float32)
        for row, pieces in enumerate(batch):
            ids[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        x = _normed(w["word"][ids] + w["place"][:length], w["word_norm"])
        hidden = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for i in range(self._layers):
            x = self._layer(x, hidden, f"layer.{i}.")
        summed: Array = (x * mask[..., None]).sum(axis=1)
        means: Array = summed / mask.sum(axis=1, keepdims=True)
        return means

    def _layer(self, x: Array, hidden: Array, name: str) -> Array:
        w, (n, length, size) = self._weights, x.shape
        mixed = x.reshape(-1, size) @ w[name + "qkv"] + w[name + "qkv_bias"]
        q, k, v = mixed.reshape(n, length, 3, _HEADS, -1).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(size // _HEADS)) + hidden
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        attended = (scores @ v).transpose(0, 2, 1, 3).reshape(-1, size)
        flat = x.reshape(-1, size)
        flat = _normed(
            flat + attended @ w[name + "mix"] + w[name + "mix_bias"], w[name + "mix_norm"]
        )
        wide = _gelu(flat @ w[name + "wide"] + w[name + "wide_bias"])
        flat = _normed(
            flat + wide @ w[name + "narrow"] + w[name + "narrow_bias"], w[name + "narrow_norm"]
        )
        return flat.reshape(n, length, size)


@lru_cache(maxsize=1)
def load_encoder(path: Path = ENCODER) -> Encoder:
    """The shipped encoder, loaded once.

    Raises:
        ModelUnavailable: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            pieces = json.loads(stored["pieces"].tobytes())
            return Encoder(dict(_restored(stored)), pieces)
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise ModelUnavailable(
            f"the phrasing encoder {path.name} can't be loaded ({type(error).__name__}); "
            "install Attune again"
        ) from error


def save_encoder(path: Path, weights: dict[str, Array], pieces: Sequence[str]) -> None:
    """Weights as 8-bit integers with a scale for each row; vectors stay as they are."""
    arrays: dict[str, NDArray[np.generic]] = {
        "pieces": np.frombuffer(json.dumps(list(pieces)).encode(), np.uint8)
    }
    for name, value in weights.items():
        if value.ndim == 2 and not name.endswith("norm"):
            scale = np.abs(value).max(axis=1, keepdims=True) / 127 + np.float32(1e-12)
            arrays[name + ":scale"] = scale.astype(np.float32)
            arrays[name] = np.round(value / scale).astype(np.int8)
        else:
            arrays[name] = value.astype(np.float32)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def _restored(stored: "np.lib.npyio.NpzFile") -> Iterator[tuple[str, Array]]:
    for name in stored.files:
        if name != "pieces" and not name.endswith(":scale"):
            value = stored[name].astype(np.float32)
            yield name, value * stored[name + ":scale"] if name + ":scale" in stored else value


def _normed(x: Array, gain_shift: Array) -> Array:
    x = x - x.mean(axis=-1, keepdims=True)
    x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(1e-12))
    normed: Array = x * gain_shift[0] + gain_shift[1]
    return normed


def _gelu(x: Array) -> Array:
    """GELU in its tanh form, in place where it can be: this is a third of the encoder's time."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += 1
    inner *= x
    inner *= np.float32(0.7978845608)
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
