"""One voice per channel: who speaks when, from two or more microphones or separate call tracks.

Each channel is judged for itself by ``presence``, after what leaks in from the other channels is
accounted for (``separation``); so overlaps come out as they are::

    left   |----------------|        |-----------   own speech
    right      (leaks in)   |----------|            own speech; what leaks from left is no speech

Conditions: each person leads on one channel; works down to about 16 dB between the channels.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from pipeline import levels
from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.diarization.separation import level_modes, separation_of
from pipeline.levels import Array
from pipeline.presence import presence_features, presence_spans
from pipeline.records import Diarization, Grade, Progress, SpeakerSpan, channel_label
from pipeline.settings import ChannelsConfig, PresenceConfig
from pipeline.timeline import Timeline, total

STAGE = "diarization"


class ChannelDiarizer:
    """Takes each channel for one person (``diarization.protocol.Diarizer``)."""

    name = "channels"
    version = "1"

    def __init__(self, config: ChannelsConfig, presence: PresenceConfig) -> None:
        self._config = config
        self._presence = presence

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
            spoken.append(presence_spans(features, self._presence, bridge=self._config.bridge))
            progress(STAGE, 0.6 + 0.4 * (channel + 1) / recording.channels)
        return self._graded(spoken, separation_of(heard, speech, self._config))

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
    return presence_features(heard[channel], speech[channel], explained)


def _leak(
    heard: Sequence[Array], speech: Sequence[Array], noise: Sequence[Array], own: int, other: int
) -> npt.NDArray[np.floating]:
    """The power that ``other``'s person leaves in ``own``'s channel, shape (bands, frames)."""
    volume = [levels.to_db(levels.to_power(heard[c]).sum(axis=0)) for c in (own, other)]
    floor = [float(levels.to_db(levels.to_power(noise[c]).sum())) for c in (own, other)]
    smooth = [uniform_filter1d(v, 5) for v in volume]
    difference = smooth[0] - smooth[1]
    loud = (np.maximum(speech[own], speech[other]) > 0.5) & (
        np.maximum(smooth[0] - floor[0], smooth[1] - floor[1]) > 10
    )
    modes = level_modes(difference[loud])
    alone = loud & (difference < modes.low + modes.low_spread)
    power = np.empty_like(heard[own])
    for band in range(len(heard[own])):
        clear = alone & (heard[other][band] > noise[other][band] + 20)
        gain = -60.0
        if int(clear.sum()) > 50:
            gain = float(np.median((heard[own][band] - heard[other][band])[clear]))
        power[band] = levels.to_power(maximum_filter1d(heard[other][band], 3) + gain)
    return power
