"""The fine-tuned encoder at work: log shares of the labels for each utterance in its context.

*Definition*: word pieces are embedded and pass the encoder's layers; from layer ``first`` on the
weights are the tuned ones, and each piece is told whose it is. The mean over the utterance's own
pieces, beside the counted columns, gives four scores.

Runs in onnxruntime with 8-bit integers. Weights keep 7 bits, so that no processor's 16-bit sums
overflow, and the scale of what enters each product was measured in training: an utterance's scores
depend neither on the machine nor on the utterances beside it, but for rounding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phrasing.contexts import Context
from pipeline.phrasing.corpus import LABELS
from pipeline.phrasing.encoder import EPSILON, HEADS, MATRICES, Array, Encoder
from pipeline.phrasing.graph import Graph
from pipeline.privacy import silence_telemetry

BITS = 7
THREADS = 2
# Pieces worked on at once: what stays in a processor's cache.
_BATCH = 512


@dataclass(frozen=True, slots=True)
class Tuned:
    """What fine-tuning changed.

    Attributes:
        first: the lowest layer that was tuned; those below are the encoder's.
        weights: the tuned layers under the encoder's names; ``parts`` (3, size) is added to each
            piece by whose it is; ``head`` (size + numbers, labels) and ``head_bias``.
        ranges: lowest and highest value that enters each matrix of each layer, by its name.
        means, scales: make the counted columns comparable: (numbers - means) * scales.
    """

    first: int
    weights: Mapping[str, Array]
    ranges: Mapping[str, tuple[float, float]]
    means: Array
    scales: Array

    @property
    def layers(self) -> int:
        """Layers in all, the encoder's below ``first`` among them."""
        return 1 + max(int(k.split(".")[1]) for k in self.weights if k.startswith("layer."))


class Network:
    """Encoder and tuned layers in an onnxruntime session; loading takes about 30 MB."""

    def __init__(self, encoder: Encoder, tuned: Tuned, *, threads: int = THREADS) -> None:
        silence_telemetry()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep: other stages run beside this one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self.pieces, self.tuned = encoder.pieces, tuned
        self._session = onnxruntime.InferenceSession(
            _graph(encoder, tuned), options, providers=["CPUExecutionProvider"]
        )

    def log_shares(self, contexts: Sequence[Context], numbers: Array) -> Array:
        """Natural logarithms of shares that sum to one (n, 4)."""
        found = np.zeros((len(contexts), len(LABELS)), np.float32)
        scaled = (numbers - self.tuned.means) * self.tuned.scales
        for batch in batches([len(context.pieces) for context in contexts], most=_BATCH):
            inputs = padded([contexts[i] for i in batch])
            inputs["numbers"] = scaled[batch].astype(np.float32)
            found[batch] = self._session.run(None, inputs)[0]
        return log_shares(found)


def log_shares(scores: Array) -> Array:
    """Scores made into logarithms of shares, row by row."""
    lowered = scores - scores.max(axis=1, keepdims=True)
    shares: Array = lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True))
    return shares


def batches(lengths: Sequence[int], *, most: int) -> list[list[int]]:
    """Indices of texts of like length, each batch of at most ``most`` pieces with padding."""
    found: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if not found or (len(found[-1]) + 1) * lengths[i] > most:
            found.append([])
        found[-1].append(i)
    return found


def padded(contexts: Sequence[Context]) -> dict[str, NDArray[np.generic]]:
    """The network's inputs for some contexts: pieces, parts, what to heed, weights of the mean."""
    shape = (len(contexts), max(len(context.pieces) for context in contexts))
    pieces, parts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    heeded, own = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    for row, context in enumerate(contexts):
        n = len(context.pieces)
        pieces[row, :n], parts[row, :n], heeded[row, :n] = context.pieces, context.parts, 1
        own[row, :n] = np.array(context.parts) == 1
    own /= own.sum(axis=1, keepdims=True)
    return {"pieces": pieces, "parts": parts, "heeded": heeded, "own": own}


def quantised(matrix: Array) -> tuple[NDArray[np.int8], Array]:
    """Integers and a scale for each column."""
    most = 2 ** (BITS - 1)
    scale = np.maximum(np.abs(matrix).max(axis=0) / np.float32(most), np.float32(1e-12))
    return np.round(matrix / scale).astype(np.int8), scale


def _graph(encoder: Encoder, tuned: Tuned) -> bytes:
    graph, size = Graph(), encoder.size
    x = _embedded(graph, encoder)
    for i in range(tuned.layers):
        if i == tuned.first:
            parts = graph.constant("parts_", tuned.weights["parts"])
            x = graph.add("Add", (x, graph.add("Gather", (parts, "parts"), "whose")), "told")
        x = _layer(graph, encoder.weights if i < tuned.first else tuned.weights, tuned, i, x)
    column = graph.constant("column", np.array([2], np.int64))
    weights = graph.add("Unsqueeze", ("own", column), "own_weights")
    axes = graph.constant("axes", np.array([1], np.int64))
    summed = graph.add("Mul", (x, weights), "weighted")
    mean = graph.add("ReduceSum", (summed, axes), "mean", keepdims=0)
    both = graph.add("Concat", (mean, "numbers"), "described", axis=1)
    head, bias = (graph.constant(f"{n}_", tuned.weights[n]) for n in ("head", "head_bias"))
    graph.add("Add", (graph.add("MatMul", (both, head), "raw"), bias), "scores")
    text: tuple[str, str] = ("texts", "length")
    numbers = len(tuned.weights["head"]) - size
    return graph.serialised(
        {
            "pieces": ("int64", text),
            "parts": ("int64", text),
            "heeded": ("int32", text),
            "own": ("float32", text),
            "numbers": ("float32", ("texts", numbers)),
        },
        {"scores": ("float32", ("texts", len(LABELS)))},
    )


def _embedded(graph: Graph, encoder: Encoder) -> str:
    words = encoder.weights["word"]
    # Rows are pieces here: a scale for each row.
    whole, scale = quantised(words.T)
    word = graph.constant("word", np.ascontiguousarray(whole.T))
    scales = graph.constant("word_scale", scale[:, None])
    looked = graph.add("Cast", (graph.add("Gather", (word, "pieces"), "word_ids"),), "word_f", to=1)
    x = graph.add("Mul", (looked, graph.add("Gather", (scales, "pieces"), "word_s")), "words")
    place = graph.constant("place", encoder.weights["place"])
    one, zero = (graph.constant(n, np.array([v], np.int64)) for n, v in (("one", 1), ("zero", 0)))
    shape = graph.add("Shape", ("pieces",), "shape")
    length = graph.add("Slice", (shape, one, graph.constant("two", np.array([2]))), "length_")
    places = graph.add("Slice", (place, zero, length, zero), "places")
    gain, shift = _norm(graph, "word_norm", encoder.weights["word_norm"])
    return graph.add(
        "LayerNormalization",
        (graph.add("Add", (x, places), "placed"), gain, shift),
        "embedded",
        epsilon=EPSILON,
    )


def _layer(graph: Graph, weights: Mapping[str, Array], tuned: Tuned, i: int, x: str) -> str:
    name = f"layer.{i}."
    lows = {m: tuned.ranges[name + m] for m in MATRICES}

    def product(matrix: str, entering: str, *, bias: bool = True) -> str:
        return _product(graph, name + matrix, weights, lows[matrix], entering, bias=bias)

    mixed = product("qkv", x)
    thirds = graph.split("Split", (mixed,), [f"{name}{part}" for part in "qkv"], axis=2)
    attended = graph.add(
        "MultiHeadAttention", (*thirds, "", "heeded"), f"{name}attended", own=True, num_heads=HEADS
    )
    x = _skip(graph, weights, f"{name}mix", product("mix", attended), x)
    wide = product("wide", x, bias=False)
    bias = graph.constant(f"{name}wide_bias", weights[f"{name}wide_bias"])
    bent = graph.add("FastGelu", (wide, bias), f"{name}bent", own=True)
    return _skip(graph, weights, f"{name}narrow", product("narrow", bent), x)


def _product(
    graph: Graph,
    name: str,
    weights: Mapping[str, Array],
    range_: tuple[float, float],
    entering: str,
    *,
    bias: bool,
) -> str:
    """A matrix product in integers; what lies outside the measured range is clipped."""
    low, high = min(range_[0], 0.0), max(range_[1], 0.0)
    step = (high - low) / 255 or 1.0
    scale = graph.constant(f"{name}_step", np.array(step, np.float32))
    zero = graph.constant(f"{name}_zero", np.array(round(-low / step), np.uint8))
    whole, columns = quantised(weights[name])
    matrix = graph.constant(name, whole)
    per_column = graph.constant(f"{name}_scale", columns)
    integers = graph.add("QuantizeLinear", (entering, scale, zero), f"{name}_in")
    inputs = [integers, matrix, scale, per_column, zero]
    if bias:
        inputs += ["", graph.constant(f"{name}_bias", weights[f"{name}_bias"])]
    return graph.add("MatMulIntegerToFloat", inputs, f"{name}_out", own=True)


def _skip(graph: Graph, weights: Mapping[str, Array], name: str, x: str, past: str) -> str:
    gain, shift = _norm(graph, f"{name}_norm", weights[f"{name}_norm"])
    return graph.add(
        "SkipLayerNormalization", (x, past, gain, shift), f"{name}_on", own=True, epsilon=EPSILON
    )


def _norm(graph: Graph, name: str, gain_shift: Array) -> tuple[str, str]:
    return (
        graph.constant(f"{name}_gain", np.ascontiguousarray(gain_shift[0])),
        graph.constant(f"{name}_shift", np.ascontiguousarray(gain_shift[1])),
    )
