"""Fit and check how Attune tells the therapist from the client.

    python benchmarks/roles.py CSV

CSV has AnnoMI-simple's columns. Whole sessions and excerpts of 8 to 64 turns are judged with
punctuation, without it, and with 60 % of the words wrong (a draft's error rate on real readers).
Videos are left out in ten folds; the last line holds the weights fitted to everything, which stand
in ``[roles]`` of configs/default.toml.
"""

import argparse
import csv
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config import load_config
from pipeline.lexicon import load_lexicon
from pipeline.records import Grade
from pipeline.roles import assign_roles, manner
from pipeline.settings import RolesConfig

LENGTHS = (8, 16, 32, 64, None)
WRONG = 0.6
FOLDS = 10
SEED = 0

Turns = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A session or an excerpt in one form of its words."""

    session: str
    video: str
    length: int | None
    form: str
    texts: dict[str, list[str]]


def main() -> None:
    """Print accuracy and confidence for each length and form, then the weights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("csv", type=Path)
    cases = list(_cases(parser.parse_args().csv))
    from sklearn.model_selection import GroupKFold

    config = load_config().roles
    folds = GroupKFold(FOLDS, shuffle=True, random_state=SEED)
    judged: dict[int, tuple[bool, float]] = {}
    for train, test in folds.split(cases, groups=[case.video for case in cases]):
        fitted = _fit([cases[i] for i in train], config)
        judged |= {int(i): _judge(cases[i], fitted) for i in test}
    for form in ("punctuated", "plain", "draft"):
        for length in LENGTHS:
            these = [judged[i] for i, c in enumerate(cases) if (c.form, c.length) == (form, length)]
            sure = [right for right, confidence in these if confidence >= config.ask_below]
            _say(
                f"{form:10} turns {length or 'all':>4} n={len(these):3} "
                f"right {np.mean([right for right, _ in these]):.3f} "
                f"sure {len(sure) / len(these):.2f} right where sure {np.mean(sure):.3f}"
            )
    weights = _fit(cases, config)
    _say(
        f"asks_weight = {weights.asks_weight:.2f}, reflects_weight = {weights.reflects_weight:.2f},"
        f" you_weight = {weights.you_weight:.2f}"
    )


def _cases(path: Path) -> Iterator[Case]:
    rng = random.Random(SEED)  # noqa: S311 - repeatable, nothing secret
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    vocabulary = [w for row in rows for w in _plain(row["utterance_text"]).split()]
    for session, utterances in groupby(rows, key=lambda row: row["transcript_id"]):
        spoken = list(utterances)
        turns = [
            (who, " ".join(row["utterance_text"] for row in run))
            for who, run in groupby(spoken, key=lambda row: row["interlocutor"])
        ]
        for length, part in _excerpts(turns, rng):
            for form in ("punctuated", "plain", "draft"):
                texts: dict[str, list[str]] = {"therapist": [], "client": []}
                for who, text in part:
                    texts[who].append(_formed(text, form, vocabulary, rng))
                if all(texts.values()):
                    yield Case(session, spoken[0]["video_url"], length, form, texts)


def _excerpts(turns: Turns, rng: random.Random) -> Iterator[tuple[int | None, Turns]]:
    """The whole session; of each shorter length its beginning and a place at random."""
    for length in LENGTHS:
        if length is None:
            yield None, turns
        elif len(turns) > length:
            yield length, turns[:length]
            start = rng.randrange(len(turns) - length + 1)
            yield length, turns[start : start + length]


def _formed(text: str, form: str, vocabulary: list[str], rng: random.Random) -> str:
    if form == "punctuated":
        return text
    if form == "plain":
        return _plain(text)
    kept = []
    for word in _plain(text).split():
        luck = rng.random()
        if luck < 0.8 * WRONG:
            kept.append(rng.choice(vocabulary))
        elif luck >= WRONG:
            kept.append(word)
    return " ".join(kept)


def _plain(text: str) -> str:
    return re.sub(r"[^\w\s'’-]", "", text).lower()


def _fit(cases: list[Case], config: RolesConfig) -> RolesConfig:
    """Weights from every case that is no draft; each session counts the same."""
    from sklearn.linear_model import LogisticRegression

    lexicon = load_lexicon("en")
    cases = [case for case in cases if case.form != "draft"]
    leads = np.array(
        [
            np.subtract(*(_features(case.texts[who], lexicon) for who in ("therapist", "client")))
            for case in cases
        ]
    )
    sessions = [case.session for case in cases]
    share = np.array([1 / sessions.count(session) for session in sessions])
    scale = leads.std(axis=0)
    model = LogisticRegression(fit_intercept=False)
    half = np.ones(len(leads))
    model.fit(
        np.concatenate([leads, -leads]) / scale,
        np.concatenate([half, 0 * half]),
        sample_weight=np.concatenate([share, share]),
    )
    asks, reflects, you = (model.coef_[0] / scale).tolist()
    return replace(config, asks_weight=asks, reflects_weight=reflects, you_weight=you)


def _features(turns: list[str], lexicon: Any) -> tuple[float, float, float]:
    m = manner(turns, lexicon)
    return m.asks, m.reflects, m.you


def _judge(case: Case, config: RolesConfig) -> tuple[bool, float]:
    """Whether the therapist was told rightly, and how surely; the labels say nothing."""
    texts = {"SPEAKER_00": case.texts["client"], "SPEAKER_01": case.texts["therapist"]}
    grade: Grade = "draft" if case.form == "draft" else "good"
    decision = assign_roles(texts, load_lexicon("en"), config, grade=grade)
    return decision.therapist == "SPEAKER_01", decision.confidence


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
