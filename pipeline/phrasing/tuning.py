"""Fine-tuning: the encoder's upper layers learn what therapists' utterances do.

*Definition*: cross-entropy over the four labels, AdamW, the step size rising for the first tenth
of all steps and falling to nothing. Of two passes one shows an utterance as it was written, the
other without punctuation, half of the time with words misheard. The lower layers never change, so
what they make of each text is computed once.

Needs torch, and up to 5 GB of memory for a corpus of 100,000 words. With the same seed and the
same number of threads the weights are the same. Products run in bfloat16, which processors with
AMX do several times faster.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.phrasing.contexts import PARTS, Context
from pipeline.phrasing.corpus import LABELS
from pipeline.phrasing.encoder import EPSILON, HEADS, Array, Encoder
from pipeline.phrasing.network import Tuned, batches, log_shares, padded
from pipeline.phrasing.vectors import SPREAD, Rows, Whole

Parameters = dict[str, Any]  # tensors by the encoder's names
Ranges = dict[str, tuple[float, float]]

_BATCH = 4096  # pieces, where nothing is learned
_MEASURED = 200  # contexts that the ranges of the products are measured on


@dataclass(frozen=True, slots=True)
class Settings:
    """How the network is tuned; chosen on another split than the card's (docs/phrasing-model.md).

    Attributes:
        layers, first: layers that are used, the lowest that is tuned.
        epochs: passes over all utterances.
        rate, head_rate: highest step size of the top layer, and of what is new.
        decay: of the step size from each layer to the one below.
        smoothing: of the labels.
        dropout: of vectors' numbers; ``blanks`` of whole pieces.
    """

    layers: int = 4
    first: int = 2
    epochs: int = 4
    rate: float = 1e-4
    head_rate: float = 1e-3
    decay: float = 0.85
    warmup: float = 0.1
    smoothing: float = 0.05
    dropout: float = 0.1
    blanks: float = 0.0
    batch: int = 32
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Copy:
    """A corpus in one form; ``texts``: what the lower layers make of each context."""

    contexts: tuple[Context, ...]
    numbers: Array
    texts: list[Any]


class Tuning:
    """Tunes networks on some rows of a corpus.

    Args:
        copies: the corpus as written, without punctuation, and misheard, rows in the same order;
            their grams are not kept.
    """

    def __init__(self, encoder: Encoder, copies: Iterable[Rows], settings: Settings) -> None:
        import torch

        self._torch = torch
        self._encoder, self._settings = encoder, settings
        self._ranges: Ranges = {}
        lower = _tensors(torch, encoder.weights)
        self._copies: list[_Copy] = []
        for rows in copies:
            texts = self._read(lower, rows.contexts)
            self._copies.append(_Copy(rows.contexts, rows.numbers, texts))
            self._labels = rows.labels

    def learn(self, rows: Whole) -> Tuned:
        """A network from these rows."""
        torch, settings = self._torch, self._settings
        torch.manual_seed(settings.seed)
        chance = random.Random(settings.seed)  # noqa: S311 (no secret)
        means, scales = self._columns(rows)
        weights = {k: t.requires_grad_() for k, t in _tensors(torch, self._beginning()).items()}
        optimiser = torch.optim.AdamW(self._groups(weights), betas=(0.9, 0.98), fused=True)
        steps = [step for nth in range(settings.epochs) for step in self._pass(rows, nth, chance)]
        highest = [group["lr"] for group in optimiser.param_groups]
        for done, step in enumerate(steps):
            share = min((done + 1) / (settings.warmup * len(steps) + 1), 1 - done / len(steps))
            for group, rate in zip(optimiser.param_groups, highest, strict=True):
                group["lr"] = rate * share
            with torch.autocast("cpu", torch.bfloat16):
                scores = self._forward(weights, step, means, scales, learning=True)
            labels = torch.tensor([int(self._labels[row]) for _, row in step])
            loss = torch.nn.functional.cross_entropy(
                scores.float(), labels, label_smoothing=settings.smoothing
            )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
        ranges = self._measured(weights, rows, means, scales)
        learned = {name: tensor.detach().numpy().copy() for name, tensor in weights.items()}
        return Tuned(settings.first, learned, ranges, means, scales)

    def log_shares(self, tuned: Tuned, *, rows: Whole) -> Array:
        """What a network says of the first copy's rows, with no weight rounded."""
        weights = _tensors(self._torch, tuned.weights)
        with self._torch.no_grad():
            scores = [
                self._forward(weights, [(0, int(row))], tuned.means, tuned.scales) for row in rows
            ]
        return log_shares(self._torch.cat(scores).numpy())

    def _columns(self, rows: Whole) -> tuple[Array, Array]:
        numbers = np.concatenate([copy.numbers[rows] for copy in self._copies[:2]])
        scales = SPREAD / (numbers.std(axis=0) + np.float32(1e-6))
        return numbers.mean(axis=0), scales.astype(np.float32)

    def _beginning(self) -> dict[str, Array]:
        settings, size = self._settings, self._encoder.size
        chance = np.random.default_rng(settings.seed)
        kept = tuple(f"layer.{i}." for i in range(settings.first, settings.layers))
        own = {k: w for k, w in self._encoder.weights.items() if k.startswith(kept)}
        width = size + self._copies[0].numbers.shape[1]
        own["head"] = chance.normal(0, 0.02, (width, len(LABELS))).astype(np.float32)
        own["head_bias"] = np.zeros(len(LABELS), np.float32)
        own["parts"] = np.zeros((PARTS, size), np.float32)
        return own

    def _groups(self, weights: Parameters) -> list[dict[str, Any]]:
        settings = self._settings
        new = [t for name, t in weights.items() if not name.startswith("layer.")]
        groups = [{"params": new, "lr": settings.head_rate, "weight_decay": 0.01}]
        for i in range(settings.first, settings.layers):
            rate = settings.rate * settings.decay ** (settings.layers - 1 - i)
            own = [t for name, t in weights.items() if name.startswith(f"layer.{i}.")]
            groups.append({"params": own, "lr": rate, "weight_decay": 0.01})
        return groups

    def _pass(self, rows: Whole, nth: int, chance: random.Random) -> list[list[tuple[int, int]]]:
        """Batches of (copy, row) in random order, each of texts of like length."""
        changed = range(1, len(self._copies))
        shown = [(0 if (row + nth) % 2 else chance.choice([1, *changed]), int(row)) for row in rows]
        chance.shuffle(shown)
        size = self._settings.batch
        found: list[list[tuple[int, int]]] = []
        for start in range(0, len(shown), size * 24):
            near = sorted(shown[start : start + size * 24], key=self._length)
            found += [near[i : i + size] for i in range(0, len(near), size)]
        chance.shuffle(found)
        return found

    def _length(self, shown: tuple[int, int]) -> int:
        copy, row = shown
        return len(self._copies[copy].contexts[row].pieces)

    def _read(self, lower: Parameters, contexts: Sequence[Context]) -> list[Any]:
        """What the lower layers make of each context: (pieces, size) in half the memory."""
        torch = self._torch
        found: list[Any] = [None] * len(contexts)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for batch in batches([len(context.pieces) for context in contexts], most=_BATCH):
                inputs = padded([contexts[i] for i in batch])
                pieces = torch.tensor(inputs["pieces"])
                x = lower["word"][pieces] + lower["place"][: pieces.shape[1]]
                x = _norm(torch, x, lower["word_norm"])
                heeded = _heeded(torch, inputs["heeded"])
                for i in range(self._settings.first):
                    x = _layer(torch, lower, f"layer.{i}.", x, heeded, self._ranges)
                for row, i in enumerate(batch):
                    found[i] = x[row, : len(contexts[i].pieces)].bfloat16().clone()
        return found

    def _forward(
        self,
        weights: Parameters,
        shown: Sequence[tuple[int, int]],
        means: Array,
        scales: Array,
        *,
        learning: bool = False,
        ranges: Ranges | None = None,
    ) -> Any:
        torch, settings = self._torch, self._settings
        drop = torch.nn.functional.dropout
        inputs = padded([self._copies[copy].contexts[row] for copy, row in shown])
        texts = [self._copies[copy].texts[row] for copy, row in shown]
        x = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True).float()
        x = x + weights["parts"][torch.tensor(inputs["parts"])]
        if settings.blanks:
            x = x * drop(torch.ones(x.shape[:2]), settings.blanks, learning)[..., None].gt(0)
        x = drop(x, settings.dropout, learning)
        heeded = _heeded(torch, inputs["heeded"])
        for i in range(settings.first, settings.layers):
            x = _layer(torch, weights, f"layer.{i}.", x, heeded, ranges)
        mean = (x.float() * torch.tensor(inputs["own"])[..., None]).sum(dim=1)
        numbers = np.stack([self._copies[copy].numbers[row] for copy, row in shown])
        columns = torch.tensor(((numbers - means) * scales).astype(np.float32))
        both = torch.cat([drop(mean, settings.dropout, learning), columns], dim=1)
        return both @ weights["head"] + weights["head_bias"]

    def _measured(self, weights: Parameters, rows: Whole, means: Array, scales: Array) -> Ranges:
        """The range of what enters each product, the lower layers' included."""
        ranges = dict(self._ranges)
        shown = [(copy, int(row)) for row in rows[:: -(-len(rows) // _MEASURED)] for copy in (0, 1)]
        shown.sort(key=self._length)
        with self._torch.no_grad():
            for start in range(0, len(shown), self._settings.batch):
                batch = shown[start : start + self._settings.batch]
                self._forward(weights, batch, means, scales, ranges=ranges)
        return ranges


def _layer(
    torch: Any, w: Mapping[str, Any], name: str, x: Any, heeded: Any, ranges: Ranges | None
) -> Any:
    """One transformer layer; ``ranges`` is told of what enters its products."""

    def product(matrix: str, entering: Any) -> Any:
        if ranges is not None:
            low, high = ranges.get(name + matrix, (0.0, 0.0))
            ranges[name + matrix] = (
                min(low, float(entering.min())),
                max(high, float(entering.max())),
            )
        return torch.nn.functional.linear(entering, w[name + matrix].t(), w[f"{name}{matrix}_bias"])

    n, length, size = x.shape
    heads = product("qkv", x).view(n, length, 3, HEADS, size // HEADS)
    q, k, v = heads.permute(2, 0, 3, 1, 4)
    fits = q * (size // HEADS) ** -0.5 @ k.transpose(-1, -2)
    weighed = torch.softmax(fits + heeded.to(fits.dtype), dim=-1)
    attended = (weighed.to(v.dtype) @ v).transpose(1, 2).reshape(n, length, size)
    x = _norm(torch, x + product("mix", attended), w[name + "mix_norm"])
    bent = torch.nn.functional.gelu(product("wide", x), approximate="tanh")
    return _norm(torch, x + product("narrow", bent), w[name + "narrow_norm"])


def _norm(torch: Any, x: Any, gain_shift: Any) -> Any:
    return torch.nn.functional.layer_norm(
        x, x.shape[-1:], gain_shift[0], gain_shift[1], eps=EPSILON
    )


def _heeded(torch: Any, heeded: Any) -> Any:
    return torch.tensor((heeded - 1) * np.float32(1e9))[:, None, None, :].float()


def _tensors(torch: Any, weights: Mapping[str, Array]) -> Parameters:
    return {name: torch.tensor(value) for name, value in weights.items()}
