import numpy as np
import pytest

from pipeline.activity import detect_activity
from pipeline.config import load_config
from pipeline.presence import sharpened
from pipeline.timeline import Span, subtract, total, union
from tests.sounds import converse, recording

CONFIG = load_config()


@pytest.fixture(scope="module")
def conversation():
    return converse(turns=6)


def heard(samples):
    made = recording(samples)
    activity = detect_activity(made, CONFIG.activity)
    return activity, sharpened(activity, made, CONFIG.presence)


def mixed(conversation, noise=0.0):
    mono = conversation.tracks.sum(axis=0)
    noisy = mono + np.random.default_rng(3).normal(0, noise, mono.shape)
    return np.clip(noisy, -32768, 32767).astype(np.int16)[None]


def error(found, truth):
    return (total(subtract(found, truth)) + total(subtract(truth, found))) / total(truth)


def test_over_noise_presence_is_nearer_to_the_truth_than_silero(conversation):
    silero, presence = heard(mixed(conversation, noise=150.0))
    truth = union(*conversation.truth, gap=0.2)
    assert error(presence.speech[0], truth) < error(union(silero.speech[0], gap=0.2), truth)


def test_in_quiet_presence_is_near_the_truth(conversation):
    _, presence = heard(mixed(conversation))
    assert error(presence.speech[0], union(*conversation.truth, gap=0.2)) < 0.1


def test_probabilities_and_length_stay(conversation):
    silero, presence = heard(mixed(conversation))
    assert presence.duration == silero.duration
    assert np.array_equal(presence.probability, silero.probability)


def test_noise_without_speech_is_nobody():
    noise = np.random.default_rng(1).normal(0, 300, (1, 16000 * 20)).astype(np.int16)
    assert heard(noise)[1].speech == ((),)


def test_speech_lies_inside_the_recording(conversation):
    _, presence = heard(mixed(conversation))
    whole = Span(0.0, presence.duration)
    assert all(whole.covers(span) for span in presence.speech[0])
