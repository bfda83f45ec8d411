r"""Where a channel's person speaks, to a few hundredths of a second: Silero and the level together.

Silero knows speech from noise but hesitates: in a room, on a telephone line or over noise it misses
onsets and weak stretches, and pauses are what Attune measures. The level knows the moment but not
what sounds. A logistic regression weighs both for each 10 ms frame, and a two-state Viterbi path
smooths it::

    level     ____/^^^^\_/^^^^^\~~~~~____     ~ a room's tail
    Silero    ______/^^\___/^^^\__________
    presence  ____|^^^^^^^^^^^^^|__________

The regression was fitted on composed conversations (crosstalk, rooms, noise, telephone band) by
benchmarks/fit_presence.py; what it gains over Silero alone stands in docs/accuracy.md.

*Conventions*: levels in dB, one value a frame and band (``levels``); spans in seconds.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline import levels
from pipeline.activity import Activity
from pipeline.audio import RATE, Recording
from pipeline.levels import HOP, Array
from pipeline.settings import PresenceConfig
from pipeline.timeline import Span, Timeline, union

_FRAME = HOP / RATE


def sharpened(activity: Activity, recording: Recording, config: PresenceConfig) -> Activity:
    """The same activity with each channel's speech found by presence; probabilities stay."""
    speech = []
    for channel, samples in enumerate(recording.samples):
        level = levels.band_levels(samples)
        probability = levels.frame_probability(activity, channel, level.shape[1])
        noise = levels.noise_levels(level, probability < 0.1)
        features = presence_features(level, probability, levels.to_power(noise))
        speech.append(presence_spans(features, config, bridge=config.bridge))
    return replace(activity, speech=tuple(speech))


def presence_features(
    level: Array, probability: Array, explained: npt.NDArray[np.floating]
) -> Array:
    """What the regression weighs, shape (frames, 7); the order is that of ``weights``.

    Args:
        level: the channel's bands, (bands, frames), dB.
        probability: Silero's, (frames,).
        explained: the power that is not this person's: noise, and what leaks in.
    """
    excess = np.clip(level - levels.to_db(explained), -5, 40)
    loudest = np.sort(excess, axis=0)[-2:].mean(axis=0)
    p = np.clip(np.log((probability + 1e-4) / (1 - probability + 1e-4)), -7, 7)
    volume = _mean(levels.to_db(levels.to_power(level).sum(axis=0)), 5)
    drop = np.clip(volume - _highest_before(volume, 41), -30, 0)
    near = _mean(loudest, 5)
    columns = (
        near,
        p * np.clip(loudest, 0, 20) / 20,
        drop * (p < 0),  # a room's tail: Silero is done, the level still falls
        np.minimum(_mean(loudest, 15), 8),
        np.minimum(_highest_before(near, 31), _highest_after(near, 31)) / 4,  # a pause in speech
        np.minimum(_highest_before(p, 13), _highest_after(p, 13)),
        np.clip(near - _highest_before(near, 13), -20, 0),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def presence_spans(features: Array, config: PresenceConfig, *, bridge: float) -> Timeline:
    """Where the smoothed evidence says that somebody speaks; pauses up to ``bridge`` s bridged."""
    evidence = features @ np.array(config.weights, np.float32) + np.float32(config.offset)
    path = _path(evidence, config)
    edges = np.flatnonzero(np.diff(path.astype(np.int8), prepend=0, append=0))
    spans = (Span(a * _FRAME, b * _FRAME) for a, b in edges.reshape(-1, 2).tolist())
    return union((s for s in spans if s.duration >= config.min_speech), gap=bridge)


def _path(evidence: Array, config: PresenceConfig) -> npt.NDArray[np.bool_]:
    """The likeliest path of speech and silence; each change costs ``switch`` nats."""
    silent, speaking, cost = 0.0, -config.switch, config.switch
    came: list[tuple[bool, bool]] = []
    for odds in evidence.tolist():
        stops, starts = speaking - cost > silent, silent - cost > speaking
        silent, speaking = (
            speaking - cost if stops else silent,
            (silent - cost if starts else speaking) + odds,
        )
        came.append((stops, starts))
    path = np.zeros(len(evidence), bool)
    state = speaking > silent
    for i in range(len(came) - 1, -1, -1):
        path[i] = state
        state ^= came[i][state]
    return path


def _mean(x: Array, frames: int) -> Array:
    from scipy.ndimage import uniform_filter1d

    out: Array = uniform_filter1d(x, frames)
    return out


def _highest(x: Array, frames: int) -> Array:
    from scipy.ndimage import maximum_filter1d

    out: Array = maximum_filter1d(x, frames)
    return out


def _highest_before(x: Array, frames: int) -> Array:
    """The highest of the frame itself and those before it, ``frames`` in all."""
    from scipy.ndimage import maximum_filter1d

    out: Array = maximum_filter1d(x, frames, origin=(frames - 1) // 2)
    return out


def _highest_after(x: Array, frames: int) -> Array:
    from scipy.ndimage import maximum_filter1d

    out: Array = maximum_filter1d(x, frames, origin=-((frames - 1) // 2))
    return out
