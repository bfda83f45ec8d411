"""Fitting the phrasing model: two heads, each calibrated on videos that it was not trained on.

Deterministic: the same file gives the same weights. scikit-learn is needed here only.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EvaluationError
from pipeline.phrasing.corpus import LABELS, Dialogue
from pipeline.phrasing.encoder import Encoder
from pipeline.phrasing.model import (
    Head,
    PhrasingModel,
    binomial_deviation,
    calibrated,
    log_odds,
)
from pipeline.phrasing.vectors import SPREADS, Array, Rows, Whole, fit_vectoriser, prepare
from pipeline.records import Progress

# Inverse strength of the L2 penalty: the best of .5, 1 and 3 in five folds by video.
PENALTY = 1.0
# The reader with a hidden layer: stopped before it knows the training videos by heart.
HIDDEN = 64
DECAY = 3.0
EPOCHS = 18
# It reads the columns on this scale, against the linear reader's.
WIDER = {"numbers": 3.3, "own": 8.0, "before": 5.0, "after": 6.0, "last": 5.0, "near": 3.3}
INNER_FOLDS = 3
# The interval of an expected count is to hold the experts' count in this share of sessions.
COVERAGE = 0.8
# Sessions with fewer therapist turns say little about a session's counts.
MIN_TURNS = 20


def train(dialogues: Sequence[Dialogue], encoder: Encoder, *, progress: Progress) -> PhrasingModel:
    """A model from labelled dialogues.

    Raises:
        EvaluationError: a label never occurs, or there are fewer than three videos.
    """
    bare = [dialogue.without_punctuation() for dialogue in dialogues]
    heads = []
    for done, kind in enumerate((dialogues, bare)):
        progress("phrasing", done / 2)
        heads.append(fit_head(prepare(kind, encoder)))
    progress("phrasing", 1.0)
    facts = {
        "dialogues": len(dialogues),
        "utterances": sum(len(d.labels) for d in dialogues),
        "videos": sorted({video_mark(d.video) for d in dialogues}),
    }
    return PhrasingModel(heads[0], heads[1], facts)


def fit_head(rows: Rows) -> Head:
    """Weights from all rows; the calibration from ``INNER_FOLDS`` grouped folds of them."""
    shares = np.zeros((len(rows), len(LABELS)), np.float32)
    for inside, outside in grouped_folds(rows.videos, INNER_FOLDS):
        shares[outside] = _uncalibrated(rows.take(inside)).shares(rows.take(outside))
    slope, offset = _platt(log_odds(shares), rows.labels)
    plain = _uncalibrated(rows)
    return Head(
        plain.vectoriser,
        plain.sparse,
        plain.dense,
        plain.bias,
        plain.layers,
        slope,
        offset,
        _spread(calibrated(shares, slope=slope, offset=offset), rows),
    )


def grouped_folds(videos: NDArray[np.str_], folds: int) -> Iterator[tuple[Whole, Whole]]:
    """Rows to train on and rows to score, no video in both; of about equal size.

    Raises:
        EvaluationError: fewer videos than folds.
    """
    from sklearn.model_selection import GroupKFold

    found = len(set(videos.tolist()))
    if not 2 <= folds <= found:
        raise EvaluationError(
            f"{found} videos can't be split into {folds} folds; use 2 to {max(found, 2)} folds"
        )
    yield from GroupKFold(folds).split(videos, groups=videos)


def video_mark(video: str) -> str:
    """Sixteen hexadecimal digits that tell a video again without naming it."""
    return hashlib.sha256(video.encode()).hexdigest()[:16]


def _uncalibrated(rows: Rows) -> Head:
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    missing = [label for k, label in enumerate(LABELS) if not (rows.labels == k).any()]
    if missing:
        raise EvaluationError(
            f"no utterance to learn {missing[0]!r} from; give more videos, or use fewer folds"
        )
    vectoriser = fit_vectoriser(rows)
    width = len(vectoriser.idf)
    at, columns, values = vectoriser.sparse(rows)
    sparse = csr_matrix((values, (at, columns)), shape=(len(rows), width))
    features = hstack([sparse, csr_matrix(vectoriser.dense(rows))]).tocsr()
    fitted = LogisticRegression(C=PENALTY, max_iter=300, tol=1e-3).fit(features, rows.labels)
    weights = fitted.coef_.T.astype(np.float32)
    flat = np.ones(len(LABELS), np.float32)
    bias = fitted.intercept_.astype(np.float32)
    layers = _hidden_layer(vectoriser.dense(rows), rows)
    return Head(vectoriser, weights[:width], weights[width:], bias, layers, flat, flat * 0, flat)


def _hidden_layer(dense: Array, rows: Rows) -> tuple[Array, Array, Array, Array]:
    """The second reader; its columns are widened, and its first weights take that back in."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    widths = [rows.dense[name].shape[1] for name in SPREADS]
    wider = np.repeat(np.array([WIDER[name] for name in SPREADS], np.float32), widths)
    reader = MLPClassifier(
        (HIDDEN,), alpha=DECAY, max_iter=EPOCHS, batch_size=min(64, len(rows)), random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early on purpose
        reader.fit(dense * wider, rows.labels)
    (inward, outward), (inner_bias, outer_bias) = reader.coefs_, reader.intercepts_
    return inward * wider[:, None], inner_bias, outward, outer_bias


def _platt(odds: Array, labels: Whole) -> tuple[Array, Array]:
    """Slope and offset for each class (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    curves = [LogisticRegression(C=1e3).fit(odds[:, [k]], labels == k) for k in range(len(LABELS))]
    slope = np.array([curve.coef_[0, 0] for curve in curves], np.float32)
    return slope, np.array([curve.intercept_[0] for curve in curves], np.float32)


def _spread(probabilities: Array, rows: Rows) -> Array:
    """The deviation that ``COVERAGE`` of the sessions keep within, for each class."""
    found: list[list[float]] = []
    for dialogue in np.unique(rows.dialogues):
        own = rows.dialogues == dialogue
        if own.sum() >= MIN_TURNS:
            found.append(
                [
                    abs(float(p.sum()) - float((rows.labels[own] == k).sum()))
                    / binomial_deviation(p)
                    for k, p in enumerate(probabilities[own].T)
                ]
            )
    if not found:
        # The normal interval of independent events, where no session is long enough to tell.
        return np.full(len(LABELS), 1.2816, np.float32)
    spread: Array = np.quantile(np.array(found), COVERAGE, axis=0).astype(np.float32)
    return spread
