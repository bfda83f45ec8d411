"""Fit the regression of ``[presence]`` on conversations with one person per channel.

    uv run python benchmarks/fit_presence.py FOLDER [FOLDER ...]

Each folder holds NAME.wav (stereo) with NAME.rttm; who is on which channel is found by the
overlap with Silero's activity. Prints ``offset`` and ``weights`` for configs/default.toml and, with
two or more folders, how the fit on the others does on each (frames right).
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from pipeline.activity import detect_activity
from pipeline.audio import RATE, read_recording
from pipeline.config import load_config
from pipeline.diarization.channels import channel_features
from pipeline.evaluation.references import read_rttm
from pipeline.levels import HOP, band_levels, frame_probability
from pipeline.timeline import intersect, total, union

EVERY = 9  # frames; neighbours hardly differ


def material(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features and truth of every ninth frame of every channel in the folder."""
    config = load_config()
    features, truth = [], []
    for path in sorted(folder.glob("*.wav")):
        recording = read_recording(path, config.audio)
        activity = detect_activity(recording, config.activity)
        heard = [band_levels(samples) for samples in recording.samples]
        frames = heard[0].shape[1]
        speech = [frame_probability(activity, c, frames) for c in range(len(heard))]
        spans = read_rttm(path.with_suffix(".rttm"))
        voices = {s.speaker: union(t.span for t in spans if t.speaker == s.speaker) for s in spans}
        for channel, spoken in enumerate(activity.speech):
            own = max(voices.values(), key=lambda v: total(intersect(v, spoken)))
            said = np.zeros(frames, bool)
            for span in own:
                said[round(span.start * RATE / HOP) : round(span.end * RATE / HOP)] = True
            features.append(channel_features(heard, speech, channel)[::EVERY])
            truth.append(said[::EVERY])
    return np.concatenate(features), np.concatenate(truth)


def fit(features: np.ndarray, truth: np.ndarray) -> LogisticRegression:
    """The regression; few weights, much material: hardly regularised."""
    return LogisticRegression(C=1.0, max_iter=2000).fit(features, truth)


def main(folders: list[Path]) -> None:
    """Print the weights, and each folder's score under a fit on the others."""
    parts = {folder: material(folder) for folder in folders}
    for folder, (features, truth) in parts.items():
        others = [part for name, part in parts.items() if name != folder]
        if others:
            model = fit(
                np.concatenate([f for f, _ in others]), np.concatenate([t for _, t in others])
            )
            sys.stdout.write(f"# {folder.name}: {model.score(features, truth):.4f} held out\n")
    model = fit(
        np.concatenate([f for f, _ in parts.values()]),
        np.concatenate([t for _, t in parts.values()]),
    )
    weights = ", ".join(f"{w:.3f}" for w in model.coef_[0])
    sys.stdout.write(f"offset = {model.intercept_[0]:.2f}\nweights = [{weights}]\n")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
