import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands import _distinct, parse_section, parse_setup, write_json
from pipeline.errors import AttuneError, ConfigError
from pipeline.session import SectionChoice
from pipeline.store import Store
from tests.sounds import sample, write_audio

ROOT = Path(__file__).resolve().parent.parent
QUICK = ["--set", "transcription.engine=none", "--set", "measures.min_practice=5"]
COMMANDS = (
    "analyze",
    "import",
    "demo",
    "dashboard",
    "cohort",
    "evaluate",
    "delete",
    "doctor",
    "models",
    "phrasing",
)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no-cache"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings") / "pair.flac"
    return write_audio(path, sample("02_two_microphones", 0, 20))


def attune(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def stored(home):
    with Store.open(home) as store:
        return store.sessions()


def shape(folder):
    return sorted(path.name for path in folder.iterdir())


def test_help_lists_the_commands():
    printed = attune("--help").output
    assert all(f" {command} " in printed for command in COMMANDS)
    for command in COMMANDS:
        assert attune(command, "--help").exit_code == 0


def test_help_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['attune', 'analyze', '--help']\n"
        "from pipeline.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "heavy = {'numpy', 'torch', 'sqlalchemy', 'scipy', 'av', 'streamlit', 'onnxruntime'}\n"
        "sys.stderr.write(','.join(sorted(heavy & set(sys.modules))))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Measure recordings" in ended.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("nosuch",),
        ("analyze",),
        ("analyze", "a.wav", "--recording", "X"),
        ("analyze", "--nosuch"),
        ("delete",),
    ],
)
def test_wrong_use_is_exit_code_2(arguments):
    assert attune(*arguments).exit_code == 2


def test_analyze_writes_what_others_read(pair, tmp_path, home):
    ended = attune("analyze", pair, "--out", tmp_path / "out", "--therapist", "left", *QUICK)
    assert ended.exit_code == 0, ended.output
    assert shape(tmp_path / "out") == ["pair.html", "pair.json", "pair.rttm", "pair.vtt"]
    data = json.loads((tmp_path / "out" / "pair.json").read_text("utf-8"))
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))
    jsonschema.validate(data, schema)
    assert data["recording"]["name"] == "pair"
    assert data["sections"][0]["roles"]["left"]["role"] == "therapist"
    assert (tmp_path / "out" / "pair.rttm").read_text().startswith("SPEAKER pair 1 ")
    assert (tmp_path / "out" / "pair.vtt").read_text("utf-8").startswith("WEBVTT")
    assert "<html" in (tmp_path / "out" / "pair.html").read_text("utf-8")
    assert [(s.name, s.state) for s in stored(home)] == [("pair", "ready")]
    assert "left (therapist)" in ended.output


def test_a_bad_file_stops_none_of_the_rest(pair, tmp_path, home):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    files = (tmp_path / "bad.wav", pair, tmp_path / "missing.wav")
    ended = attune("analyze", *files, "--out", tmp_path / "out", *QUICK)
    assert ended.exit_code == 1
    assert shape(tmp_path / "out") == ["pair.html", "pair.json", "pair.rttm", "pair.vtt"]
    assert [s.name for s in stored(home)] == ["pair"]
    assert ended.stderr.count("error:") == 3
    assert "2 of 3 files could not be analysed" in ended.stderr


def test_a_setting_that_fits_one_file_and_not_another_is_exit_code_2(pair, tmp_path):
    mono = write_audio(tmp_path / "mono.wav", sample("01_one_phone", 0, 5))
    chosen = ["--set", "diarization.engine=channels", *QUICK]
    ended = attune("analyze", mono, pair, "--out", tmp_path / "out", *chosen)
    assert ended.exit_code == 2
    assert shape(tmp_path / "out") == ["pair.html", "pair.json", "pair.rttm", "pair.vtt"]


def test_the_same_sound_under_two_names_is_written_under_both(pair, tmp_path, home):
    other = tmp_path / "other.flac"
    other.write_bytes(pair.read_bytes())
    assert attune("analyze", pair, other, "--out", tmp_path / "out", *QUICK).exit_code == 0
    assert {"pair.json", "other.json"} <= set(shape(tmp_path / "out"))
    assert len(stored(home)) == 1


def test_results_never_share_a_name():
    files = [Path(p) for p in ("a/x.wav", "b/x.wav", "x-2.wav", "c/x.mp3")]
    assert _distinct(files) == ["x", "x-2", "x-2-2", "x-3"]


def test_a_wrong_therapist_is_not_remembered(pair, home):
    assert attune("analyze", pair, "--therapist", "right", *QUICK).exit_code == 0
    assert attune("analyze", pair, "--therapist", "nobody", *QUICK).exit_code == 2
    ended = attune("analyze", pair, *QUICK)
    assert ended.exit_code == 0
    assert "right (therapist)" in ended.output


def test_a_transcript_is_analysed_and_can_be_again(tmp_path, home):
    words = tmp_path / "talk.vtt"
    words.write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Therapist>What brings you here?\n")
    assert attune("import", words, "--out", tmp_path / "out").exit_code == 0
    assert shape(tmp_path / "out") == ["talk.html", "talk.json", "talk.rttm", "talk.vtt"]
    again = attune("analyze", "--recording", stored(home)[0].id, "--out", tmp_path / "again")
    assert again.exit_code == 0, again.output
    assert shape(tmp_path / "again") == shape(tmp_path / "out")


def test_sections_are_measured_apart(pair, tmp_path):
    marks = ("--section", "0:00-0:09=left", "--section", "0:09-0:20=right")
    assert attune("analyze", pair, "--out", tmp_path / "out", *marks, *QUICK).exit_code == 0
    data = json.loads((tmp_path / "out" / "pair.json").read_text("utf-8"))
    found = [(s["start"], s["end"], s["roles"]["left"]["role"]) for s in data["sections"]]
    assert found == [(0, 9, "therapist"), (9, 20, "client")]


def test_delete_leaves_nothing(pair, home):
    attune("analyze", pair, *QUICK)
    (row,) = stored(home)
    assert row.id in attune("sessions").output
    ended = attune("delete", row.id, "--yes")
    assert (ended.exit_code, ended.output) == (0, f"deleted {row.id}\n")
    assert stored(home) == ()
    assert list((home / "recordings").iterdir()) == []
    assert not any(b"pair" in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_delete_asks_first(pair, home):
    attune("analyze", pair, *QUICK)
    (row,) = stored(home)
    ended = CliRunner().invoke(app, ["delete", row.id], input="n\n")
    assert ended.exit_code == 1
    assert stored(home) == (row,)


def test_an_unwritable_folder_is_told(pair, tmp_path):
    (tmp_path / "out").write_text("a file")
    ended = attune("analyze", pair, "--out", tmp_path / "out", *QUICK)
    assert ended.exit_code == 1
    assert "choose another --out" in ended.stderr


def test_json_goes_to_a_file_or_to_standard_output(tmp_path, capsys):
    write_json("-", {"über": 1})
    assert json.loads(capsys.readouterr().out) == {"über": 1}
    write_json(str(tmp_path / "a.json"), {"über": 1})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"über": 1}
    with pytest.raises(AttuneError, match="choose another file for --json"):
        write_json(str(tmp_path / "no folder" / "a.json"), {})


@pytest.mark.slow
def test_json_on_standard_output_is_nothing_but_json(pair, tmp_path):
    (tmp_path / "pair.flac").write_bytes(pair.read_bytes())
    rttm = (ROOT / "sample_audio" / "02_two_microphones.rttm").read_text()
    rows = [row for row in rttm.splitlines() if float(row.split()[3]) < 15]
    (tmp_path / "pair.rttm").write_text("\n".join(rows).replace("02_two_microphones", "pair"))
    ended = attune("evaluate", tmp_path, "--json", "-", *QUICK[:2])
    assert ended.exit_code == 0, ended.output
    data = json.loads(ended.stdout)
    assert [entry["name"] for entry in data["files"]] == ["pair"]


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("0:00-5:10=S1", SectionChoice(0, 310, "S1")),
        ("90-1:02:03.5", SectionChoice(90, 3723.5, None)),
        (" 1:30-2:00=left ", SectionChoice(90, 120, "left")),
    ],
)
def test_a_section_is_two_times_and_a_therapist(text, section):
    assert parse_section(text) == section


@pytest.mark.parametrize("text", ["", "5", "5-2", "3-3", "a-b", "1..2-3", "1:-2", "=S1"])
def test_what_is_no_section_is_refused(text):
    with pytest.raises(ConfigError, match="--section"):
        parse_section(text)


def test_a_set_up_is_one_of_those_known():
    assert parse_setup("two microphones") == "two microphones"
    with pytest.raises(ConfigError, match="use one of: one microphone"):
        parse_setup("a tin can")
