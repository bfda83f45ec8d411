import numpy as np
import pytest

from pipeline.activity import detect_activity
from pipeline.audio import RATE
from pipeline.config import load_config
from pipeline.diarization.separation import level_modes, separation
from pipeline.levels import (
    HOP,
    band_levels,
    frame_probability,
    noise_levels,
    to_db,
    to_power,
)
from tests.sounds import converse, microphones, recording

CONFIG = load_config()


@pytest.fixture(scope="module")
def conversation():
    return converse(turns=6)


def apart(samples):
    made = recording(samples)
    activity = detect_activity(made, CONFIG.activity)
    return separation(made, activity, CONFIG.diarization.channels)


def tone(hertz, seconds=1.0, level=8000):
    return (level * np.sin(2 * np.pi * hertz * np.arange(seconds * RATE) / RATE)).astype(np.int16)


def test_a_frame_is_10_ms():
    assert band_levels(tone(300)).shape == (4, 100)
    assert band_levels(tone(300)[: 10 * HOP + 159]).shape == (4, 10)
    assert band_levels(tone(300)[:HOP]).shape == (4, 1)


@pytest.mark.parametrize(("hertz", "band"), [(300, 0), (800, 1), (1700, 2), (3000, 3)])
def test_a_tone_is_loudest_in_its_band(hertz, band):
    assert np.argmax(band_levels(tone(hertz))[:, 50]) == band


def test_half_the_amplitude_is_6_db_less():
    loud, soft = band_levels(tone(800)), band_levels(tone(800, level=4000))
    assert np.median(loud[1] - soft[1]) == pytest.approx(6.02, abs=0.05)


def test_blocks_leave_no_seam():
    long = np.tile(tone(800), 70)  # more than a block of 6000 frames
    levels = band_levels(long)[1, 10:-10]
    assert np.ptp(levels) < 0.5


def test_decibels_and_back():
    assert to_power(to_db(np.array([1e-3, 1.0]))) == pytest.approx([1e-3, 1.0], rel=1e-3)


def test_noise_is_the_level_between_words():
    levels = np.full((4, 1000), -20.0, np.float32)
    quiet = np.zeros(1000, bool)
    quiet[300:600] = True
    levels[:, quiet] = -55.0
    assert noise_levels(levels, quiet).tolist() == [[-55.0]] * 4


def test_without_pauses_noise_is_the_softest_level():
    levels = np.linspace(-40, -10, 1001, dtype=np.float32)[None]
    assert noise_levels(levels, np.zeros(1001, bool))[0, 0] == pytest.approx(-38.5, abs=0.1)


def test_silence_is_at_most_42_db_under_the_loudest_speech():
    levels = np.full((1, 1000), -20.0, np.float32)
    quiet = np.zeros(1000, bool)
    quiet[300:600] = True
    levels[:, quiet] = -90.0
    assert noise_levels(levels, quiet).tolist() == [[-62.0]]


def test_two_modes_are_found_with_their_weight():
    generator = np.random.default_rng(3)
    low, high = generator.normal(-18, 2, 3000), generator.normal(12, 3, 1000)
    modes = level_modes(np.concatenate([low, high]).astype(np.float32))
    assert modes.low == pytest.approx(-18, abs=0.5)
    assert modes.high == pytest.approx(12, abs=0.5)
    assert modes.distance == pytest.approx(30, abs=1)
    assert modes.low_weight == pytest.approx(0.75, abs=0.02)


def test_less_than_a_second_has_no_modes():
    assert level_modes(np.array([-20.0, 20.0] * 49, np.float32)).distance == 0.0


@pytest.mark.parametrize(("crosstalk", "level"), [(-15.0, 0.0), (-25.0, 0.0), (-25.0, -6.0)])
def test_separation_is_twice_the_crosstalk(conversation, crosstalk, level):
    found = apart(microphones(conversation, crosstalk=crosstalk, level=level, noise=-70))
    assert found == pytest.approx(-2 * crosstalk, abs=5)


def test_one_channel_separates_nobody(conversation):
    assert apart(microphones(conversation, crosstalk=-30)[:1]) == 0.0


def test_a_stereo_recorder_on_the_table_separates_nobody(conversation):
    assert apart(microphones(conversation, crosstalk=-2.0)) < 6


def test_a_channel_that_was_off_separates_nobody(conversation):
    samples = microphones(conversation, crosstalk=-60)
    samples[1] = np.random.default_rng(1).normal(0, 20, samples.shape[1])
    assert apart(samples) == 0.0


def test_probabilities_reach_every_frame(conversation):
    made = recording(microphones(conversation, crosstalk=-30))
    activity = detect_activity(made, CONFIG.activity)
    frames = made.samples.shape[1] // HOP
    at_frames = frame_probability(activity, 0, frames)
    assert at_frames.shape == (frames,)
    assert at_frames[0] == activity.probability[0][0]
    assert at_frames.max() == activity.probability[0].max()
