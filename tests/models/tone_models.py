"""pyannote models that need no training: a voice is a frequency band.

Where a band holds energy its voice speaks, and a voice's embedding is its share of each band. Fed
with sines, the real pipeline (windows, powerset decoding, clustering, reconstruction) has one right
answer that a test can state to within a frame of 10 ms.
"""

from functools import lru_cache

import torch
from pyannote.audio.core.model import Model

HOP, WINDOW = 160, 400  # samples at 16 kHz: 10 ms and 25 ms
BANDS = ((100, 300), (600, 1200), (2000, 3000))  # Hz, one voice each
PITCH = {"A": 200.0, "B": 900.0, "C": 2500.0}  # Hz, a sine inside each band
ENERGY = 1.0  # mean |FFT|^2 of a band; a sine of amplitude 0.3 reaches far above, silence 0

# Powerset classes of three voices, at most two at once: {} {A} {B} {C} {A,B} {A,C} {B,C}.
POWERSET = torch.tensor([0, 1, 2, 4, 3, 5, 6, 0])  # indexed by A + 2 B + 4 C


class ToneSegmentation(Model):
    def __init__(self, sample_rate=16000, num_channels=1, task=None):
        super().__init__(sample_rate=sample_rate, num_channels=num_channels, task=task)

    @property
    def dimension(self):
        return self.specifications.num_powerset_classes

    @lru_cache  # noqa: B019 - pyannote's own models cache it too
    def num_frames(self, num_samples):
        return 1 + (num_samples - WINDOW) // HOP

    def receptive_field_size(self, num_frames=1):
        return WINDOW + (num_frames - 1) * HOP

    def receptive_field_center(self, frame=0):
        return frame * HOP + WINDOW // 2

    def forward(self, waveforms):
        on = band_energy(waveforms, self.hparams.sample_rate) > ENERGY
        index = (on * torch.tensor([1, 2, 4], device=on.device)).sum(-1)
        chosen = POWERSET.to(on.device)[index]
        return torch.nn.functional.one_hot(chosen, self.dimension).float().clamp(min=1e-4).log()


class ToneEmbedding(Model):
    def __init__(self, sample_rate=16000, num_channels=1, task=None):
        super().__init__(sample_rate=sample_rate, num_channels=num_channels, task=task)

    @property
    def dimension(self):
        return 2 * len(BANDS)

    def forward(self, waveforms, weights=None):
        energy = band_energy(waveforms, self.hparams.sample_rate)
        if weights is not None:
            mask = torch.nn.functional.interpolate(weights[:, None], size=energy.shape[1])[:, 0]
            energy = energy * mask[..., None]
        share = energy.sum(1)
        share = share / (share.sum(-1, keepdim=True) + 1e-9)
        return torch.cat([share, 1 - share], -1)


def band_energy(waveforms, rate):
    """(batch, 1, samples) -> (batch, frames, bands)."""
    frames = waveforms[:, 0].unfold(-1, WINDOW, HOP)
    window = torch.hann_window(WINDOW, device=waveforms.device)
    power = torch.fft.rfft(frames * window, n=1024).abs() ** 2
    hertz = torch.fft.rfftfreq(1024, 1 / rate).to(waveforms.device)
    bands = [power[..., (hertz >= low) & (hertz < high)].mean(-1) for low, high in BANDS]
    return torch.stack(bands, -1)
