"""How well the phrasing model tells what experts told, on dialogues with labels.

*Conventions*: the unit is the utterance as the corpus has it (what one person said before the other
spoke), one label each. The model's answer is its most probable class.

*Metrics*: precision, recall and F1 for each class and their mean (macro-F1); the area under the ROC
curve of "reflects"; expected calibration error (ten bins of equal width, weighted by size); over
sessions of at least 20 therapist turns, Spearman's correlation of expected with labelled shares,
and how often the 80 % interval of the expected count holds the labelled count. All of it for texts
with punctuation, for the same in lower case without, and F1 for the latter with words misheard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.phrasing.corpus import LABELS, Dialogue
from pipeline.phrasing.encoder import Encoder
from pipeline.phrasing.misheard import misheard
from pipeline.phrasing.model import PhrasingModel, expected_count
from pipeline.phrasing.training import MIN_TURNS, fit, grouped_folds, study, video_mark
from pipeline.phrasing.vectors import Array, Rows, prepare
from pipeline.records import Progress

BINS = 10
# Expected word error rates; of other draws than the model learned from.
ERRORS = (0.1, 0.2)
_SEED = 1
_SHARES = LABELS[:3]


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows with the model's probabilities and, for each row, the head's spread."""

    rows: Rows
    probabilities: Array
    spread: Array


def apply(model: PhrasingModel, dialogues: Sequence[Dialogue]) -> dict[str, Any]:
    """Scores of a model as it stands; nothing is fitted.

    The note says how many of the videos the model was trained on: those figures flatter.
    """
    kinds = [prepare(kind, model.network.pieces) for kind in _kinds(dialogues)]
    judged = [
        _judge(model, rows.take(rows.judged), marked=nth == 0) for nth, rows in enumerate(kinds)
    ]
    known = set(model.facts.get("videos", ()))
    videos = {d.video for d in dialogues}
    seen = sum(video_mark(video) in known for video in videos)
    note = (
        f"{seen} of these {len(videos)} videos trained the model: the figures flatter it; "
        "use --folds 5 for honest ones"
        if seen
        else ""
    )
    return {"method": "the model as it stands", "note": note, **as_json(judged)}


def cross_validate(
    dialogues: Sequence[Dialogue], encoder: Encoder, *, folds: int, progress: Progress
) -> dict[str, Any]:
    """Scores of models trained on the other folds, no video in two folds.

    Raises:
        EvaluationError: too few videos, or a label that a fold can't learn.
    """
    kinds = [prepare(kind, encoder.pieces) for kind in _kinds(dialogues)]
    known = kinds[0].judged
    kinds = [rows.take(known) for rows in kinds]
    splits = list(grouped_folds(kinds[0].videos, folds))
    progress("phrasing", 0.0)
    corpus = study(dialogues, encoder)
    shape = (len(kinds), len(kinds[0]), len(LABELS))
    probabilities, spread = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for done, (inside, outside) in enumerate(splits):
        model = fit(corpus, known[inside])
        for nth, rows in enumerate(kinds):
            one = _judge(model, rows.take(outside), marked=nth == 0)
            probabilities[nth, outside], spread[nth, outside] = one.probabilities, one.spread
        progress("phrasing", (done + 1) / folds)
    judged = [Judged(*each) for each in zip(kinds, probabilities, spread, strict=True)]
    method = f"{folds} folds by video, trained on the others"
    return {"method": method, "note": "", **as_json(judged)}


def as_json(judged: Sequence[Judged]) -> dict[str, Any]:
    """The form of ``attune phrasing evaluate --json``: with marks, without, then misheard."""
    marked, bare, *garbled = judged
    return {
        "with_punctuation": _scores(marked),
        "without_punctuation": _scores(bare),
        "misheard": {
            f"{rate:g}": {key: _scores(one)[key] for key in ("macro_f1", "per_class")}
            for rate, one in zip(ERRORS, garbled, strict=True)
        },
        "sessions": {
            "min_turns": MIN_TURNS,
            **_sessions(marked),
            "without_punctuation": _sessions(bare),
        },
    }


def _kinds(dialogues: Sequence[Dialogue]) -> list[Sequence[Dialogue]]:
    garbled = [[misheard(d, rate=rate, seed=_SEED) for d in dialogues] for rate in ERRORS]
    return [dialogues, [d.without_punctuation() for d in dialogues], *garbled]


def reliability(probabilities: Array, happened: Array) -> list[dict[str, float]]:
    """For each tenth of probability that occurs: how many, their mean, the share that happened."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return [
        {
            "from": b / BINS,
            "count": int(own.sum()),
            "said": float(probabilities[own].mean()),
            "happened": float(happened[own].mean()),
        }
        for b in range(BINS)
        if (own := bins == b).any()
    ]


def _judge(model: PhrasingModel, rows: Rows, *, marked: bool) -> Judged:
    head = model.with_punctuation if marked else model.without_punctuation
    return Judged(rows, model.judge(head, rows), np.tile(head.spread, (len(rows), 1)))


def _scores(judged: Judged) -> dict[str, Any]:
    from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

    truth, p = judged.rows.labels, judged.probabilities
    by_class = precision_recall_fscore_support(
        truth, p.argmax(axis=1), labels=range(len(LABELS)), zero_division=0.0
    )
    per_class = {
        label: {
            "precision": float(by_class[0][k]),
            "recall": float(by_class[1][k]),
            "f1": float(by_class[2][k]),
            "support": int(by_class[3][k]),
        }
        for k, label in enumerate(LABELS)
    }
    reflects = truth == LABELS.index("reflection")
    both = reflects.any() and not reflects.all()
    tables = {
        label: reliability(p[:, k], (truth == k).astype(np.float32))
        for k, label in enumerate(LABELS)
    }
    return {
        "macro_f1": float(np.mean(by_class[2])),
        "per_class": per_class,
        "reflection_auc": float(roc_auc_score(reflects, p[:, 0])) if both else None,
        "calibration_error": {label: _calibration_error(table) for label, table in tables.items()},
        "reliability": tables,
    }


def _calibration_error(table: Sequence[dict[str, float]]) -> float:
    total = sum(line["count"] for line in table)
    return sum(line["count"] * abs(line["said"] - line["happened"]) for line in table) / total


def _sessions(judged: Judged) -> dict[str, Any]:
    from scipy.stats import spearmanr

    rows = judged.rows
    own = [rows.dialogues == d for d in np.unique(rows.dialogues)]
    own = [chosen for chosen in own if chosen.sum() >= MIN_TURNS]
    spearman: dict[str, float | None] = {}
    inside = 0
    for k, label in enumerate(_SHARES):
        found = [
            expected_count(
                judged.probabilities[chosen, k], spread=float(judged.spread[chosen][0, k])
            )
            for chosen in own
        ]
        counts = [int((rows.labels[chosen] == k).sum()) for chosen in own]
        said = [one.count / chosen.sum() for one, chosen in zip(found, own, strict=True)]
        true = [count / chosen.sum() for count, chosen in zip(counts, own, strict=True)]
        varied = len(set(said)) > 1 and len(set(true)) > 1
        spearman[label] = float(spearmanr(said, true).statistic) if varied else None
        inside += sum(
            one.low <= count <= one.high for one, count in zip(found, counts, strict=True)
        )
    return {
        "count": len(own),
        "spearman": spearman,
        "interval_coverage": inside / (len(own) * len(_SHARES)) if own else None,
    }
