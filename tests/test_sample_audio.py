"""The sample role-plays agree with their truth, and the truth with the definitions."""

import json
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import soundfile as sf

SAMPLES = Path(__file__).resolve().parent.parent / "sample_audio"
sys.path.insert(0, str(SAMPLES))

from plain_events import events  # noqa: E402
from script import ScriptError, read_script  # noqa: E402

NAMES = sorted(path.stem for path in (SAMPLES / "scripts").glob("*.toml"))
LIMIT = 25_000_000  # bytes: the repository stays quick to fetch
MILLISECONDS = 0.002  # s; the files are rounded


def truth_of(name):
    return json.loads((SAMPLES / f"{name}.truth.json").read_text())


def speech_of(name, folder=SAMPLES):
    speech = {}
    for row in (folder / f"{name}.rttm").read_text().splitlines():
        kind, uri, _, start, length, _, _, who, *_ = row.split()
        assert (kind, uri) == ("SPEAKER", name)
        spans = speech.setdefault(who, [])
        spans.append((float(start), round(float(start) + float(length), 3)))
    return speech


def rows_of(name):
    for row in (SAMPLES / f"{name}.stm").read_text().splitlines():
        uri, _, who, start, end, _, words = row.split(maxsplit=6)
        assert uri == name
        yield who, float(start), float(end), words


def found_in(name):
    questions = [(t["speaker"], t["end"]) for t in truth_of(name)["turns"] if t["text"][-1] == "?"]
    return events(speech_of(name), questions)


def test_there_are_six_role_plays_of_three_to_six_minutes():
    assert len(NAMES) == 6
    for name in NAMES:
        assert 180 <= truth_of(name)["duration"] <= 360, name


def test_together_they_stay_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) <= LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_16_bit_flac_at_16_khz_as_long_as_its_truth(name):
    info, truth = sf.info(SAMPLES / f"{name}.flac"), truth_of(name)
    assert (info.format, info.subtype, info.samplerate) == ("FLAC", "PCM_16", 16_000)
    assert info.channels == len(truth["channels"])
    assert info.duration == pytest.approx(truth["duration"], abs=MILLISECONDS)


@pytest.mark.parametrize("name", NAMES)
def test_speech_lies_inside_the_recording_in_spans_over_0_2_s_apart(name):
    for spans in speech_of(name).values():
        assert spans[0][0] >= 0
        assert spans[-1][1] <= truth_of(name)["duration"]
        assert all(start - end > 0.2 - MILLISECONDS for (_, end), (start, _) in pairwise(spans))


@pytest.mark.parametrize("name", NAMES)
def test_events_are_those_that_the_definitions_find(name):
    told = sorted((e["start"], e["end"], e["type"], e["by"]) for e in truth_of(name)["events"])
    found = found_in(name)
    assert [e[2:] for e in told] == [(e.type, e.by) for e in found]
    for event, other in zip(told, found, strict=True):
        assert event[:2] == pytest.approx((other.start, other.end), abs=MILLISECONDS)


@pytest.mark.parametrize("name", NAMES)
def test_talk_is_speech_outside_backchannels(name):
    truth = truth_of(name)
    for who, spans in speech_of(name).items():
        listening = [e for e in truth["events"] if (e["type"], e["by"]) == ("backchannel", who)]
        seconds = sum(end - start for start, end in spans)
        seconds -= sum(e["end"] - e["start"] for e in listening)
        assert truth["talk"][who] == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_words_of_the_turns_are_those_of_the_stm(name):
    truth = truth_of(name)
    for turn in truth["turns"]:
        inside = [
            words
            for who, start, end, words in rows_of(name)
            if who == turn["speaker"] and turn["start"] <= start and end <= turn["end"]
        ]
        plain = "".join(c if c.isalpha() or c == "'" else " " for c in turn["text"].lower())
        assert " ".join(inside).split() == plain.split()


def test_every_type_of_event_is_there():
    types = {e["type"] for name in NAMES for e in truth_of(name)["events"]}
    assert types == {"floor_taken", "overlap_floor_kept", "backchannel", "silence"}


def test_the_lecturing_therapist_takes_the_floor_several_times():
    truth = truth_of("02_two_microphones")
    taken = [e["by"] for e in truth["events"] if e["type"] == "floor_taken"]
    assert truth["roles"]["A"] == "therapist"
    assert taken.count("A") >= 4


def test_short_answers_to_closed_questions_are_turns():
    truth = truth_of("03_yes_no_interrogation")
    short = [t for t in truth["turns"] if t["speaker"] == "B" and t["end"] - t["start"] <= 1.0]
    assert len(short) >= 15
    assert "B" not in {e["by"] for e in truth["events"] if e["type"] == "backchannel"}


def test_without_the_questions_the_short_answers_would_pass_for_listening_sounds():
    found = events(speech_of("03_yes_no_interrogation"))
    assert sum(e.type == "backchannel" and e.by == "B" for e in found) >= 5


def test_the_triad_has_two_sections_whose_roles_are_swapped_and_feedback_in_neither():
    truth = truth_of("05_triad_rotating")
    first, second = truth["sections"]
    assert (first["roles"]["A"], first["roles"]["B"]) == ("therapist", "client")
    assert (second["roles"]["A"], second["roles"]["B"]) == ("client", "therapist")
    observer = [t for t in truth["turns"] if t["speaker"] == "C"]
    assert observer
    assert all(first["end"] < t["start"] and t["end"] < second["start"] for t in observer)


def test_three_voices_sit_round_the_couples_microphone():
    assert sorted(truth_of("06_couple")["roles"].values()) == ["client", "client", "therapist"]


@pytest.mark.parametrize("name", NAMES)
def test_scripts_can_be_read(name):
    script = read_script(SAMPLES / "scripts" / f"{name}.toml")
    assert script.name == name
    assert {line.speaker for line in script.lines} == set(script.voices)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{ A = "Go on.", gap = 5.0 }', "gap = 5.0 s must lie within"),
        ('{ A = "Go on.", within = "never said" }', "'never said' is not in"),
        ('{ A = "Go on.", loudly = true }', "at most one of"),
        ('{ D = "Go on." }', "one voice's text"),
    ],
)
def test_a_script_that_cant_be_staged_is_refused(tmp_path, line, complaint):
    path = tmp_path / "short.toml"
    path.write_text(
        'title = "t"\nsetup = "one microphone"\nseed = 1\n'
        '[voices.A]\nflite = "slt"\n[voices.B]\nflite = "rms"\n'
        '[[parts]]\nroles = { A = "therapist", B = "client" }\n'
        f'lines = [ {{ B = "I am here." }}, {line} ]\n'
    )
    with pytest.raises(ScriptError, match=complaint):
        read_script(path)


def test_plain_definitions_tell_an_interruption_from_a_turn_end_overlap():
    talking = {"A": [(0.0, 5.0)], "B": [(4.0, 8.0)]}
    assert [(e.type, e.by) for e in events(talking)] == [("floor_taken", "B")]
    assert events({"A": [(0.0, 5.0)], "B": [(4.7, 8.0)]}) == []
    assert events({"A": [(0.0, 5.0), (5.5, 6.0)], "B": [(4.0, 8.0)]}) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("flite") is None, reason="flite speaks the role-plays")
def test_made_again_the_speech_lies_where_it_lay(tmp_path):
    from make import make

    name = "03_yes_no_interrogation"
    make(read_script(SAMPLES / "scripts" / f"{name}.toml"), tmp_path)
    assert speech_of(name, tmp_path) == speech_of(name)
