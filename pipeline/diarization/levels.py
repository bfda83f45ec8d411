r"""How loud each channel is, in a few bands and frame by frame, and what of it is mere leakage.

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
import numpy.typing as npt

from pipeline.activity import WINDOW, Activity
from pipeline.audio import RATE, Recording
from pipeline.settings import ChannelsConfig

HOP = 160
"""Samples from frame to frame."""

_WINDOW = 400
_FFT = 512
_BANDS = ((150.0, 500.0), (500.0, 1200.0), (1200.0, 2200.0), (2200.0, 3800.0))
_BLOCK = 6000
_FLOOR = 1e-7

Array = npt.NDArray[np.float32]


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


def band_levels(samples: npt.NDArray[np.int16]) -> Array:
    """Levels of one channel, shape (bands, frames), worked out block by block."""
    frames = len(samples) // HOP
    out = np.empty((len(_BANDS), frames), np.float32)
    window = np.hanning(_WINDOW).astype(np.float32)
    hertz = np.fft.rfftfreq(_FFT, 1 / RATE)
    masks = [(hertz >= low) & (hertz < high) for low, high in _BANDS]
    lead = (_WINDOW - HOP) // 2
    for first in range(0, frames, _BLOCK):
        count = min(_BLOCK, frames - first)
        start = first * HOP - lead
        part = samples[max(0, start) : start + (count - 1) * HOP + _WINDOW].astype(np.float32)
        part = np.pad(part / 32768, (max(0, -start), 0))
        part = np.pad(part, (0, max(0, (count - 1) * HOP + _WINDOW - len(part))))
        cut = np.lib.stride_tricks.sliding_window_view(part, _WINDOW)[::HOP][:count]
        power = np.abs(np.fft.rfft(cut * window, _FFT)) ** 2
        for band, mask in enumerate(masks):
            out[band, first : first + count] = power[:, mask].sum(axis=1)
    return to_db(out)


def to_db(power: npt.NDArray[np.floating]) -> Array:
    """Decibels of a power."""
    level: Array = (10 * np.log10(power + _FLOOR)).astype(np.float32)
    return level


def to_power(level: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Power of a level in decibels."""
    return np.power(10.0, level / 10)


def frame_probability(activity: Activity, channel: int, frames: int) -> Array:
    """Silero's probability at each 10 ms frame of a channel."""
    probability = activity.probability[channel]
    if not len(probability):
        return np.zeros(frames, np.float32)
    window = (np.arange(frames) * HOP + HOP // 2) // WINDOW
    at_frames: Array = probability[np.minimum(window, len(probability) - 1)]
    return at_frames


def noise_levels(levels: Array, quiet: npt.NDArray[np.bool_]) -> Array:
    """Each band's noise, shape (bands, 1): the quarter-way level where nobody speaks."""
    enough = int(quiet.sum()) > 200
    chosen = levels[:, quiet] if enough else levels
    level: Array = np.percentile(chosen, 25 if enough else 5, axis=1, keepdims=True)
    return level.astype(np.float32)


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
