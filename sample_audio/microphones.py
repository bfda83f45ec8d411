"""What the microphones of a role-play hear: a room, other voices, noise; all of it made up."""

from collections.abc import Mapping

import numpy as np
import scipy.signal as sig
from script import Script
from speech import RATE, Samples

DIRECT_DB = 9.0  # level of the direct sound re the reverberation: a phone on the table between two
EARLY = (0.004, 0.03)  # s; first reflections from table and walls
BAND = 6500  # Hz; a phone's voice recorder keeps no more (and FLAC stays small)
STEPS = 2**13  # 14 bits, far under the room's noise; FLAC doesn't spend space on the two others
PEAK = 0.9  # of full scale, at most
LEAK_DELAY = (0.002, 0.005)  # s; 0.7 to 1.7 m further away


def record(tracks: Mapping[str, Samples], script: Script) -> Samples:
    """Samples as they are written, shape (n,) for one microphone, else (n, voices)."""
    rng = np.random.default_rng([script.seed, 10_000])
    heard = {
        who: sig.fftconvolve(track, room_response(script.room.reverberation, rng))[: len(track)]
        for who, track in tracks.items()
    }
    if script.setup == "one microphone":
        channels = [sum(heard.values(), start=np.zeros(len(next(iter(heard.values())))))]
    else:
        channels = [_with_crosstalk(heard, who, script, rng) for who in script.order]
    channels = [x + room_noise(len(x), script.room.noise_db, rng) for x in channels]
    lowpass = sig.butter(6, BAND, fs=RATE, output="sos")
    samples = sig.sosfiltfilt(lowpass, np.stack(channels, axis=1), axis=0).squeeze()
    samples *= min(1.0, PEAK / np.abs(samples).max())
    return np.round(samples * STEPS) / STEPS


def room_response(reverberation: float, rng: np.random.Generator) -> Samples:
    """Direct sound, six early reflections and an exponentially falling tail."""
    if reverberation == 0:
        return np.ones(1)
    t = np.arange(round(reverberation * RATE)) / RATE
    tail = rng.normal(size=len(t)) * 10 ** (-3 * t / reverberation)
    tail[: round(EARLY[0] * RATE)] = 0
    for delay in rng.uniform(*EARLY, size=6):
        tail[round(delay * RATE)] += rng.choice([-1, 1]) * 3 * 10 ** (-3 * delay / reverberation)
    tail = sig.lfilter([1], [1, -0.6], tail)  # walls swallow high frequencies first
    tail *= 10 ** (-DIRECT_DB / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return tail


def room_noise(length: int, level_db: float, rng: np.random.Generator) -> Samples:
    """A quiet room: noise that falls towards high frequencies, at a level in dB re full scale."""
    noise = sig.lfilter([1], np.convolve([1, -0.98], [1, -0.9]), rng.normal(size=length))
    return noise * 10 ** (level_db / 20) / np.sqrt((noise**2).mean())


def _with_crosstalk(
    heard: Mapping[str, Samples], who: str, script: Script, rng: np.random.Generator
) -> Samples:
    """One person's microphone, with the others' voices faint and a moment later."""
    own = heard[who].copy()
    for other in heard:
        if other != who:
            delay = round(rng.uniform(*LEAK_DELAY) * RATE)
            own[delay:] += heard[other][:-delay] * 10 ** (script.room.crosstalk_db / 20)
    return own
