"""Bad input: each kind gets one clear line, and nothing half-written stays behind."""

import contextlib
import os
import re
import struct
import subprocess
import sys
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import RATE, read_recording
from pipeline.commands import analyze_files
from pipeline.config import load_config
from pipeline.errors import AudioError, ConfigError
from pipeline.store import Store
from tests.sounds import sample, write_audio

ROOT = Path(__file__).resolve().parent.parent
QUICK = ("transcription.engine=none", "diarization.engine=embedded")
CAPPED = ("audio.max_duration=20",)


def tone(seconds, level=8000):
    return level * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)


def missing(folder):
    return folder / "missing.wav"


def empty(folder):
    return written(folder / "empty.wav", b"")


def text(folder):
    return written(folder / "text.wav", b"Dear diary, this is no sound.\n" * 50)


def truncated_m4a(folder):
    """Cut before its index, which such files have at the end."""
    whole = write_audio(folder / "truncated.m4a", tone(5)).read_bytes()
    return written(folder / "truncated.m4a", whole[: len(whole) // 2])


def header_alone(folder):
    whole = write_audio(folder / "header.wav", tone(1)).read_bytes()
    return written(folder / "header.wav", whole[:30])


def damaged_flac(folder):
    whole = bytearray(write_audio(folder / "damaged.flac", tone(2)).read_bytes())
    whole[90:] = b"\x55" * (len(whole) - 90)
    return written(folder / "damaged.flac", bytes(whole))


def moment(folder):
    return write_audio(folder / "moment.wav", tone(0.01))


def silence(folder):
    return write_audio(folder / "silence.wav", tone(3, level=0))


def no_numbers(folder):
    samples = (tone(2) / 32768).astype(np.float32)[None]
    samples[0, 20_000:20_010] = np.nan
    return write_audio(folder / "nan.wav", samples, codec="pcm_f32le")


def infinite(folder):
    samples = (tone(2) / 32768).astype(np.float32)[None]
    samples[0, 20_000] = np.inf
    return write_audio(folder / "infinite.wav", samples, codec="pcm_f32le")


def eight_channels(folder):
    path = folder / "eight.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(8)
        file.setsampwidth(2)
        file.setframerate(192_000)
        file.writeframes(bytes(8 * 2 * 19_200))
    return path


def fast_rate(folder):
    path = folder / "fast.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(400_000)
        file.writeframes(bytes(2 * 400_000))
    return path


def six_hours(folder):
    """A second of sound under a header that claims six hours."""
    path = write_audio(folder / "six_hours.flac", tone(1))
    return claiming(path, seconds=6 * 3600)


def flac_bomb(folder):
    """Ten minutes of sound, small because they are silent, under a header that claims a second."""
    samples = np.concatenate([tone(1), np.zeros(600 * RATE)])
    path = claiming(write_audio(folder / "bomb.flac", samples), seconds=1)
    assert path.stat().st_size < 200_000
    return path


def endless_aac(folder):
    """Forty seconds under no header at all."""
    return write_audio(folder / "endless.aac", tone(40), codec="aac")


def ffconcat(folder):
    write_audio(folder / "secret.flac", tone(2))
    return written(folder / "list.wav", b"ffconcat version 1.0\nfile secret.flac\n")


def playlist(folder):
    write_audio(folder / "secret.mp3", tone(2))
    lines = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsecret.mp3\n#EXT-X-ENDLIST\n"
    return written(folder / "playlist.mp3", lines)


def directory(folder):
    (folder / "folder.wav").mkdir()
    return folder / "folder.wav"


def picture(folder):
    """A video container without a sound track."""
    import av

    with av.open(str(folder / "picture.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return folder / "picture.mkv"


def too_long_a_name(folder):
    return folder / f"{'n' * 300}.wav"


def glued(folder):
    """A mono and a stereo recording in one file."""
    pair = np.vstack([tone(2), tone(2, 500)])
    mono = write_audio(folder / "mono.aac", tone(2), codec="aac").read_bytes()
    stereo = write_audio(folder / "stereo.aac", pair, codec="aac").read_bytes()
    return written(folder / "glued.aac", mono + stereo)


def reversed_times(folder):
    return written(folder / "reversed.vtt", b"WEBVTT\n\n00:05.000 --> 00:02.000\nhello there\n")


def overlapping_times(folder):
    return written(
        folder / "overlapping.vtt",
        b"WEBVTT\n\n00:01.000 --> 00:09.000\n<v Ann>hello there\n\n"
        b"00:03.000 --> 00:12.000\n<v Ann>and again\n",
    )


def no_transcript(folder):
    return written(folder / "notes.txt", b"We talked about sleep.\n")


def written(path, data):
    path.write_bytes(data)
    return path


def claiming(path, *, seconds):
    """A FLAC file whose header claims so many seconds (36 bits of STREAMINFO)."""
    data = bytearray(path.read_bytes())
    assert data[:4] == b"fLaC"
    (packed,) = struct.unpack(">Q", data[18:26])
    packed = packed >> 36 << 36 | seconds * RATE
    data[18:26] = struct.pack(">Q", packed)
    return written(path, bytes(data))


# kind: (what the line must say, the settings it needs)
SOUND = {
    missing: (r"missing\.wav: no such file; check the name", ()),
    empty: (r"empty\.wav is empty \(0 bytes\)", ()),
    text: (r"text\.wav can't be read as audio .* Export it again", ()),
    truncated_m4a: (r"truncated\.m4a can't be read as audio", ()),
    header_alone: (r"header\.wav ", ()),
    damaged_flac: (r"damaged\.flac ", ()),
    moment: (r"moment\.wav lasts 0\.010 s; at least 0\.5 s are needed", ()),
    silence: (r"silence\.wav is silent: .* check that the microphone was on", ()),
    no_numbers: (r"nan\.wav holds 10 samples that are no numbers .* near 1\.\d s", ()),
    infinite: (r"infinite\.wav holds 1 samples that are no numbers", ()),
    eight_channels: (r"eight\.wav has 8 channels; Attune reads 1 to 4", ()),
    fast_rate: (r"fast\.wav has a sample rate of 400000 Hz; .* up to 192000 Hz", ()),
    six_hours: (r"six_hours\.flac lasts 6\.0 h or more; Attune reads up to .*, cut it", ()),
    flac_bomb: (r"bomb\.flac lasts \d+ s or more; Attune reads up to 20 s", CAPPED),
    endless_aac: (r"endless\.aac lasts \d+ s or more; Attune reads up to 20 s", CAPPED),
    ffconcat: (r"list\.wav can't be read as audio", ()),
    playlist: (r"playlist\.mp3 can't be read as audio", ()),
    directory: (r"folder\.wav is not a file; give the recording itself", ()),
    picture: (r"picture\.mkv holds no sound track", ()),
    too_long_a_name: (r"n\.wav can't be opened \(File name too long\)", ()),
    glued: (r"glued\.aac changes midway from 1 channels .* to 2 at", ()),
}
WORDS = {
    reversed_times: (r"reversed\.vtt, line 3: .*ends before it starts", ()),
    overlapping_times: (r"overlapping\.vtt: the same speaker has captions from 1\.000 s", ()),
    no_transcript: (r"notes\.txt is no transcript Attune knows", ()),
}


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A data folder and a temporary folder of one's own."""
    for variable, name in (("ATTUNE_HOME", "home"), ("TMPDIR", "temp"), ("HF_HOME", "hub")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    for variable in ("HF_HUB_CACHE", "HF_TOKEN", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "in").mkdir()
    return tmp_path / "home"


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def nothing_left(home):
    """No row, no blob, no output, no temporary file."""
    base = home.parent
    with contextlib.suppress(FileNotFoundError):
        assert listed(base / "out") == []
    assert listed(base / "temp") == []
    with Store.open(home) as store:
        assert store.sessions() == ()
    kept = {p.name for p in home.rglob("*") if p.is_file()}
    assert {name for name in kept if not name.startswith("attune.db")} == set()
    return True


def run(*arguments):
    """The command line in a process of its own: (exit code, output, lines of errors)."""
    command = [sys.executable, "-m", "pipeline", *arguments]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    return ended.returncode, ended.stdout, ended.stderr.splitlines()


@pytest.mark.parametrize("kind", SOUND, ids=lambda kind: kind.__name__)
def test_reading_refuses_it_in_one_line(tmp_path, kind):
    says, settings = SOUND[kind]
    with pytest.raises(AudioError, match=says) as refused:
        read_recording(kind(tmp_path), load_config(overrides=settings).audio)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", [flac_bomb, endless_aac], ids=lambda kind: kind.__name__)
def test_a_bomb_takes_no_more_memory_than_a_recording_may(tmp_path, kind):
    path = kind(tmp_path)
    config = load_config(overrides=CAPPED).audio
    tracemalloc.start()
    try:
        with pytest.raises(AudioError):
            read_recording(path, config)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * config.max_duration * RATE * 2 + 2_000_000


def test_a_slow_file_is_given_up(tmp_path):
    path = write_audio(tmp_path / "slow.wav", tone(2))
    config = load_config(overrides=["audio.max_decode_time=0"]).audio
    with pytest.raises(AudioError, match=r"slow\.wav takes longer than 0 s to decode"):
        read_recording(path, config)


def test_a_batch_of_bad_files_leaves_nothing_behind(home, tmp_path, capfd):
    kinds = {**SOUND, **WORDS}
    says = [says for says, _ in kinds.values()]
    files = [kind(tmp_path / "in") for kind in kinds]
    config = load_config(overrides=[*QUICK, *CAPPED])
    assert analyze_files(files, config, out=tmp_path / "out") == 1
    printed, complaints = capfd.readouterr()
    lines = complaints.splitlines()
    assert printed == ""
    assert len(lines) == len(kinds) + 1
    for line, pattern in zip(lines, says, strict=False):
        assert line.startswith("error: ")
        _says(line, pattern)
    assert lines[-1] == f"error: {len(kinds)} of {len(kinds)} files could not be analysed"
    assert nothing_left(home)


def _says(line, pattern):

    assert re.search(pattern, line), line


def test_a_bad_transcript_beside_a_good_recording_leaves_nothing(home, tmp_path, capfd):
    good = write_audio(tmp_path / "in" / "good.wav", sample("01_one_phone", 0, 15))
    config = load_config(overrides=QUICK)
    words = reversed_times(tmp_path / "in")
    assert analyze_files([good], config, out=tmp_path / "out", transcript=words) == 1
    _says(capfd.readouterr().err, WORDS[reversed_times][0])
    assert nothing_left(home)


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        ((*QUICK, "diarization.engine=channels"), 2, r"needs one channel per person; good has one"),
        ((*QUICK, "diarization.engine=magic"), 2, r"'magic' is no engine; use auto"),
        ((*QUICK, "diarization.engine=pyannote"), 1, r"HF_TOKEN .*attune models fetch pyannote"),
        (("transcription.engine=whisper",), 1, r"attune models fetch whisper"),
        (
            ("transcription.engine=whisper", "transcription.whisper.model=MODEL"),
            1,
            "the Whisper model in MODEL can't be loaded",
        ),
        pytest.param(
            (*QUICK, "diarization.engine=pyannote", "diarization.pyannote.model=MODEL"),
            1,
            "the pyannote model in MODEL is damaged",
            marks=pytest.mark.hostile,
        ),
    ],
    ids=["mono", "no engine", "gated", "no weights", "corrupt whisper", "corrupt pyannote"],
)
def test_an_engine_that_cannot_be_used(home, tmp_path, capfd, settings, code, says):
    model = corrupt_model(tmp_path / "corrupt")
    chosen = [s.replace("MODEL", str(model)) for s in settings]
    if chosen[0].startswith("transcription.engine=whisper"):
        chosen.append("diarization.engine=embedded")
    good = write_audio(tmp_path / "in" / "good.wav", sample("01_one_phone", 0, 6))
    assert analyze_files([good], load_config(overrides=chosen), out=tmp_path / "out") == code
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    _says(lines[0], says.replace("MODEL", str(model)))
    assert nothing_left(home)


def corrupt_model(folder):
    """A directory whose files have the right names and the wrong content."""
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "config.yaml", "vocabulary.txt"):
        (folder / name).write_bytes(b"\x00garbage\xff")
    return folder


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ("turns.ipu_gapp=0.3", r"unknown setting 'turns\.ipu_gapp'; did you mean turns\.ipu_gap\?"),
        ("audio.min_duration=long", r"audio\.min_duration = 'long' must be of type float"),
        ("audio.max_channels=nan", r"audio\.max_channels = nan must be of type int"),
        ("audio=3", r"audio is a table, not the value 3"),
        ("nonsense", r"'nonsense' is not key=value; try"),
    ],
)
def test_a_setting_that_cannot_be_read(overrides, says):
    with pytest.raises(ConfigError, match=says):
        load_config(overrides=[overrides])


NAMES = [
    "sesión №3 – 面接 🎧.wav",
    f"{'é' * 125}e.wav",  # 255 bytes, and two-byte characters where a name must be cut
    "a name with spaces, 'quotes' & <tags>.wav",
    "two\nlines.wav",
    "-set.wav",
    "[red]markup[red].wav",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_obstacle(home, tmp_path, capfd, name):
    path = write_audio(tmp_path / "plain.wav", sample("01_one_phone", 0, 12))
    path = path.rename(tmp_path / "in" / name)
    assert analyze_files([path], load_config(overrides=QUICK), out=tmp_path / "out") == 0
    written = listed(tmp_path / "out")
    assert [Path(n).suffix for n in written] == [".html", ".json", ".rttm", ".vtt"]
    assert all(len(n.encode()) <= 255 for n in written)
    if len(name.encode()) < 240 and "\n" not in name:
        assert written == [Path(name).stem + s for s in (".html", ".json", ".rttm", ".vtt")]
    assert listed(tmp_path / "temp") == []


def test_so_is_a_name_that_is_no_text(home, tmp_path, capfd):
    path = write_audio(tmp_path / "plain.wav", sample("01_one_phone", 0, 12))
    odd = os.fsdecode(os.fsencode(tmp_path / "in") + b"/caf\xe9.wav")
    path.rename(odd)
    assert analyze_files([Path(odd)], load_config(overrides=QUICK), out=tmp_path / "out") == 0
    assert len(listed(tmp_path / "out")) == 4


@pytest.mark.hostile
@pytest.mark.parametrize("kind", [*SOUND, *WORDS], ids=lambda kind: kind.__name__)
def test_the_command_line_refuses_it(home, tmp_path, kind):
    says, settings = {**SOUND, **WORDS}[kind]
    overrides = [a for setting in (*QUICK, *settings) for a in ("--set", setting)]
    arguments = ["analyze", str(kind(tmp_path / "in")), "--out", str(tmp_path / "out"), *overrides]
    code, printed, errors = run(*arguments)
    assert (code, printed, len(errors)) == (1, "", 1)
    _says(errors[0], says)
    assert nothing_left(home)


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["analyze", "GOOD", "--set", "turns.gap=1"], 2, r"unknown setting 'turns\.gap'"),
        (["analyze", "GOOD", "--profile", "nosuch"], 2, r"profile 'nosuch' can't be read"),
        (["analyze", "GOOD", "--profile", "TOML"], 2, r"not valid TOML: .*mend that line"),
        (["analyze", "GOOD", "--section", "5-2"], 2, r"ends before it starts"),
        (["analyze", "GOOD", "--section", "9:00-9:30"], 2, r"starts at 540 s, but good lasts 6 s"),
        (["analyze", "GOOD", "--therapist", "Ann"], 2, r"'Ann', which fits 0 of the voices"),
        (["analyze", "GOOD", "--setup", "tin can"], 2, r"--setup 'tin can' is unknown"),
        (["import", "GONE", "--audio", "GOOD"], 1, r"gone\.vtt"),
        (["models", "fetch", "pyannote"], 1, r"HF_TOKEN is empty\. Accept the conditions"),
        (["models", "fetch", "nosuch"], 1, r"no model 'nosuch'; there are"),
        (["delete", "nosuch", "--yes"], 1, r"the store has no recording 'nosuch'"),
        (["evaluate", "GONE"], 1, r"gone\.vtt"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_is_one_line_and_exit_code(home, tmp_path, arguments, code, says):
    broken = written(tmp_path / "in" / "broken.toml", b"[audio\n")
    good = write_audio(tmp_path / "in" / "good.wav", sample("01_one_phone", 0, 6))
    places = {"GOOD": good, "TOML": broken, "GONE": tmp_path / "in" / "gone.vtt"}
    given = [str(places.get(a, a)) for a in arguments]
    if "analyze" in given or "import" in given:
        given += [a for setting in QUICK for a in ("--set", setting)]
    found, printed, errors = run(*given)
    assert (found, printed, len(errors)) == (code, "", 1), errors
    _says(errors[0], says)
    assert nothing_left(home)
