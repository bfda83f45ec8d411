import numpy as np
import pytest

from pipeline.activity import Activity
from pipeline.artefacts import Artefacts
from pipeline.prosody import Prosody
from pipeline.records import Diarization, SpeakerSpan
from pipeline.timeline import Span

ACTIVITY = Activity(
    speech=((Span(0.5, 1.25), Span(2.0, 3.5)), ()),
    probability=(np.array([0.1, 0.9], np.float32), np.array([0.0, 0.25], np.float32)),
    duration=4.0,
)
PROSODY = Prosody(
    step=0.02,
    loudness=np.array([[-20.5, np.nan, -31.25]], np.float32),
    pitch=np.array([[123.5, np.nan, np.nan]], np.float32),
)
VOICES = Diarization(
    spans=(SpeakerSpan(0.5, 1.25, "left"), SpeakerSpan(1.0, 2.0, "right")),
    speakers=("left", "right"),
    engine="channels",
    grade="good",
    confidence=0.75,
    sees_overlap=True,
)


@pytest.fixture
def kept(tmp_path):
    return Artefacts(tmp_path / "artefacts")


def test_what_is_kept_is_found_again_by_another_run(kept, tmp_path):
    kept.keep("diarization", "key", VOICES)
    assert Artefacts(tmp_path / "artefacts").load("diarization", "key", Diarization) == VOICES


def test_another_key_or_stage_finds_nothing(kept):
    kept.keep("diarization", "key", VOICES)
    assert kept.load("diarization", "other", Diarization) is None
    assert kept.load("import", "key", Diarization) is None
    assert kept.load_activity("key") is None


def test_a_stage_keeps_its_newest_alone(kept, tmp_path):
    kept.keep("diarization", "old", VOICES)
    kept.keep("audio", "old", VOICES)
    kept.keep("diarization", "new", VOICES)
    names = {path.name for path in (tmp_path / "artefacts").iterdir()}
    assert names == {"diarization-new", "audio-old"}


def test_activity_comes_back_with_its_probabilities(kept):
    kept.keep_activity("key", ACTIVITY)
    found = kept.load_activity("key")
    assert (found.speech, found.duration) == (ACTIVITY.speech, ACTIVITY.duration)
    assert all(map(np.array_equal, found.probability, ACTIVITY.probability))


def test_prosody_comes_back_with_what_is_unvoiced(kept):
    kept.keep_prosody("key", PROSODY)
    found = kept.load_prosody("key")
    assert found.step == PROSODY.step
    assert np.array_equal(found.loudness, PROSODY.loudness, equal_nan=True)
    assert np.array_equal(found.pitch, PROSODY.pitch, equal_nan=True)
    assert kept.load_prosody("other") is None


@pytest.mark.parametrize("data", [b"", b"{}", b"PK\x03\x04 no zip", b"\x93NUMPY", b'{"a": 1}'])
def test_what_cannot_be_read_was_never_made(kept, tmp_path, data):
    kept.keep("diarization", "key", VOICES)
    kept.keep_activity("key", ACTIVITY)
    kept.keep_prosody("key", PROSODY)
    for name in ("diarization-key", "activity-key", "prosody-key"):
        (tmp_path / "artefacts" / name).write_bytes(data)
    assert kept.load("diarization", "key", Diarization) is None
    assert kept.load_activity("key") is None
    assert kept.load_prosody("key") is None


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = Artefacts(None)
    kept.keep("diarization", "key", VOICES)
    kept.keep_activity("key", ACTIVITY)
    assert kept.load("diarization", "key", Diarization) is None
    assert list(tmp_path.iterdir()) == []
