import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard import charts, data, wording
from dashboard.views import view
from pipeline.config import load_config
from pipeline.durations import clock, length
from pipeline.errors import StoreError
from pipeline.records import Measure, Person
from pipeline.timeline import Span, total
from tests import synthetic

PACKAGE = Path(data.__file__).parent
BANNED = {"audio", "video", "file_uploader", "download_button", "audio_input", "camera_input"}
HEAVY = ("torch", "faster_whisper", "sklearn", "librosa", "pyannote", "pocketsphinx")


def shown(**changes):
    return view(synthetic.report(**changes), load_config())


def tile(section, key):
    return next(t for t in (*section.tiles, *section.abstained) if t.key == key)


def test_no_page_hands_a_recording_to_a_widget_that_keeps_or_confuses_it():
    found = {
        f"{path.name}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in BANNED
    }
    assert not found


def test_importing_the_pages_loads_no_model_library():
    code = (
        "import sys, dashboard.app, dashboard.pages.session, dashboard.pages.sessions, "
        "dashboard.pages.upload, dashboard.charts; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip().splitlines()[-1] == "[]"


def test_components_show_words_as_text_only():
    for path in PACKAGE.rglob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert "innerHTML" not in source
        assert "insertAdjacentHTML" not in source


def test_therapist_stands_first_and_is_told_by_the_side_it_is_heard_on():
    section = shown(therapist="right").sections[0]
    assert [v.name for v in section.voices] == ["Therapist", "Client"]
    assert section.voices[0].heard_as == "the right voice"
    assert section.therapist == "right"


def test_swapping_roles_swaps_the_shares():
    left, right = shown(therapist="left").sections[0], shown(therapist="right").sections[0]
    assert tile(left, "talk_share").value == "37 %"
    assert tile(right, "talk_share").value == "63 %"


def test_unsure_roles_are_asked_for():
    assert not shown(role_confidence=0.95).sections[0].ask
    assert shown(role_confidence=0.4).sections[0].ask


def test_nobody_in_the_role_of_therapist_is_asked_for_too():
    report = synthetic.report()
    section = replace(
        report.sections[0], roles={"left": Person("client"), "right": Person("other")}
    )
    shown_section = view(replace(report, sections=(section,)), load_config()).sections[0]
    assert shown_section.therapist is None
    assert shown_section.ask


def test_two_people_of_one_role_are_numbered():
    roles = {"a": Person("therapist"), "b": Person("client"), "c": Person("client")}
    assert wording.people(roles, ("a", "b", "c")) == {
        "a": "Therapist",
        "b": "Client 1",
        "c": "Client 2",
    }


def test_abstained_figures_stand_apart_with_their_reason():
    section = shown(words="draft").sections[0]
    assert {t.key for t in section.abstained} == {"backchannels", "questions", "reflections"}
    assert tile(section, "reflections").value == "Not enough to tell"
    assert tile(section, "reflections").note == "The words are a rough draft."
    assert tile(section, "reflections").key not in {t.key for t in section.tiles}


def test_a_figure_opens_the_seconds_that_made_it():
    section = shown().sections[0]
    assert [(m.start, m.end) for m in tile(section, "floor_taken").moments] == [(57.0, 58.0)]
    assert [(m.start, m.end) for m in tile(section, "silences").moments] == [(31.5, 36.0)]


def test_calls_say_that_their_software_alters_timing():
    report = synthetic.report()
    call = replace(report, recording=replace(report.recording, setup="call mixed"))
    assert wording.CALL_NOTE in tile(view(call, load_config()).sections[0], "latency").note
    assert wording.CALL_NOTE not in tile(shown().sections[0], "latency").note


def test_lanes_cover_the_section():
    section = shown().sections[0]
    lanes = {lane.name: total(lane.spans) for lane in section.lanes}
    # silences under a second are not drawn
    gaps = 90.0 - lanes["Silence"]
    assert lanes["Therapist"] + lanes["Client"] - lanes["Both at once"] == pytest.approx(
        gaps, abs=6.0
    )
    assert lanes["Both at once"] == pytest.approx(1.5)


def test_sections_lie_one_after_the_other_with_moments_of_their_own():
    first, second = shown(sections=2).sections
    assert (first.end, second.start) == (90.0, 90.0)
    assert all(m.start >= 90 for m in second.moments)
    assert second.title == "Practice 2 · 1:30–3:00"


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (65.9, "1:05"), (3725.0, "1:02:05")])
def test_clock(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4.25, "4.2 s"),
        (9.97, "10 s"),
        (59.7, "1 min"),
        (200.0, "3 min 20 s"),
        (3720.0, "1 h 2 min"),
    ],
)
def test_length(seconds, text):
    assert length(seconds) == text


def test_a_value_that_was_abstained_is_never_shown():
    measure = Measure(0.5, 1.0, 2.0, "share", "abstained")
    assert wording.value(measure) == "Not enough to tell"


def test_colours_belong_to_roles_whatever_the_order():
    section = shown(therapist="right").sections[0]
    drawn = charts.swimlane(section.lanes, (), start=0.0, end=90.0)
    assert [bar.marker.color for bar in drawn.data[:2]] == ["#0072B2", "#D55E00"]
    assert len({bar.marker.pattern.shape for bar in drawn.data}) == 4


def test_every_bar_and_mark_of_the_timeline_knows_its_second():
    section = shown().sections[0]
    drawn = charts.swimlane(section.lanes, section.moments, start=0.0, end=90.0)
    starts = {point[0] for trace in drawn.data for point in trace.customdata}
    assert {1.0, 19.6, 31.5, 57.0} <= starts
    marks = [trace for trace in drawn.data if trace.type == "scatter"]
    assert {trace.name for trace in marks} == {
        wording.EVENTS[kind] for kind in ("silence", "floor_taken", "reflection", "question")
    }


def test_timeline_ticks_are_round_and_few():
    drawn = charts.swimlane((), (), start=0.0, end=5400.0)
    assert list(drawn.layout.xaxis.ticktext) == [
        "0:00",
        "15:00",
        "30:00",
        "45:00",
        "1:00:00",
        "1:15:00",
        "1:30:00",
    ]


def test_bars_of_shares_are_labelled_directly():
    section = shown().sections[0]
    bars = charts.talk_share_bar(section.shares).data
    assert [bar.y[0] for bar in bars] == ["Therapist", "Client", "Both at once", "Silence"]
    assert all("%" in bar.text[0] for bar in bars)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path))
    yield tmp_path
    data.store().close()


def keep(name="practice.wav", report=None):
    with data.store().receive(name) as file:
        file.write(name.encode())
    if report is not None:
        data.store().save(file.recording.id, report)
    return file.recording.id


def test_a_session_is_what_the_store_keeps(home):
    recording = keep(report=synthetic.report())
    assert data.session(recording) == shown()
    assert data.summary(recording).state == "ready"


def test_a_new_report_is_shown_at_once(home):
    recording = keep(report=synthetic.report(therapist="left"))
    assert data.session(recording).sections[0].therapist == "left"
    data.store().save(recording, synthetic.report(therapist="right"))
    assert data.session(recording).sections[0].therapist == "right"


def test_a_recording_without_a_report_has_no_view(home):
    assert data.session(keep()) is None
    with pytest.raises(StoreError):
        data.session("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_deleted_is_gone(home):
    recording = keep(report=synthetic.report())
    data.delete(recording)
    assert data.sessions() == ()
    assert not list((home / "recordings").glob("*/*"))


def test_the_timeline_is_a_table_too():
    table = data.timeline_table(shown().sections[0])
    first = table.iloc[0]
    assert (first["who"], first["from"], first["to"]) == ("Therapist", "0:01", "0:06")
    assert first["seconds"] == pytest.approx(5.5)


def test_moments_of_a_figure_are_its_longest():
    report = synthetic.report()
    many = tuple(Span(float(i), i + 0.1 * (i + 1)) for i in range(20))
    section = report.sections[0]
    measure = replace(section.measures["silences"], evidence=many)
    changed = replace(section, measures=section.measures | {"silences": measure})
    shown_section = view(replace(report, sections=(changed,)), load_config()).sections[0]
    opened = tile(shown_section, "silences")
    assert opened.stretches == 20
    assert [m.start for m in opened.moments] == [float(i) for i in range(12, 20)]


@pytest.mark.parametrize("kept", [(), ("diarization-0123456789abcdef",)])
def test_a_swap_that_would_run_a_model_is_left_to_a_worker(home, tmp_path, kept):
    sound = synthetic.wav(tmp_path / "sound.wav", seconds=2)
    recording = data.store().ingest(sound).id
    data.store().save(recording, synthetic.report(therapist="left"))
    for name in kept:  # of another configuration
        (data.store().artefacts(recording) / name).write_bytes(b"{}")
    assert not data.choose_therapist(recording, "right")
    assert data.job(recording).state == "queued"
    assert data.summary(recording).state == "analysing"
    assert data.store().choices(recording).therapist == "right"
