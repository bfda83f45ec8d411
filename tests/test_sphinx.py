import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest

from pipeline.activity import Activity, detect_activity
from pipeline.audio import RATE, read_recording
from pipeline.config import load_config
from pipeline.errors import ModelUnavailable
from pipeline.records import Word, merge_words
from pipeline.transcription import sphinx
from pipeline.transcription.sphinx import SphinxTranscriber, draft_note, mean_confidence

DURATION = 7.5
CONFIG = dataclasses.replace(load_config().transcription.sphinx, processes=2)


SAMPLE = Path(__file__).parent.parent / "sample_audio" / "01_one_phone.flac"


def recording():
    """The first lines of a sample role-play: "Thank you for coming in today ..."."""
    mono = read_recording(SAMPLE, load_config().audio)
    return dataclasses.replace(mono, samples=mono.samples[:, : int(DURATION * RATE)])


def stereo():
    """The same, its first two seconds of speech on the left, the next ones on the right."""
    samples = np.repeat(recording().samples, 2, axis=0)
    samples[0, int(4 * RATE) :] = 0
    samples[1, : int(4 * RATE)] = 0
    return dataclasses.replace(recording(), samples=samples)


def heard_in(some):
    return detect_activity(some, load_config().activity)


@pytest.mark.models
def test_a_draft_holds_words_with_confidence_and_no_fillers():
    sample = recording()
    transcript = SphinxTranscriber(CONFIG, "en").transcribe(sample, heard_in(sample))
    assert "you for coming in today" in merge_words(transcript.words)
    assert transcript.grade == "draft"
    for word in transcript.words:
        assert word.text.isascii()
        assert not set(word.text) & set("<>[]()+")
        assert 0 <= word.confidence <= 1
        assert 0 <= word.start < word.end <= DURATION


@pytest.mark.models
def test_the_number_of_processes_changes_nothing():
    one = dataclasses.replace(CONFIG, processes=1)
    sample = recording()
    two = SphinxTranscriber(CONFIG, "en").transcribe(sample, heard_in(sample))
    assert SphinxTranscriber(one, "en").transcribe(sample, heard_in(sample)) == two


@pytest.mark.models
def test_a_channel_decoded_by_itself_owns_its_words_and_progress_arrives():
    heard, sample = [], stereo()
    transcript = SphinxTranscriber(CONFIG, "en").transcribe(
        sample, heard_in(sample), progress=lambda _, f: heard.append(f), per_channel=True
    )
    assert {word.speaker for word in transcript.words} == {"left", "right"}
    for word in transcript.words:
        assert word.end < 4.1 if word.speaker == "left" else word.start > 3.9
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


@pytest.mark.models
def test_it_works_from_a_thread():
    found, sample = [], recording()
    thread = threading.Thread(
        target=lambda: found.append(
            SphinxTranscriber(CONFIG, "en").transcribe(sample, heard_in(sample))
        )
    )
    thread.start()
    thread.join()
    assert found[0].words


@pytest.mark.models
def test_a_decoder_that_ends_early_is_reported(monkeypatch):
    monkeypatch.setattr(sphinx.sys, "executable", "/bin/false")
    sample = recording()
    with pytest.raises(ModelUnavailable, match="ended early"):
        SphinxTranscriber(CONFIG, "en").transcribe(sample, heard_in(sample))


def test_no_speech_starts_no_decoder_and_says_that_there_are_no_words(monkeypatch):
    monkeypatch.setattr(sphinx.sys, "executable", "/bin/false")
    silent = Activity(((),), (np.zeros(1, np.float32),), DURATION)
    transcript = SphinxTranscriber(CONFIG, "en").transcribe(recording(), silent)
    assert transcript.words == ()
    assert "no words" in transcript.note


def test_other_languages_are_refused_with_a_remedy():
    with pytest.raises(ModelUnavailable, match=r"'de'.*attune models fetch whisper"):
        SphinxTranscriber(CONFIG, "de")


def test_mean_confidence_weighs_words_by_their_duration():
    words = [Word(0, 3, "a", confidence=1.0), Word(3, 4, "b", confidence=0.2)]
    assert mean_confidence(words) == pytest.approx(0.8)
    assert mean_confidence([]) is None


def test_an_unsure_draft_says_that_nothing_is_counted_from_it():
    config = dataclasses.replace(CONFIG, draft_confidence=0.7)
    sure, unsure = [Word(0, 1, "a", confidence=0.8)], [Word(0, 1, "a", confidence=0.6)]
    assert sphinx.resembles_samples(sure, config)
    assert not sphinx.resembles_samples(unsure, config)
    assert "nothing is counted" in draft_note(unsure, config)
    assert "0.80" in draft_note(sure, config)
