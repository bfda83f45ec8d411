"""One voice per channel: who speaks when, from two or more microphones or separate call tracks.

Each channel's 10 ms frames are judged by what Silero hears there and by how far the frame's level
stands above the channel's noise and above what leaks in from the other channels (``levels``). The
evidence is a logistic regression, smoothed by a two-state Viterbi path; overlaps come out as they
are, because every channel is judged for itself::

    left   |----------------|        |-----------   own speech
    right      (leaks in)   |----------|            own speech; what leaks from left is no speech

Conditions: each person leads on one channel (``separation``); works down to about 16 dB between
the channels. The regression was fitted on composed conversations with crosstalk of -8 to -40 dB,
rooms, noise and telephone band, see docs/accuracy.md.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.activity import Activity
from pipeline.audio import RATE, Recording
from pipeline.diarization import levels
from pipeline.diarization.levels import HOP, Array
from pipeline.records import Diarization, Grade, Progress, SpeakerSpan, channel_label
from pipeline.settings import ChannelsConfig
from pipeline.timeline import Span, Timeline, total, union

STAGE = "diarization"
_FRAME = HOP / RATE


class ChannelDiarizer:
    """Takes each channel for one person (``diarization.protocol.Diarizer``)."""

    name = "channels"
    version = "1"

    def __init__(self, config: ChannelsConfig) -> None:
        self._config = config

    def diarize(
        self, recording: Recording, activity: Activity, *, progress: Progress
    ) -> Diarization:
        """Who speaks when; labels are ``left`` and ``right``, or ``channel 1``, ``channel 2``..."""
        heard = []
        for channel, samples in enumerate(recording.samples):
            heard.append(levels.band_levels(samples))
            progress(STAGE, 0.6 * (channel + 1) / recording.channels)
        frames = heard[0].shape[1]
        speech = [levels.frame_probability(activity, c, frames) for c in range(len(heard))]
        spoken: list[Timeline] = []
        for channel in range(recording.channels):
            features = channel_features(heard, speech, channel)
            spoken.append(speech_spans(features, self._config))
            progress(STAGE, 0.6 + 0.4 * (channel + 1) / recording.channels)
        return self._graded(spoken, levels.separation_of(heard, speech, self._config))

    def _graded(self, spoken: Sequence[Timeline], apart: float) -> Diarization:
        labels = [channel_label(c, len(spoken)) for c in range(len(spoken))]
        spans = sorted(
            (
                SpeakerSpan(span.start, span.end, label)
                for label, timeline in zip(labels, spoken, strict=True)
                for span in timeline
            ),
            key=lambda s: (s.start, s.end),
        )
        seconds = [total(timeline) for timeline in spoken]
        silent = [
            label
            for label, length in zip(labels, seconds, strict=True)
            if length < self._config.least_speech
        ]
        note = ""
        grade: Grade = "good"
        if apart < self._config.good_separation:
            grade = "low"
            note = (
                f"the microphones hear each other strongly ({apart:.0f} dB apart), so these "
                "figures are rough; sit further apart, or put the microphones closer to the mouths"
            )
        if silent:
            grade = "abstained"
            note = (
                f"not enough to tell: hardly anybody speaks on the channel {' and '.join(silent)}; "
                "was one microphone off, or is this one microphone for both?"
            )
        return Diarization(
            spans=tuple(spans),
            speakers=tuple(dict.fromkeys(s.speaker for s in spans)),
            engine=self.name,
            grade=grade,
            confidence=None,
            sees_overlap=True,
            note=note,
        )


def channel_features(heard: Sequence[Array], speech: Sequence[Array], channel: int) -> Array:
    """What tells whether a channel's own person speaks, shape (frames, 7).

    Args:
        heard: band levels of every channel, each (bands, frames), dB.
        speech: Silero's probability of every channel, each (frames,).
        channel: whose person is meant.
    """
    quiet = np.max(speech, axis=0) < 0.1
    noise = [levels.noise_levels(level, quiet) for level in heard]
    explained = levels.to_power(noise[channel])
    for other in range(len(heard)):
        if other != channel:
            explained = explained + _leak(heard, speech, noise, channel, other)
    excess = np.clip(heard[channel] - levels.to_db(explained), -5, 40)
    loudest = np.sort(excess, axis=0)[-2:].mean(axis=0)
    return _features(heard[channel], speech[channel], loudest)


def speech_spans(features: Array, config: ChannelsConfig) -> Timeline:
    """Where the evidence, smoothed, says that the channel's person speaks."""
    evidence = features @ np.array(config.weights, np.float32) + np.float32(config.offset)
    return _spans(_decide(evidence, config), config)


def _leak(
    heard: Sequence[Array], speech: Sequence[Array], noise: Sequence[Array], own: int, other: int
) -> npt.NDArray[np.floating]:
    """The power that ``other``'s person leaves in ``own``'s channel, shape (bands, frames)."""
    volume = [levels.to_db(levels.to_power(heard[c]).sum(axis=0)) for c in (own, other)]
    floor = [float(levels.to_db(levels.to_power(noise[c]).sum())) for c in (own, other)]
    smooth = [_mean(v, 5) for v in volume]
    difference = smooth[0] - smooth[1]
    loud = (np.maximum(speech[own], speech[other]) > 0.5) & (
        np.maximum(smooth[0] - floor[0], smooth[1] - floor[1]) > 10
    )
    modes = levels.level_modes(difference[loud])
    alone = loud & (difference < modes.low + modes.low_spread)
    power = np.empty_like(heard[own])
    for band in range(len(heard[own])):
        clear = alone & (heard[other][band] > noise[other][band] + 20)
        gain = -60.0
        if int(clear.sum()) > 50:
            gain = float(np.median((heard[own][band] - heard[other][band])[clear]))
        power[band] = levels.to_power(_highest(heard[other][band], 3) + gain)
    return power


def _features(level: Array, probability: Array, loudest: Array) -> Array:
    """What the regression weighs, shape (frames, 7); the order is that of ``weights``.

    Args:
        level: the channel's bands, dB.
        probability: Silero's.
        loudest: how far the two loudest bands stand above all that explains them, dB.
    """
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


def _decide(evidence: Array, config: ChannelsConfig) -> npt.NDArray[np.bool_]:
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


def _spans(path: npt.NDArray[np.bool_], config: ChannelsConfig) -> Timeline:
    edges = np.flatnonzero(np.diff(path.astype(np.int8), prepend=0, append=0))
    spans = (Span(a * _FRAME, b * _FRAME) for a, b in edges.reshape(-1, 2).tolist())
    return union((s for s in spans if s.duration >= config.min_speech), gap=config.bridge)


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
