"""The encoder to start from: the first four of six layers of a public MiniLM, as they were made.

The weights are those of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), stored as 8-bit
integers with one scale a row. ``pipeline.phrasing.tuning`` fits the upper layers to therapists'
utterances; the word pieces and the lower layers stay as they are and are read from this file.

Source: Wang et al. 2020, MiniLM; Reimers & Gurevych 2019, Sentence-BERT.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelUnavailable
from pipeline.phrasing.wordpieces import WordPieces

Array = NDArray[np.float32]
ENCODER = Path(__file__).with_name("encoder.npz")
HEADS = 12
# Of one layer: (inputs, outputs) each, with a bias of their own.
MATRICES = ("qkv", "mix", "wide", "narrow")
EPSILON = 1e-12  # of every layer norm, as in the original


@dataclass(frozen=True, slots=True)
class Encoder:
    """Word pieces and weights.

    Attributes:
        weights: ``word`` (pieces, size), ``place`` (positions, size), ``word_norm`` (2, size); for
            each layer ``layer.N.`` with each of ``MATRICES``, their ``_bias``, and the gain and
            offset ``mix_norm`` and ``narrow_norm`` (2, size).
    """

    pieces: WordPieces
    weights: Mapping[str, Array]

    @property
    def layers(self) -> int:
        """Layers that are there."""
        return 1 + max(int(k.split(".")[1]) for k in self.weights if k.startswith("layer."))

    @property
    def size(self) -> int:
        """Numbers in a vector."""
        return int(self.weights["word"].shape[1])


def load_encoder(path: Path = ENCODER) -> Encoder:
    """The encoder that ships: about 80 MB while it is held.

    Raises:
        ModelUnavailable: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            pieces = json.loads(stored["pieces"].tobytes())
            return Encoder(WordPieces(pieces), dict(_restored(stored)))
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
