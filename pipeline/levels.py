"""How loud each channel of a recording is, in a few bands and frame by frame.

*Conventions*: frames are 10 ms; levels are dB re full scale of the band's power, float32.
"""

import numpy as np
import numpy.typing as npt

from pipeline.activity import WINDOW, Activity
from pipeline.audio import RATE

HOP = 160
"""Samples from frame to frame."""

_WINDOW = 400
_FFT = 512
_BANDS = ((150.0, 500.0), (500.0, 1200.0), (1200.0, 2200.0), (2200.0, 3800.0))
_BLOCK = 6000
_FLOOR = 1e-7
_RANGE = 42.0  # dB; speech spans about 30 (ITU-T P.56), the rest is a margin

Array = npt.NDArray[np.float32]


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
    """What counts as silence in each band, shape (bands, 1), dB.

    The quarter-way level where nobody speaks, but at most ``_RANGE`` under the loudest speech: in a
    recording without any noise a room's last echo would stand far above the noise.
    """
    enough = int(quiet.sum()) > 200
    chosen = levels[:, quiet] if enough else levels
    noise = np.percentile(chosen, 25 if enough else 5, axis=1, keepdims=True)
    loudest = np.percentile(levels, 99, axis=1, keepdims=True)
    level: Array = np.maximum(noise, loudest - _RANGE).astype(np.float32)
    return level
