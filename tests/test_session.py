import json

import numpy as np
import pytest

from pipeline import hearing
from pipeline.config import load_config
from pipeline.diarization.channels import ChannelDiarizer
from pipeline.errors import ConfigError
from pipeline.report import to_json
from pipeline.session import SectionChoice, analyze
from pipeline.store.blobs import write_file
from tests.sounds import sample, write_audio

SECONDS = 40.0
WORDS = """WEBVTT

00:01.000 --> 00:08.600
<v Therapist>So your doctor sent you. How much do you drink?

00:09.100 --> 00:16.200
<v Client>She worries too much. A few beers, I suppose.
"""


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """One data folder for all: where weights would lie belongs to what a result depends on."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("ATTUNE_HOME", str(folder))
        patch.setenv("HF_HUB_CACHE", str(folder / "no-cache"))
        yield folder


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Two microphones, 40 s; the left one is the therapist."""
    path = tmp_path_factory.mktemp("recordings") / "pair.flac"
    return write_audio(path, sample("02_two_microphones", 0, SECONDS))


@pytest.fixture(scope="module")
def first(source, home, tmp_path_factory):
    """Artefacts of a first run, its report and what it told of its progress."""
    folder = tmp_path_factory.mktemp("first")
    told = []
    report = analyze(
        source, config(), artefacts=folder, progress=lambda stage, f: told.append((stage, f))
    )
    return folder, report, told


@pytest.fixture
def kept(first, tmp_path):
    """A copy of these artefacts, to change."""
    folder = tmp_path / "artefacts"
    folder.mkdir()
    for path in first[0].iterdir():
        write_file(folder / path.name, path.read_bytes())
    return folder


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.vtt"
    path.write_text(WORDS, encoding="utf-8")
    return path


def config(*overrides):
    return load_config(
        overrides=["transcription.engine=none", "measures.min_practice=10", *overrides]
    )


@pytest.fixture
def worked(monkeypatch):
    """The slow stages that were really run."""
    done = []

    def watch(owner, name, stage):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, **k: (done.append(stage), real(*a, **k))[1])

    watch(hearing, "read_recording", "audio")
    watch(hearing, "detect_activity", "activity")
    watch(ChannelDiarizer, "diarize", "diarization")
    watch(hearing, "track_prosody", "prosody")
    return done


def test_a_report_says_what_was_heard_and_by_what(first, source):
    _, report, _ = first
    assert (report.recording.name, report.recording.channels) == ("pair", 2)
    assert report.recording.duration == SECONDS
    assert report.speakers == ("left", "right")
    assert report.provenance.engines["diarization"].name == "channels"
    assert report.provenance.engines["transcription"].name == "none"
    assert report.provenance.config_hash == config().hash()
    assert report.certainty.words == "abstained"
    assert 0.4 < report.sections[0].measures["talk_share.left"].value < 0.8


def test_the_same_input_gives_the_same_bytes(first, source, kept):
    _, report, _ = first
    assert to_json(analyze(source, config())) == to_json(report)
    assert to_json(analyze(source, config(), artefacts=kept)) == to_json(report)


@pytest.mark.parametrize(
    "setting",
    [
        "turns.ipu_gap=0.4",
        "measures.silence_listed=2.0",
        "roles.ask_below=0.5",
        "turns.answer_lead=0.5",
    ],
)
def test_a_threshold_after_the_models_runs_no_model(source, kept, worked, setting):
    report = analyze(source, config(setting), artefacts=kept)
    assert worked == []
    assert report.provenance.config_hash != config().hash()


def test_another_therapist_runs_no_model(source, kept, worked):
    for therapist, other in (("left", "right"), ("right", "left")):
        report = analyze(source, config(), artefacts=kept, therapist=therapist)
        roles = {label: person.role for label, person in report.sections[0].roles.items()}
        assert roles == {therapist: "therapist", other: "client"}
    assert worked == []


@pytest.mark.parametrize(
    ("setting", "again"),
    [
        ("activity.min_silence=0.3", {"audio", "activity", "diarization", "prosody"}),
        ("diarization.channels.bridge=0.3", {"audio", "diarization"}),
        ("audio.snr_note_db=12.0", {"audio", "activity", "diarization", "prosody"}),
        ("prosody.step=0.03", {"audio", "prosody"}),
        ("transcription.language=de", set()),
    ],
)
def test_a_changed_stage_runs_again_with_those_behind_it(source, kept, worked, setting, again):
    analyze(source, config(setting), artefacts=kept)
    assert set(worked) == again
    assert len(worked) == len(again)  # each once, though two threads want them


def test_another_engine_version_runs_again(source, kept, worked, monkeypatch):
    monkeypatch.setattr(ChannelDiarizer, "version", "next")
    report = analyze(source, config(), artefacts=kept)
    assert worked == ["audio", "diarization"]
    assert report.provenance.engines["diarization"].version == "next"


def test_a_damaged_artefact_is_made_again(source, kept, worked, first):
    for path in kept.iterdir():
        path.write_bytes(b"\x00")
    assert to_json(analyze(source, config(), artefacts=kept)) == to_json(first[1])
    assert set(worked) == {"audio", "activity", "diarization", "prosody"}


def test_a_recording_that_fails_is_decoded_once(tmp_path, worked):
    from pipeline.errors import AudioError

    silent = write_audio(tmp_path / "silent.wav", np.zeros(32_000))
    with pytest.raises(AudioError, match="is silent"):
        analyze(silent, load_config(overrides=["transcription.engine=sphinx"]))
    assert worked == ["audio"]


def test_sections_are_measured_each_for_itself(source, kept):
    chosen = (SectionChoice(0.0, 15.0, "left"), SectionChoice(15.0, 35.0, "right"))
    report = analyze(source, config(), artefacts=kept, sections=chosen)
    assert [(s.id, s.start, s.end) for s in report.sections] == [("1", 0, 15), ("2", 15, 35)]
    assert [s.roles["left"].role for s in report.sections] == ["therapist", "client"]
    for part in report.sections:
        assert part.turns
        assert all(part.start <= t.start and t.end <= part.end for t in part.turns)
        assert all(part.start <= e.start and e.end <= part.end for e in part.events)


def test_a_section_ends_with_the_recording(source, kept):
    report = analyze(source, config(), artefacts=kept, sections=[SectionChoice(10.0, 600.0)])
    assert report.sections[0].end == SECONDS
    whole = analyze(source, config(), artefacts=kept, sections=[SectionChoice(10.0, SECONDS)])
    assert report.sections == whole.sections


def test_a_section_behind_the_end_is_refused(source, kept):
    with pytest.raises(ConfigError, match="starts at 80 s, but pair lasts 40 s"):
        analyze(source, config(), artefacts=kept, sections=[SectionChoice(80.0, 90.0)])


def test_a_therapist_who_is_no_voice_is_refused(source, kept):
    with pytest.raises(ConfigError, match="use one of: left, right"):
        analyze(source, config(), artefacts=kept, therapist="middle")


def test_a_transcript_alone_measures_words_and_abstains_from_timing(words):
    report = analyze(words, config())
    section = report.sections[0]
    assert report.speakers == ("Therapist", "Client")
    assert report.certainty.voices == "abstained"
    assert "without the recording" in report.certainty.voices_note
    assert section.roles["Therapist"].role == "therapist"
    assert "How much do you drink?" in section.turns[0].text
    timing = [m for name, m in section.measures.items() if name.partition(".")[0] == "talk_share"]
    assert timing
    assert all(m.certainty == "abstained" for m in timing)
    assert section.measures["talk_share_words.Therapist"].certainty == "good"


def test_a_transcripts_names_are_laid_over_the_voices(source, kept, words, first):
    report = analyze(source, config(), artefacts=kept, transcript=words)
    assert report.speakers == ("Therapist", "Client")
    assert report.certainty.voices == first[1].certainty.voices == "good"
    ours, theirs = report.sections[0], first[1].sections[0]
    shares = [ours.measures[f"talk_share.{s}"].value for s in ("Therapist", "Client")]
    assert shares == [theirs.measures[f"talk_share.{s}"].value for s in ("left", "right")]
    assert "How much do you drink?" in ours.turns[0].text
    assert report.provenance.engines["transcription"].reason == "The words come from words."


@pytest.mark.parametrize("setting", ["turns.ipu_gap=0.3", "audio.snr_note_db=12.0"])
def test_words_once_brought_are_remembered(source, kept, words, setting):
    analyze(source, config(), artefacts=kept, transcript=words)
    words.unlink()
    again = analyze(source, config(setting), artefacts=kept)
    assert again.speakers == ("Therapist", "Client")
    assert "How much do you drink?" in again.sections[0].turns[0].text


def test_progress_rises_in_every_stage(first):
    _, _, told = first
    stages = {stage for stage, _ in told}
    assert stages == {"audio", "activity", "diarization", "prosody", "measures"}
    for stage in stages:
        fractions = [f for s, f in told if s == stage]
        assert fractions == sorted(fractions)
        assert fractions[0] >= 0
        assert fractions[-1] == 1.0


def test_the_report_is_json_without_numbers_that_json_lacks(first):
    def refuse(name):
        raise AssertionError(f"{name} in the report")

    data = json.loads(to_json(first[1]), parse_constant=refuse)
    assert data["schema"] == first[1].schema
