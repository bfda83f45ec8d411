import os
import sys
import wave

import numpy as np
import pytest

from pipeline.privacy import SILENT, fetching, loud_settings, silence_telemetry
from tests.watched import run_watched

# Hostile to privacy: what a user's shell may hold.
LOUD = {
    "PYANNOTE_METRICS_ENABLED": "1",
    "OTEL_SDK_DISABLED": "false",
    "HF_HUB_OFFLINE": "0",
    "HF_HUB_DISABLE_TELEMETRY": "0",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
}


@pytest.fixture(autouse=True)
def environment():
    """Put the variables back that a test changes."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_silence_overrules_the_shell():
    os.environ.update(LOUD)
    assert set(loud_settings()) >= set(LOUD)
    silence_telemetry()
    assert loud_settings() == ()
    assert {name: os.environ[name] for name in SILENT} == SILENT


def test_the_hub_opens_for_a_fetch_alone_even_where_its_client_is_loaded_already():
    from huggingface_hub import constants

    silence_telemetry()
    with fetching():
        assert not constants.HF_HUB_OFFLINE
        assert loud_settings() == ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    assert constants.HF_HUB_OFFLINE
    assert loud_settings() == ()


def test_the_hub_closes_again_when_a_fetch_fails():
    with pytest.raises(RuntimeError), fetching():
        raise RuntimeError
    assert loud_settings() == ()


@pytest.mark.parametrize(
    ("program", "contact"),
    [
        ("socket.getaddrinfo('example.invalid', 80)", "socket.getaddrinfo example.invalid"),
        ("socket.gethostbyname('example.invalid')", "socket.gethostbyname example.invalid"),
        ("socket.create_connection(('192.0.2.1', 80), 1)", "socket.getaddrinfo 192.0.2.1"),
        ("socket.socket().connect(('192.0.2.1', 80))", "socket.connect 192.0.2.1"),
        ("socket.socket(type=2).sendto(b'', ('192.0.2.1', 9))", "socket.sendto 192.0.2.1"),
    ],
)
def test_the_watch_sees_and_blocks_every_way_out(tmp_path, program, contact):
    ended = run_watched([sys.executable, "-c", f"import socket; {program}"], folder=tmp_path)
    assert ended.contacts == (contact,)
    assert ended.status != 0
    assert "blocked by a test" in ended.output


def test_the_watch_follows_child_processes(tmp_path):
    child = "import socket; socket.getaddrinfo('example.invalid', 80)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    ended = run_watched([sys.executable, "-c", parent], folder=tmp_path)
    assert ended.contacts == ("socket.getaddrinfo example.invalid",)


def test_the_machine_itself_is_no_contact(tmp_path):
    program = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); "
        "socket.create_connection(('localhost', s.getsockname()[1]), 5)"
    )
    ended = run_watched([sys.executable, "-c", program], folder=tmp_path)
    assert (ended.status, ended.contacts) == (0, ())


def test_finding_speech_starts_no_telemetry_in_native_code(tmp_path):
    """The watch sees Python alone; onnxruntime's reporter shows by the file of its session."""
    (tmp_path / "temp").mkdir()
    program = (
        "import numpy as np; from pipeline.activity import SileroStream; "
        "SileroStream().feed(np.zeros(16000, np.float32))"
    )
    loud = {"ORT_DISABLE_TELEMETRY": "0", "TMPDIR": str(tmp_path / "temp")}
    ended = run_watched([sys.executable, "-c", program], folder=tmp_path, environment=loud)
    assert (ended.status, ended.contacts) == (0, ())
    assert list((tmp_path / "temp").iterdir()) == []


@pytest.fixture(scope="module")
def tones_wav(tmp_path_factory):
    from tests.models.build_tone import RATE, tones

    samples = tones([("A", 0.5, 3.0), ("B", 3.4, 6.0), ("A", 6.2, 8.0)], duration=8.5)
    path = tmp_path_factory.mktemp("recordings") / "tones.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def tones_pipeline(tmp_path_factory):
    from tests.models.build_tone import build_pipeline

    return build_pipeline(tmp_path_factory.mktemp("models") / "tones")


@pytest.mark.models
def test_a_whole_analysis_reaches_nobody(tmp_path, tones_wav, tones_pipeline):
    module = ["-m", "tests.models.whole_analysis", str(tones_wav), str(tones_pipeline)]
    ended = run_watched([sys.executable, *module], folder=tmp_path, environment=LOUD)
    assert ended.status == 0, ended.output
    assert "2 voices, transcript draft" in ended.output
    assert ended.contacts == ()


@pytest.mark.models
def test_the_same_watch_catches_pyannote_where_nobody_silences_it(tmp_path, tones_pipeline):
    program = (
        "import time; from pyannote.audio import Pipeline; "
        f"Pipeline.from_pretrained({str(tones_pipeline)!r}); time.sleep(3)"
    )
    ended = run_watched([sys.executable, "-c", program], folder=tmp_path, environment=LOUD)
    assert ended.status == 0, ended.output
    assert any("pyannote.ai" in contact for contact in ended.contacts)


SAID = {"doctor", "liver", "numbers", "drink", "beers", "worries", "sleep", "week"}


@pytest.mark.models
def test_an_analysis_with_what_is_built_in_reaches_nobody_and_repeats_no_word(tmp_path):
    from tests.sounds import sample, write_audio

    cut = write_audio(tmp_path / "in.flac", sample("02_two_microphones", 0, 20))
    temporary = tmp_path / "temp"
    temporary.mkdir()
    folders = {"ATTUNE_HOME": "home", "TMPDIR": "temp", "HF_HOME": "hub"}
    ended = run_watched(
        [sys.executable, "-m", "pipeline", "analyze", str(cut), "--out", str(tmp_path / "out")],
        folder=tmp_path / "watch",
        environment=LOUD | {name: str(tmp_path / folder) for name, folder in folders.items()},
    )
    assert ended.status == 0, ended.output
    assert ended.contacts == ()
    written = (tmp_path / "out" / "in.vtt").read_text(encoding="utf-8").lower()
    spoken = {word for word in SAID if word in written}
    assert len(spoken) >= 2  # the draft did hear words
    assert not {word for word in spoken if word in ended.output.lower()}
    assert list(temporary.iterdir()) == []
