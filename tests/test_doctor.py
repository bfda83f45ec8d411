import subprocess
import sys
from importlib import metadata

import pytest

from pipeline import doctor
from pipeline.config import load_config
from pipeline.doctor import examine
from pipeline.privacy import silence_telemetry

CONFIG = load_config()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """An empty data folder and no cache; every library silenced, and put back afterwards."""
    import os

    before = dict(os.environ)
    silence_telemetry()
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor, "_ASK_CUDA", "print(0)")  # the real question: in a child, below
    yield tmp_path / "home"
    os.environ.clear()
    os.environ.update(before)


def finding(name, config=CONFIG):
    return next(found for found in examine(config) if found.name == name)


def test_this_installation_is_sound():
    faults = [found for found in examine(CONFIG) if not found.ok and not found.optional]
    assert faults == []


def test_whatever_is_wrong_has_a_remedy_and_whatever_is_right_has_none(monkeypatch):
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "1")
    for found in examine(CONFIG):
        assert bool(found.remedy) == (not found.ok), found.name


def test_missing_weights_are_optional_and_name_the_command(home):
    found = finding("pyannote")
    assert (found.ok, found.optional) == (False, True)
    assert "attune models fetch pyannote" in found.remedy


def test_weights_in_the_data_folder_are_seen(home):
    (home / "models" / "pyannote").mkdir(parents=True)
    found = finding("pyannote")
    assert found.ok
    assert str(home) in found.detail


def test_a_missing_library_and_a_wrong_version_are_named(monkeypatch):
    real = metadata.version
    versions = {"librosa": "0.1", "torch": "2.12.0"}

    def version(name):
        if name == "av":
            raise metadata.PackageNotFoundError(name)
        return versions.get(name) or real(name)

    monkeypatch.setattr(metadata, "version", version)
    found = finding("libraries")
    assert not found.ok
    assert set(found.detail.split(", ")) == {"av is missing", "librosa 0.1", "torch 2.12.0"}
    assert "uv sync" in found.remedy


@pytest.mark.parametrize(
    ("torch", "audio", "ok"),
    [
        ("2.11.0+cu130", "2.11.0+cu130", True),
        ("2.11.1", "2.11.0", True),
        ("2.12.0+cu132", "2.11.0+cu130", False),
        ("2.11.0+cpu", "2.11.0+cu130", False),
        ("2.11.0+cpu", None, False),
        (None, None, False),
    ],
)
def test_torch_and_torchaudio_must_be_one_release_and_build(
    monkeypatch, tmp_path, torch, audio, ok
):
    for name, build in (("torch", torch), ("torchaudio", audio)):
        (tmp_path / name).mkdir()
        if build:
            (tmp_path / name / "version.py").write_text(f"__version__ = '{build}'\n")
    monkeypatch.setattr(doctor, "_folder", lambda package: tmp_path / package)
    assert finding("torch family").ok is ok


def test_a_loud_library_is_named(monkeypatch):
    monkeypatch.setenv("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "true")
    found = finding("telemetry")
    assert not found.ok
    assert "STREAMLIT_BROWSER_GATHER_USAGE_STATS" in found.detail


def test_the_token_itself_is_never_shown(monkeypatch):
    monkeypatch.setenv(CONFIG.diarization.pyannote.token_variable, "hf_secret")
    assert "is set" in finding("hub token").detail
    assert "hf_secret" not in repr(examine(CONFIG))


def test_a_data_folder_inside_a_file_cant_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "file" / "home"))
    found = finding("data folder")
    assert not found.ok
    assert "ATTUNE_HOME" in found.remedy


def test_looking_leaves_the_data_folder_as_it_was(home):
    examine(CONFIG)
    assert not home.exists()


def test_a_driver_that_crashes_or_hangs_means_no_graphics_card(monkeypatch):
    monkeypatch.setattr(doctor, "_ASK_CUDA", "import os; os.abort()")
    assert "none with CUDA (asking failed" in finding("graphics card").detail
    monkeypatch.setattr(doctor, "_ASK_CUDA", "import time; time.sleep(60)")
    monkeypatch.setattr(doctor, "_ASK_SECONDS", 0.2)
    assert "didn't answer" in finding("graphics card").detail


def test_a_card_that_the_configuration_wants_and_isnt_there_is_a_fault(monkeypatch):
    monkeypatch.setattr(doctor, "_ASK_CUDA", "print(0)")
    wanting = load_config(overrides=["transcription.whisper.device=cuda"])
    found = finding("graphics card", wanting)
    assert not found.ok
    assert "transcription.whisper.device" in found.remedy
    monkeypatch.setattr(doctor, "_ASK_CUDA", "print(2)")
    assert finding("graphics card", wanting).detail == "2 with CUDA"


def test_examining_loads_no_model_library():
    program = (
        "import sys; from pipeline.config import load_config; from pipeline.doctor import examine\n"
        "examine(load_config())\n"
        "heavy = {'torch', 'faster_whisper', 'pyannote', 'streamlit', 'sklearn', 'librosa'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or None)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.stderr.strip() == ""
    assert answer.returncode == 0
