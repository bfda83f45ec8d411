"""How loud and how high a recording's voices sound, frame by frame.

Loudness is the root mean square of a frame between ``rumble`` and half of ``rate``. Pitch is YIN's
(librosa); a frame is *voiced*, and has a pitch, where all of this holds::

    periodic   the frame agrees with itself one period later (correlation >= ``periodic``)
    audible    at most ``range`` dB under the channel's loud speech (its 95th percentile)
    in range   ``lowest`` to ``highest`` Hz

Only frames inside speech activity are looked at. Octave errors are rare but on telephone lines
(docs/accuracy.md); ``measures.tone`` leaves them out by each person's own range, or abstains.

*Conventions*: frame ``i`` is centred ``(i + 0.5) * step`` seconds from the beginning.

Source: de Cheveigné & Kawahara (2002), YIN, a fundamental frequency estimator for speech and music.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from pipeline.activity import Activity
from pipeline.audio import RATE, Recording
from pipeline.records import Progress, no_progress
from pipeline.settings import ProsodyConfig
from pipeline.timeline import Timeline

Array = npt.NDArray[np.float32]

_SETTLING = 0.1
_LOUD = 95.0
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True)
class Prosody:
    """Loudness and pitch of a recording.

    Attributes:
        step: seconds from frame to frame.
        loudness: dB re full scale, shape (channels, frames); nan outside speech.
        pitch: Hz, shape (channels, frames); nan where nobody's voice is heard.
    """

    step: float
    loudness: Array
    pitch: Array

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.loudness.shape[0])


def track_prosody(
    recording: Recording,
    activity: Activity,
    config: ProsodyConfig,
    *,
    progress: Progress = no_progress,
) -> Prosody:
    """Loudness and pitch wherever a channel holds speech, read in blocks of ``block`` seconds."""
    hop = round(config.step * config.rate)
    shape = (recording.channels, int(recording.duration * config.rate) // hop)
    found = Prosody(
        hop / config.rate, np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    )
    for channel in range(recording.channels):

        def told(fraction: float, channel: int = channel) -> None:
            progress("prosody", (channel + fraction) / recording.channels)

        _track(recording, channel, activity.speech[channel], config, found, told)
    progress("prosody", 1.0)
    return found


def _track(
    recording: Recording,
    channel: int,
    speech: Timeline,
    config: ProsodyConfig,
    found: Prosody,
    told: Callable[[float], None],
) -> None:
    """Fill in one channel."""
    loudness, pitch = found.loudness[channel], found.pitch[channel]
    spoken = _spoken(speech, len(loudness), found.step)
    size = max(1, round(config.block / found.step))
    for first in range(0, len(loudness), size):
        inside = np.flatnonzero(spoken[first : first + size])
        if len(inside):
            count = min(size, len(loudness) - first)
            frames = _frames(recording, channel, first, count, config)[inside]
            loudness[first + inside] = 10 * np.log10(np.mean(frames**2, axis=1) + _FLOOR)
            pitch[first + inside] = _pitch(frames, config)
        told(min(1.0, (first + size) / len(loudness)))
    if spoken.any():
        loud = np.nanpercentile(loudness, _LOUD)
        pitch[spoken & (loudness < loud - config.range)] = np.nan


def _spoken(speech: Timeline, frames: int, step: float) -> npt.NDArray[np.bool_]:
    """The frames that touch speech."""
    out = np.zeros(frames, bool)
    for span in speech:
        out[int(span.start / step) : ceil(span.end / step)] = True
    return out


def _frames(
    recording: Recording, channel: int, first: int, count: int, config: ProsodyConfig
) -> Array:
    """Consecutive frames of a channel at ``rate``, without rumble, shape (count, samples)."""
    import librosa
    from scipy.signal import butter, sosfilt

    rate = config.rate
    hop, width = round(config.step * rate), round(config.window * rate)
    lead = (width - hop) // 2 + round(_SETTLING * rate)
    start, end = first * hop - lead, (first + count) * hop + width
    sound = recording.block(max(0, start) / rate, end / rate, channel=channel)
    sound = librosa.resample(sound, orig_sr=RATE, target_sr=rate, res_type="polyphase")
    sound = np.pad(sound, (max(0, -start), max(0, end - max(0, start) - len(sound))))
    passing = butter(2, config.rumble, "highpass", fs=rate, output="sos")
    clean = sosfilt(passing, sound).astype(np.float32)[round(_SETTLING * rate) :]
    cut: Array = np.lib.stride_tricks.sliding_window_view(clean, width)[::hop][:count]
    return cut


def _pitch(frames: Array, config: ProsodyConfig) -> Array:
    """Each frame's pitch in Hz; nan where it doesn't repeat itself."""
    import librosa

    hertz: Array = librosa.yin(
        frames,
        fmin=config.lowest,
        fmax=config.highest,
        sr=config.rate,
        frame_length=frames.shape[1],
        hop_length=frames.shape[1],
        trough_threshold=config.trough,
        center=False,
    )[:, 0].astype(np.float32)
    lag = np.rint(config.rate / hertz).astype(np.intp)
    voiced = _agreement(frames, lag) >= config.periodic
    voiced &= (hertz >= config.lowest) & (hertz <= config.highest)
    return np.where(voiced, hertz, np.float32(np.nan))


def _agreement(frames: Array, lag: npt.NDArray[np.intp]) -> Array:
    """How well the middle of each frame agrees with itself ``lag`` samples later, -1 to 1.

    2 <x, y> / (<x, x> + <y, y>): a correlation that a change of level lowers too.
    """
    width = frames.shape[1]
    half = width // 2
    start = np.clip((width - half - lag) // 2, 0, None)
    here = start[:, None] + np.arange(half)
    later = np.minimum(here + lag[:, None], width - 1)
    x, y = np.take_along_axis(frames, here, axis=1), np.take_along_axis(frames, later, axis=1)
    both = np.einsum("ij,ij->i", x, x) + np.einsum("ij,ij->i", y, y)
    agreement: Array = 2 * np.einsum("ij,ij->i", x, y) / (both + _FLOOR)
    return agreement
