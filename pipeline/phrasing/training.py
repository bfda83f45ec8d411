"""Fitting the phrasing model: a linear reader for each kind of text, and one network for both.

The same file gives the same weights on the same machine. Needs scikit-learn and torch.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EvaluationError
from pipeline.phrasing.corpus import LABELS, Dialogue
from pipeline.phrasing.encoder import Encoder
from pipeline.phrasing.misheard import misheard
from pipeline.phrasing.model import Head, PhrasingModel
from pipeline.phrasing.network import Network
from pipeline.phrasing.tuning import Settings, Tuning
from pipeline.phrasing.vectors import Rows, Whole, fit_vectoriser, prepare
from pipeline.records import Progress

SETTINGS = Settings()
# Inverse strength of the L2 penalty: the best of .5, 1 and 3 in five folds by video.
PENALTY = 1.0
# Word error rates of the copies that the network learns from.
ERRORS = (0.1, 0.2)
# Binomial standard deviations that the counts of 80 % of sessions keep within: the mean of four
# samples of other models' predictions (1.9, 2.0, 2.1, 2.4).
SPREAD = 2.1
# Sessions with fewer therapist turns say little about a session's counts.
MIN_TURNS = 20


@dataclass(frozen=True, slots=True)
class Study:
    """A corpus made ready to learn from, rows of all kinds in the same order."""

    encoder: Encoder
    marked: Rows
    bare: Rows
    tuning: Tuning


def train(dialogues: Sequence[Dialogue], encoder: Encoder, *, progress: Progress) -> PhrasingModel:
    """A model from labelled dialogues.

    Raises:
        EvaluationError: a label never occurs.
    """
    progress("phrasing", 0.0)
    corpus = study(dialogues, encoder)
    model = fit(corpus, corpus.marked.judged)
    progress("phrasing", 1.0)
    facts = {
        "dialogues": len(dialogues),
        "utterances": len(corpus.marked.judged),
        "videos": sorted({video_mark(d.video) for d in dialogues}),
    }
    return PhrasingModel(model.with_punctuation, model.without_punctuation, model.network, facts)


def study(dialogues: Sequence[Dialogue], encoder: Encoder) -> Study:
    """What every fit on these dialogues shares; no label takes part in it."""
    marked = prepare(dialogues, encoder.pieces)
    bare = prepare([d.without_punctuation() for d in dialogues], encoder.pieces)
    garbled = (
        prepare([misheard(d, rate=rate) for d in dialogues], encoder.pieces) for rate in ERRORS
    )
    tuning = Tuning(encoder, chain((marked, bare), garbled), SETTINGS)
    return Study(encoder, marked, bare, tuning)


def fit(corpus: Study, chosen: Whole) -> PhrasingModel:
    """A model from the chosen rows alone; its facts are empty."""
    marked, bare = (_linear(rows.take(chosen)) for rows in (corpus.marked, corpus.bare))
    tuned = corpus.tuning.learn(chosen)
    return PhrasingModel(marked, bare, Network(corpus.encoder, tuned), {})


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


def _linear(rows: Rows) -> Head:
    """The linear reader of one kind of text."""
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
    bias = fitted.intercept_.astype(np.float32)
    spread = np.full(len(LABELS), SPREAD, np.float32)
    return Head(vectoriser, weights[:width], weights[width:], bias, spread)
