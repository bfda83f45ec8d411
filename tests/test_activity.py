import dataclasses

import numpy as np
import pytest

from pipeline.activity import ActivityDetector, SileroStream, detect_activity
from pipeline.audio import RATE
from pipeline.config import load_config
from tests.sounds import recording, sample

CONFIG = load_config().activity


@pytest.fixture(scope="module")
def speech():
    """Speech and pauses that end within a word; no whole number of windows."""
    return sample("01_one_phone", 0.0, 31.37)[0]


def floats(samples):
    return samples.astype(np.float32) / 32768


def fed(samples, cuts, config=CONFIG):
    detector = ActivityDetector(config)
    spans = [span for piece in np.split(samples, cuts) for span in detector.feed(piece)]
    return spans + detector.finish(), detector.probability


def theirs(samples, config=CONFIG):
    """What faster-whisper's own function finds with the same options, in seconds."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        threshold=config.threshold,
        neg_threshold=config.neg_threshold,
        min_speech_duration_ms=round(config.min_speech * 1000),
        min_silence_duration_ms=round(config.min_silence * 1000),
        speech_pad_ms=round(config.pad * 1000),
    )
    found = get_speech_timestamps(samples, options)
    return [(span["start"] / RATE, span["end"] / RATE) for span in found]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"min_silence": 0.5, "pad": 0.2},
        {"min_silence": 0.05, "pad": 0.4},  # pads that meet share the silence
        {"threshold": 0.9, "neg_threshold": 0.75, "min_speech": 0.6},
    ],
    ids=str,
)
def test_the_decision_is_the_one_of_faster_whisper(speech, changes):
    config = dataclasses.replace(CONFIG, **changes)
    spans, _ = fed(floats(speech), [], config)
    assert len(spans) > 1
    assert np.allclose(spans, theirs(floats(speech), config), atol=1.5 / RATE)


@pytest.mark.parametrize("end", [4.9, 5.0, 5.1, 5.2, 5.3, 5.4, 5.5])
def test_so_it_is_wherever_the_recording_ends(speech, end):
    cut = floats(speech[: round(end * RATE) + 7])
    assert np.allclose(fed(cut, [])[0], theirs(cut), atol=1.5 / RATE)


def test_one_second_pieces_give_the_same_as_the_whole(speech):
    samples = floats(speech)
    whole, whole_probability = fed(samples, [])
    pieces, probability = fed(samples, range(RATE, len(samples), RATE))
    assert pieces == whole
    assert np.allclose(probability, whole_probability, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_so_do_pieces_of_any_length(speech, seed):
    samples = floats(speech[: 12 * RATE])
    cuts = np.sort(np.random.default_rng(seed).integers(0, len(samples), 60))
    assert fed(samples, cuts)[0] == fed(samples, [])[0]


def test_what_feed_returns_no_later_sample_changes(speech):
    samples = floats(speech[: 20 * RATE])
    detector = ActivityDetector(CONFIG)
    early = [s for piece in np.split(samples, 20) for s in detector.feed(piece)]
    assert early
    assert fed(samples, [])[0][: len(early)] == early


def test_every_channel_is_judged_for_itself(speech):
    pair = np.stack([speech, np.zeros_like(speech)])
    heard = []
    activity = detect_activity(
        recording(pair), CONFIG, progress=lambda stage, f: heard.append((stage, f))
    )
    alone = detect_activity(recording(speech), CONFIG)
    assert activity.speech == (alone.speech[0], ())
    assert activity.anywhere() == alone.speech[0]
    assert activity.seconds == alone.seconds > 15
    assert heard == sorted(heard)
    assert heard[-1] == ("activity", 1.0)


def test_speech_lies_inside_the_recording(speech):
    activity = detect_activity(recording(speech), CONFIG)
    assert activity.speech[0][0].start >= 0
    assert activity.speech[0][-1].end <= activity.duration == len(speech) / RATE


def test_silence_holds_no_speech():
    activity = detect_activity(recording(np.zeros((1, 5 * RATE))), CONFIG)
    assert (activity.speech, activity.seconds) == (((),), 0.0)
    assert len(activity.probability[0]) == -(-5 * RATE // 512)


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 513])
def test_a_moment_of_sound_is_no_speech(samples):
    spans, probability = fed(np.full(samples, 0.1, np.float32), [])
    assert spans == []
    assert len(probability) == -(-samples // 512)


def test_the_stream_knows_how_much_it_was_fed():
    stream = SileroStream()
    stream.feed(np.zeros(700, np.float32))
    assert stream.seconds == 700 / RATE
    assert len(stream.all) == 1
    stream.finish()
    assert len(stream.all) == 2
