import dataclasses
import shutil

import numpy as np
import pytest
from models.tiny_whisper import build_tiny_whisper

from pipeline.activity import Activity
from pipeline.audio import RATE, Recording
from pipeline.config import load_config
from pipeline.errors import ConfigError, ModelUnavailable
from pipeline.records import Quality
from pipeline.timeline import Span, covering
from pipeline.transcription.whisper import WhisperTranscriber

DURATION = 20.0
SPEECH = ((Span(1, 3), Span(3.3, 6), Span(12, 15)), (Span(8, 10),))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return build_tiny_whisper(tmp_path_factory.mktemp("Modelle für Praxis") / "tiny.en")


def config(**changes):
    # its improbable gibberish must pass the thresholds that real words pass
    passing = {"log_probability": -100.0, "compression_ratio": 100.0, "device": "cpu"}
    return dataclasses.replace(load_config().transcription.whisper, **{**passing, **changes})


def recording(channels=1):
    rng = np.random.default_rng(3)
    samples = np.zeros((channels, int(DURATION * RATE)), np.int16)
    for channel in range(channels):
        for span in SPEECH[channel] if channels > 1 else SPEECH[0] + SPEECH[1]:
            part = slice(int(span.start * RATE), int(span.end * RATE))
            samples[channel, part] = rng.normal(size=part.stop - part.start) * 3000
    quality = Quality(snr_db=30.0, clipped=0.0, peak_db=-3.0, dual_mono=False, truncated=False)
    return Recording("noise", samples, "0" * 64, channels, "unknown", quality)


def activity(channels=1):
    speech = SPEECH if channels > 1 else (tuple(sorted(SPEECH[0] + SPEECH[1])),)
    return Activity(speech, tuple(np.zeros(1, np.float32) for _ in speech), DURATION)


@pytest.mark.models
def test_words_lie_inside_speech_or_say_that_they_do_not(model):
    transcript = WhisperTranscriber(config(), "en", model).transcribe(recording(), activity())
    speech = activity().anywhere()
    kept = [word for word in transcript.words if "outside speech" not in word.flags]
    assert kept
    for word in kept:
        assert covering(speech, word.start) is not None or word.start == word.end
        assert word.end <= DURATION
    assert list(transcript.words) == sorted(transcript.words, key=lambda word: word.start)
    assert transcript.grade == "good"


@pytest.mark.models
def test_only_speech_is_decoded(model):
    words = WhisperTranscriber(config(), "en", model).transcribe(recording(), activity()).words
    pad = config().clip_pad + 0.05
    clips = (Span(1 - pad, 6 + pad), Span(8 - pad, 10 + pad), Span(12 - pad, 15 + pad))
    assert all(any(clip.start <= w.start <= w.end <= clip.end for clip in clips) for w in words)


@pytest.mark.models
def test_nothing_is_decoded_in_silence(model):
    silent = Activity(((),), (np.zeros(1, np.float32),), DURATION)
    transcript = WhisperTranscriber(config(), "en", model).transcribe(recording(), silent)
    assert transcript.words == ()
    assert "No words" in transcript.note


@pytest.mark.models
def test_sampled_fallbacks_repeat_exactly(model):
    sampling = config(temperatures=(1.0,), beam_size=1)
    transcriber = WhisperTranscriber(sampling, "en", model)
    first = transcriber.transcribe(recording(), activity())
    assert transcriber.transcribe(recording(), activity()) == first
    assert WhisperTranscriber(sampling, "en", model).transcribe(recording(), activity()) == first


@pytest.mark.models
def test_another_seed_samples_other_words(model):
    texts = set()
    for seed in (1, 2):
        sampling = config(temperatures=(1.0,), beam_size=1, seed=seed)
        words = WhisperTranscriber(sampling, "en", model).transcribe(recording(), activity()).words
        texts.add(" ".join(word.text for word in words))
    assert len(texts) == 2


@pytest.mark.models
def test_a_channel_decoded_by_itself_owns_its_words(model):
    words = (
        WhisperTranscriber(config(), "en", model)
        .transcribe(recording(2), activity(2), per_channel=True)
        .words
    )
    assert {word.speaker for word in words} == {"left", "right"}
    for word in words:
        assert (7.5 < word.start < 10.5) == (word.speaker == "right")


@pytest.mark.models
def test_short_blocks_give_the_same_clips(model):
    long = WhisperTranscriber(config(), "en", model).transcribe(recording(), activity())
    short = WhisperTranscriber(config(block=1.0), "en", model).transcribe(recording(), activity())
    assert {round(w.start) // 7 for w in short.words} == {round(w.start) // 7 for w in long.words}


@pytest.mark.models
def test_progress_never_goes_back_and_arrives(model):
    heard = []
    WhisperTranscriber(config(), "en", model).transcribe(
        recording(2), activity(2), progress=lambda _, f: heard.append(f), per_channel=True
    )
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_missing_directory_names_the_place_and_the_remedy(tmp_path):
    with pytest.raises(
        ModelUnavailable, match=r"no Whisper model at .*attune models fetch whisper"
    ):
        WhisperTranscriber(config(), "en", tmp_path / "nowhere")


@pytest.mark.models
@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named_and_nothing_is_fetched(model, tmp_path, name):
    damaged = shutil.copytree(model, tmp_path / "damaged")
    (damaged / name).unlink()
    with pytest.raises(ModelUnavailable, match=f"{name} is missing"):
        WhisperTranscriber(config(), "en", damaged)


@pytest.mark.models
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.bin", b"\x00" * 64),
        ("model.bin", b"<html>moved</html>"),
        ("config.json", b"{"),
        ("tokenizer.json", b"\x00" * 64),
        ("tokenizer.json", b'{"a": 1}'),
    ],
)
def test_a_damaged_file_is_reported_with_the_remedy(model, tmp_path, name, content):
    damaged = shutil.copytree(model, tmp_path / "damaged")
    (damaged / name).write_bytes(content)
    with pytest.raises(ModelUnavailable, match="attune models fetch whisper"):
        WhisperTranscriber(config(), "en", damaged).load()


@pytest.mark.models
def test_a_truncated_model_is_reported(model, tmp_path):
    damaged = shutil.copytree(model, tmp_path / "damaged")
    weights = (damaged / "model.bin").read_bytes()
    (damaged / "model.bin").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelUnavailable, match="may be damaged"):
        WhisperTranscriber(config(), "en", damaged).load()


@pytest.mark.models
def test_a_language_the_model_lacks_is_refused(model):
    with pytest.raises(ModelUnavailable, match="'de'"):
        WhisperTranscriber(config(), "de", model).load()


def test_long_hotwords_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="hotwords"):
        WhisperTranscriber(config(hotwords="um, " * 20), "en", tmp_path)
