"""Corrections become training data only with everybody's consent, in AnnoMI-simple's columns."""

import os
from dataclasses import replace

import pytest
import synthetic
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.contribution import PURPOSE, contribution, labelled
from pipeline.corrections import LabelCorrection
from pipeline.phrasing.corpus import read_corpus
from pipeline.records import Word
from pipeline.store import Store

REFLECTS = LabelCorrection(19.6, 24.0, "left", "reflection", True)
ASKS_NOT = LabelCorrection(57.0, 66.0, "left", "question", False)
REFLECTS_NOT = LabelCorrection(77.0, 83.0, "left", "reflection", False)


def worded(report):
    """The report with every turn's words, as an analysis gives them."""
    (section,) = report.sections
    turns = tuple(
        replace(
            turn,
            words=tuple(
                Word(turn.start + i / 10, turn.start + i / 10 + 0.05, text, speaker=turn.speaker)
                for i, text in enumerate(turn.text.split())
            ),
        )
        for turn in section.turns
    )
    return replace(report, sections=(replace(section, turns=turns),))


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "data"))
    with Store.open(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def recording(store, tmp_path):
    path = tmp_path / "practice.wav"
    path.write_bytes(b"RIFF" + os.urandom(1000))
    kept = store.ingest(path)
    store.save(kept.id, worded(synthetic.report()))
    return kept.id


def agree(store, recording):
    for label in ("left", "right"):
        store.agree(recording, label, PURPOSE)


def test_without_everybodys_consent_nothing_is_given(store, recording):
    store.correct(recording, REFLECTS)
    store.agree(recording, "left", PURPOSE)
    given = contribution(store)
    assert given.dialogues == ()
    assert given.without_consent == 1


def test_what_was_agreed_is_the_label_and_the_rest_is_context(store, recording):
    agree(store, recording)
    store.correct(recording, REFLECTS)
    given = contribution(store)
    (dialogue,) = given.dialogues
    labels = {u.text: u.label for u in dialogue.utterances if u.label}
    assert labels == {"So the day follows you home, and there's no end to it.": "reflection"}
    assert given.labels == 1
    assert recording not in dialogue.name


def test_what_was_taken_away_is_other_unless_another_kind_was_found(store, recording):
    section = worded(synthetic.report()).sections[0]
    dialogue = labelled(section, (ASKS_NOT, REFLECTS_NOT), mark="m")
    assert sorted(u.label for u in dialogue.utterances if u.label) == ["other", "other"]


def test_a_recording_without_corrections_is_not_given(store, recording):
    agree(store, recording)
    assert contribution(store).dialogues == ()


def test_the_file_is_a_corpus(store, recording, tmp_path):
    agree(store, recording)
    store.correct(recording, REFLECTS)
    out = tmp_path / "corrections.csv"
    result = CliRunner().invoke(app, ["phrasing", "export", str(out)])
    assert result.exit_code == 0, result.output
    assert read_corpus(out) == contribution(store).dialogues


def test_with_nothing_to_give_no_file_is_written(store, recording, tmp_path):
    out = tmp_path / "corrections.csv"
    store.correct(recording, REFLECTS)
    result = CliRunner().invoke(app, ["phrasing", "export", str(out)])
    assert result.exit_code == 1
    assert not out.exists()
