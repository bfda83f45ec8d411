"""Loudness and pitch of sounds whose loudness and pitch are known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.activity import Activity
from pipeline.audio import RATE
from pipeline.config import load_config
from pipeline.errors import ConfigError
from pipeline.prosody import track_prosody
from pipeline.timeline import Span
from tests.sounds import recording

CONFIG = load_config().prosody
SECONDS = 3.0
TIME = np.arange(round(SECONDS * RATE)) / RATE
FRAMES = (np.arange(round(SECONDS / CONFIG.step)) + 0.5) * CONFIG.step
INNER = slice(10, -10)


def track(sound, *, speech=None, config=CONFIG, progress=lambda _stage, _fraction: None):
    """Prosody of samples in -1..1; speech throughout unless it is given for each channel."""
    sound = np.atleast_2d(sound)
    seconds = sound.shape[1] / RATE
    spoken = speech or ((Span(0.0, seconds),),) * len(sound)
    activity = Activity(spoken, tuple(np.ones(1, np.float32) for _ in sound), seconds)
    made = recording(np.clip(np.rint(sound * 32768), -32768, 32767))
    return track_prosody(made, activity, config, progress=progress)


def voice(hertz, *, harmonics=None, level=0.2):
    """Harmonics up to 3.4 kHz, each weaker than the one below; ``hertz`` may change with time."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, TIME.shape)) / RATE
    chosen = harmonics or range(1, int(3400 / np.max(hertz)) + 1)
    sound = sum(np.sin(k * phase + k) / k for k in chosen)
    return level * sound / np.abs(sound).max()


def noisy(sound, snr, seed=7):
    """With white noise, ``snr`` dB weaker."""
    level = np.sqrt(np.mean(sound**2)) * 10 ** (-snr / 20)
    return sound + np.random.default_rng(seed).normal(0, level, sound.shape)


def semitones(pitch, truth):
    """Distance from the truth, inner frames; nan where unvoiced."""
    truth = np.broadcast_to(truth, pitch.shape)
    return np.abs(12 * np.log2(pitch / truth))[INNER]


@pytest.mark.parametrize("hertz", [65, 80, 110, 150, 220, 300, 400, 480])
def test_a_tones_pitch_is_right_to_a_fifth_of_a_semitone(hertz):
    assert semitones(track(0.3 * np.sin(2 * np.pi * hertz * TIME)).pitch[0], hertz).max() < 0.21


@pytest.mark.parametrize("hertz", [65, 80, 110, 150, 220, 300, 400, 480])
def test_a_voices_pitch_is_right_to_a_twentieth_of_a_semitone(hertz):
    assert semitones(track(voice(hertz)).pitch[0], hertz).max() < 0.05


@pytest.mark.parametrize("hertz", [80, 110, 220, 400])
@pytest.mark.parametrize("snr", [20, 10])
def test_noise_moves_pitch_by_less_than_a_tenth_of_a_semitone(hertz, snr):
    assert semitones(track(noisy(voice(hertz), snr)).pitch[0], hertz).max() < 0.1


@pytest.mark.parametrize("hertz", [80, 110, 220])
def test_pitch_is_heard_on_the_telephone_where_the_fundamental_is_missing(hertz):
    missing = range(int(300 / hertz) + 1, int(3400 / hertz) + 1)
    assert semitones(track(voice(hertz, harmonics=missing)).pitch[0], hertz).max() < 0.1


@pytest.mark.parametrize("octaves_a_second", [0.3, -0.3, 1.0])
def test_a_glide_is_followed(octaves_a_second):
    def truth(time):
        return 200 * 2 ** (octaves_a_second * (time - SECONDS / 2) / 2)

    assert semitones(track(voice(truth(TIME))).pitch[0], truth(FRAMES)).max() < 0.25


@pytest.mark.parametrize("scale", [0.9, 1 / 30])
def test_loud_and_soft_voices_have_the_same_pitch(scale):
    assert semitones(track(voice(150, level=scale)).pitch[0], 150).max() < 0.05


def test_rumble_hides_no_pitch():
    rumble = 0.5 * np.sin(2 * np.pi * 20 * TIME)
    assert semitones(track(voice(150) + rumble).pitch[0], 150).max() < 0.1


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(7).normal(0, 0.1, len(TIME))
    assert np.isnan(track(noise).pitch).all()
    assert np.isnan(track(np.zeros(len(TIME))).pitch).all()


def test_what_lies_far_under_the_loud_speech_has_no_pitch():
    sound = np.where(TIME < 2, voice(150), voice(150) * 10 ** (-(CONFIG.range + 5) / 20))
    voiced = np.isfinite(track(sound).pitch[0])
    assert voiced[10:90].all()
    assert not voiced[110:].any()


def test_a_full_sine_is_three_decibels_under_full_scale():
    loudness = track(np.sin(2 * np.pi * 300 * TIME)).loudness[0][INNER]
    assert loudness == pytest.approx(-3.01, abs=0.05)


@settings(max_examples=15, deadline=None)
@given(st.floats(-30, 6))
def test_a_louder_recording_is_louder_everywhere_and_as_high(gain):
    quiet = noisy(voice(180, level=0.3), 25)
    one, other = track(quiet), track(quiet * 10 ** (gain / 20))
    assert other.loudness - one.loudness == pytest.approx(gain, abs=0.1)
    assert other.pitch == pytest.approx(one.pitch, rel=0.002, nan_ok=True)


def test_only_speech_is_listened_to():
    """
    sound   ~~~~~~~~~~~~~~~~~~~~~~
    speech      |-----|    |---|
    """
    found = track(voice(150), speech=((Span(0.5, 1.0), Span(2.0, 2.2)),))
    heard = np.isfinite(found.loudness[0])
    assert [bool(heard[round(t / CONFIG.step)]) for t in (0.25, 0.75, 1.5, 2.1, 2.5)] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert not np.isfinite(found.pitch[0][~heard]).any()


def test_each_channel_has_its_own():
    found = track(np.stack([voice(110), 0.5 * voice(220)]))
    assert found.channels == 2
    assert semitones(found.pitch[0], 110).max() < 0.05
    assert semitones(found.pitch[1], 220).max() < 0.05


@pytest.mark.parametrize("block", [1.0, 1.37])
def test_blocks_leave_no_seams(block):
    sound = noisy(voice(150 * 2 ** (TIME / 6)), 15)
    whole, parts = track(sound), track(sound, config=replace(CONFIG, block=block))
    assert parts.loudness == pytest.approx(whole.loudness, abs=0.01)
    assert parts.pitch == pytest.approx(whole.pitch, rel=0.001, nan_ok=True)


def test_progress_rises_to_the_end():
    told = []
    track(
        np.stack([voice(110), voice(220)]),
        config=replace(CONFIG, block=1.0),
        progress=lambda stage, fraction: told.append((stage, fraction)),
    )
    assert {stage for stage, _ in told} == {"prosody"}
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("lowest=600", "must rise"),
        ("highest=3000", "below a quarter of the rate"),
        ("window=0.02", "two periods of the lowest voice"),
        ("rumble=80", "between 0 and the lowest voice"),
        ("step=0", "prosody.step = 0.0 must be 0.005 or more"),
    ],
)
def test_settings_that_hear_nothing_are_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        load_config(overrides=[f"prosody.{setting}"])
