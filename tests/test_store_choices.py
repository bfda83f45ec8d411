"""What people set right, and who agreed to what."""

import os

import pytest
import synthetic

from pipeline.corrections import LabelCorrection, SpeakerCorrection, of_speakers
from pipeline.errors import StoreError
from pipeline.store import Store

PURPOSE = "improving_model"
LINE = SpeakerCorrection(7.1, 19.0, "right", "left")
LABEL = LabelCorrection(19.6, 24.0, "left", "reflection", False)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def recording(store, tmp_path):
    path = tmp_path / "practice.wav"
    path.write_bytes(b"RIFF" + os.urandom(1000))
    kept = store.ingest(path)
    store.save(kept.id, synthetic.report())
    return kept.id


def test_corrections_come_back_as_they_were_said(store, recording):
    store.correct(recording, LINE)
    store.correct(recording, LABEL)
    store.choose(recording, therapist="right")
    choices = store.choices(recording)
    assert choices.corrections == (LINE, LABEL)
    assert choices.therapist == "right"
    assert of_speakers(choices.corrections) == (LINE,)


def test_everybody_must_have_agreed(store, recording):
    assert not store.agreed(recording, PURPOSE)
    store.agree(recording, "left", PURPOSE)
    assert not store.agreed(recording, PURPOSE)
    store.agree(recording, "right", PURPOSE, how="by link")
    assert store.agreed(recording, PURPOSE)
    assert not store.agreed(recording, "trainer_hears")


def test_a_yes_is_taken_back_by_one_alone_and_may_be_given_again(store, recording):
    for label in ("left", "right"):
        store.agree(recording, label, PURPOSE)
        store.agree(recording, label, PURPOSE)
    store.withdraw(recording, "left", PURPOSE)
    assert not store.agreed(recording, PURPOSE)
    store.agree(recording, "left", PURPOSE)
    assert store.agreed(recording, PURPOSE)


def test_consent_outlives_another_analysis(store, recording):
    for label in ("left", "right"):
        store.agree(recording, label, PURPOSE)
    store.save(recording, synthetic.report())
    assert store.agreed(recording, PURPOSE)


@pytest.mark.parametrize(
    ("label", "purpose", "how", "message"),
    [
        ("nobody", PURPOSE, "by code", "no voice 'nobody'"),
        ("left", "marketing", "by code", "marketing"),
        ("left", PURPOSE, "by force", "by force"),
    ],
)
def test_consent_is_of_a_voice_to_a_purpose(store, recording, label, purpose, how, message):
    with pytest.raises(StoreError, match=message):
        store.agree(recording, label, purpose, how=how)
