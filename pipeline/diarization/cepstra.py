"""The shape of a voice, every 10 ms: log-mel bands, cepstra and pitch.

*Conventions*: frame ``i`` stands for ``i * HOP <= t < (i + 1) * HOP`` and its analysis window is
centred on that stretch. Levels are natural logarithms of power. Everything is computed block by
block, so that memory holds the features of a long recording but never its spectra.

Source: Davis & Mermelstein 1980 (cepstra); Boersma 1993 (normalised autocorrelation for pitch).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pipeline.audio import RATE, Recording, Samples

HOP = 0.01
"""Seconds from frame to frame."""

BANDS = 40
"""Mel bands between 60 Hz and 7.6 kHz."""

CEPSTRA = 19
"""Cepstral coefficients 1 to 19; coefficient 0, the loudness, is left out."""

_STEP = 160
_WINDOW = 400
_FFT = 512
_PITCH_WINDOW = 640
_PITCH_FFT = 1280
_PITCH_LOWEST = 65.0
_PITCH_HIGHEST = 400.0
_FLOOR = 1e-9
_BLOCK = 20.0

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frames:
    """Features of a recording, one row a frame.

    Attributes:
        bands: log-mel levels, shape (frames, BANDS).
        cepstra: shape (frames, CEPSTRA).
        pitch: Hz, shape (frames,); the best guess even where nothing is voiced.
        voicing: 0 to 1, shape (frames,); how periodic the frame is.
    """

    bands: Matrix
    cepstra: Matrix
    pitch: Matrix
    voicing: Matrix

    def __len__(self) -> int:
        return len(self.bands)


def analyse(recording: Recording) -> Frames:
    """Features of a recording, its channels mixed."""
    count = round(recording.duration / HOP)
    per_block = round(_BLOCK / HOP)
    parts = []
    for first in range(0, max(count, 1), per_block):
        frames = min(per_block, max(count, 1) - first)
        parts.append(analyse_samples(_padded(recording, first, frames), frames))
    return Frames(
        bands=np.concatenate([p.bands for p in parts]),
        cepstra=np.concatenate([p.cepstra for p in parts]),
        pitch=np.concatenate([p.pitch for p in parts]),
        voicing=np.concatenate([p.voicing for p in parts]),
    )


def bands_of(samples: Samples) -> Matrix:
    """Log-mel levels of a stretch of samples, shape (whole frames, BANDS)."""
    count = len(samples) // _STEP
    margin = (_WINDOW - _STEP) // 2
    return _bands(np.pad(samples, (margin, margin)), count)


def cepstra_of(bands: Matrix) -> Matrix:
    """Cepstra of log-mel levels, shape (frames, CEPSTRA)."""
    return bands @ _cosines()


def analyse_samples(padded: Samples, count: int) -> Frames:
    """Features of ``count`` frames; the samples carry half a pitch window more on both sides."""
    margin = (_PITCH_WINDOW - _WINDOW) // 2
    bands = _bands(padded[margin:], count)
    pitch, voicing = _pitch(padded, count)
    return Frames(bands, cepstra_of(bands), pitch, voicing)


def _padded(recording: Recording, first: int, count: int) -> Samples:
    """Samples of some frames with the pitch window's margin, zeros beyond the recording."""
    margin = (_PITCH_WINDOW - _STEP) // 2
    start, stop = first * _STEP - margin, (first + count) * _STEP + margin
    held = recording.block(max(0, start) / RATE, stop / RATE)
    before = max(0, -start)
    return np.pad(held, (before, max(0, stop - start - before - len(held))))


def _bands(samples: Samples, count: int) -> Matrix:
    """Log-mel levels; frame ``i``'s window starts at sample ``i * _STEP``."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_STEP][:count]
    spectrum = np.fft.rfft(windows * _hann(_WINDOW), _FFT).astype(np.complex64)
    power = spectrum.real**2 + spectrum.imag**2
    levels: Matrix = np.log(power @ _mel_bank() + np.float32(_FLOOR))
    return levels


def _pitch(samples: Samples, count: int) -> tuple[Matrix, Matrix]:
    """The lag where the window's autocorrelation, freed of its taper, is highest."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _PITCH_WINDOW)[::_STEP][:count]
    taper = _hann(_PITCH_WINDOW)
    centred = (windows - windows.mean(axis=1, keepdims=True)) * taper
    shortest, longest = int(RATE / _PITCH_HIGHEST), int(RATE / _PITCH_LOWEST)
    own = _autocorrelation(taper[None])[0, : longest + 1]
    found = _autocorrelation(centred)[:, : longest + 1]
    curve = found / (own / own[0]) / (found[:, :1] + _FLOOR)
    lags = np.arange(shortest, longest + 1)
    # A small bonus for short lags keeps the octave below from winning a tie.
    scored = curve[:, shortest:] - 0.02 * np.log2(lags / shortest)
    best = scored.argmax(axis=1)
    voicing = np.clip(curve[np.arange(count), best + shortest], 0.0, 1.0)
    return (RATE / lags[best]).astype(np.float32), voicing.astype(np.float32)


def _autocorrelation(windows: Matrix) -> Matrix:
    spectrum = np.fft.rfft(windows, _PITCH_FFT)
    found: Matrix = np.fft.irfft(spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return found


@lru_cache(maxsize=4)
def _hann(size: int) -> Matrix:
    taper: Matrix = np.hanning(size + 1)[:-1].astype(np.float32)
    return taper


@lru_cache(maxsize=1)
def _mel_bank() -> Matrix:
    """Triangular filters, shape (_FFT / 2 + 1, BANDS)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (60.0, 7600.0))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    bins = np.arange(_FFT // 2 + 1)[:, None] * RATE / _FFT
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bank: Matrix = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    return bank


@lru_cache(maxsize=1)
def _cosines() -> Matrix:
    """The orthonormal discrete cosine transform's rows 1 to CEPSTRA, as columns."""
    rows = np.arange(1, CEPSTRA + 1)[None]
    angles = np.pi * rows * (np.arange(BANDS)[:, None] + 0.5) / BANDS
    cosines: Matrix = (np.sqrt(2.0 / BANDS) * np.cos(angles)).astype(np.float32)
    return cosines
