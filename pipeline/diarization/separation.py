r"""What one channel hears of the other's person, and how far apart that keeps two people.

Two microphones in one room hear both people. What channel *i* hears of the other person is that
person's own channel *j*, weaker by a constant: in decibels the difference of the two levels has two
modes, one where only *i*'s person speaks and one where only *j*'s does::

    frames     |          _                      _
               |         / \                    / \
               |________/   \__________________/   \____   level i - level j, dB
                  j's person alone        i's person alone

Their distance is the separation of the channels: 60 dB on a call with separate tracks, 20-30 dB
for lapel microphones, near 0 for a stereo recorder on the table, which tells nobody apart.

*Conventions*: frames are 10 ms; levels are dB re full scale of the band's power, float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.levels import Array, band_levels, frame_probability, to_db, to_power
from pipeline.settings import ChannelsConfig


@dataclass(frozen=True, slots=True)
class Modes:
    """The two modes of level differences between a pair of channels, dB.

    Attributes:
        low: difference while only the second channel's person speaks; ``high``: only the first's.
        low_spread, high_spread: standard deviations.
        low_weight: share of the loud frames in the low mode.
    """

    low: float
    high: float
    low_spread: float
    high_spread: float
    low_weight: float

    @property
    def distance(self) -> float:
        """How far apart the two channels hold their people, dB."""
        return self.high - self.low


def level_modes(difference: Array) -> Modes:
    """Two normal distributions fitted to level differences by expectation-maximisation.

    A second of speech at the least is needed; without it both modes are 0.
    """
    if len(difference) < 100:
        return Modes(0.0, 0.0, 1.0, 1.0, 0.5)
    seen = difference[:: max(1, len(difference) // 20_000)].astype(np.float64)
    mean = np.percentile(seen, [2, 98])
    spread = np.full(2, max(2.0, float(mean[1] - mean[0]) / 4))
    weight = np.full(2, 0.5)
    for _ in range(60):
        share = weight * np.exp(-0.5 * ((seen[:, None] - mean) / spread) ** 2) / spread
        share /= share.sum(axis=1, keepdims=True) + 1e-12
        count = share.sum(axis=0) + 1e-9
        weight = count / len(seen)
        mean = (share * seen[:, None]).sum(axis=0) / count
        deviation = (share * (seen[:, None] - mean) ** 2).sum(axis=0) / count
        spread = np.maximum(1.5, np.sqrt(deviation))
    low, high = (0, 1) if mean[0] <= mean[1] else (1, 0)
    return Modes(
        float(mean[low]),
        float(mean[high]),
        float(spread[low]),
        float(spread[high]),
        float(weight[low]),
    )


def separation(recording: Recording, activity: Activity, config: ChannelsConfig) -> float:
    """How well the channels of a recording separate their people, dB; 0 for one channel."""
    if recording.channels < 2:
        return 0.0
    heard = [band_levels(samples) for samples in recording.samples]
    frames = heard[0].shape[1]
    speech = [frame_probability(activity, c, frames) for c in range(recording.channels)]
    return separation_of(heard, speech, config)


def separation_of(heard: Sequence[Array], speech: Sequence[Array], config: ChannelsConfig) -> float:
    """The smallest distance between the modes of any two channels, dB.

    0 where one channel's person hardly ever leads, or where hardly any speech is heard on a channel
    (it was off): one voice per channel is then not what the recording holds.
    """
    volume = [to_db(to_power(level).sum(axis=0)) for level in heard]
    distances = [0.0] if len(heard) < 2 else []
    for i, j in combinations(range(len(heard)), 2):
        loud = (np.maximum(speech[i], speech[j]) > 0.5) & (np.maximum(volume[i], volume[j]) > -60)
        modes = level_modes((volume[i] - volume[j])[loud])
        spoken = [
            float(np.mean(speech[c] > 0.5, where=loud)) if loud.any() else 0.0 for c in (i, j)
        ]
        share = min(modes.low_weight, 1 - modes.low_weight, *spoken)
        distances.append(modes.distance if share >= config.least_share else 0.0)
    return min(distances)
