"""The store: durable, whole or absent, and forgetful when told to be."""

import contextlib
import hashlib
import itertools
import multiprocessing
import os
import signal
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pipeline.store.intake
from pipeline.errors import StoreError
from pipeline.store import Store
from pipeline.store.blobs import Blobs, Incoming, sweep, write_file
from pipeline.timeline import Span

CANARY = "cormorantwhisper"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "practice one.WAV"
    path.write_bytes(b"RIFF" + os.urandom(3_000_000))
    return path


def query(data: Path, sql: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(data / "attune.db")) as connection:
        return connection.execute(sql).fetchall()


def test_a_recording_is_kept_byte_for_byte(store, wav):
    kept = store.ingest(wav, setup="two microphones", material="partner's own")
    source = store.source(kept.id)
    assert source.read_bytes() == wav.read_bytes()
    assert kept.sha256 == hashlib.sha256(wav.read_bytes()).hexdigest()
    assert (kept.size, kept.name, source.name) == (3_000_004, "practice one.WAV", "source.wav")
    assert (kept.setup, kept.material, kept.state) == (
        "two microphones",
        "partner's own",
        "received",
    )
    assert store.recording(kept.id) == kept


def test_the_same_file_is_kept_once_per_owner(store, wav, tmp_path):
    first = store.ingest(wav)
    again = store.ingest(wav, name="another name.wav")
    others = store.ingest(wav, owner="dana")
    assert again == first
    assert others.id != first.id
    folders = [p for p in (tmp_path / "data" / "recordings").iterdir() if p.is_dir()]
    assert {p.name for p in folders} == {first.id, others.id}


def test_an_upload_is_kept_when_its_block_ends(store):
    with store.receive("call.m4a", setup="call mixed") as upload:
        for piece in (b"one", b"two", b"three"):
            upload.write(piece)
        assert store.sessions() == ()
    assert store.source(upload.recording.id).read_bytes() == b"onetwothree"
    assert store.sessions()[0].setup == "call mixed"


def test_an_upload_that_breaks_off_leaves_nothing(store, tmp_path):
    def connection_lost():
        with store.receive("call.m4a") as upload:
            upload.write(b"half")
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        connection_lost()
    assert store.sessions() == ()
    assert list((tmp_path / "data" / "recordings").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"material": "real client"}, "administrator"),
        ({"material": "a friend"}, "acted role"),
        ({"setup": "phone"}, "one microphone"),
    ],
)
def test_what_is_not_admitted_is_refused_with_a_remedy(store, wav, arguments, message):
    with pytest.raises(StoreError, match=message):
        store.ingest(wav, **arguments)
    assert store.sessions() == ()


def test_real_clients_are_admitted_where_the_institution_says_so(tmp_path, wav):
    with Store.open(tmp_path / "data", allow_real_clients=True) as store:
        assert store.ingest(wav, material="real client").material == "real client"


def test_empty_missing_and_unreadable_files_are_refused(store, tmp_path):
    (tmp_path / "empty.wav").touch()
    for source, message in (
        ("empty.wav", "0 bytes"),
        ("nowhere.wav", "check that"),
        (".", "copied"),
    ):
        with pytest.raises(StoreError, match=message):
            store.ingest(tmp_path / source)
    assert store.sessions() == ()


HOSTILE_NAMES = [
    "../../etc/passwd.wav",
    "..",
    "/",
    "C:\\con.wav",
    "a\x00b.wav",
    "line\nbreak.wav",
    "\ud800.wav",
    "",
    "\u202egnp.wav",
    "ü" * 127 + ".",
    "x" * 4000 + ".wav",
    "录音.wav",
    "a.SHELL$(id)",
    "a.wav/../../b",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_is_for_display_and_never_reaches_the_disk(store, tmp_path, name):
    with store.receive(name) as upload:
        upload.write(b"sound")
    kept = upload.recording
    inside = tmp_path / "data" / "recordings" / kept.id
    assert store.source(kept.id).parent == inside
    assert [p.name for p in inside.iterdir()] in (["source.wav"], ["source"])
    assert kept.name
    assert kept.name.isprintable() or "\u202e" in kept.name
    assert {p.name for p in tmp_path.iterdir()} == {"data"}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.text(), data=st.binary(min_size=1, max_size=200))
def test_any_name_and_any_bytes_come_back(store, name, data):
    with store.receive(name) as upload:
        upload.write(data)
    assert store.source(upload.recording.id).read_bytes() == data
    assert store.recording(upload.recording.id) == upload.recording


def test_a_file_name_of_255_bytes_is_taken(store, tmp_path):
    path = tmp_path / ("ü" * 125 + "x.wav")
    path.write_bytes(b"sound")
    assert len(os.fsencode(path.name)) == 255
    assert store.ingest(path).name == path.name


def test_a_report_comes_back_as_it_was_saved(store, wav, tmp_path):
    kept = store.ingest(wav)
    report = synthetic.report()
    with pytest.raises(StoreError, match="no report yet"):
        store.report(kept.id)
    store.save(kept.id, report)
    assert store.report(kept.id) == report
    assert (tmp_path / "data/recordings" / kept.id / "report.json").stat().st_size > 1000
    assert store.recording(kept.id).state == "ready"


def test_the_newest_report_counts_and_one_is_kept_per_configuration(store, wav, tmp_path):
    kept = store.ingest(wav)
    left, right = synthetic.report(), synthetic.report(therapist="right")
    other = replace(left, provenance=replace(left.provenance, config_hash="another"))
    for report in (left, other, right):
        store.save(kept.id, report)
        assert store.report(kept.id) == report
    assert query(tmp_path / "data", "SELECT count(*) FROM analysis") == [(2,)]


def test_the_session_list_shows_the_newest_figures_first(store, tmp_path):
    ids = []
    for name in ("first.wav", "second.wav", "third.wav"):
        with store.receive(name) as upload:
            upload.write(name.encode())
        ids.append(upload.recording.id)
    report = synthetic.report(words="draft")
    store.save(ids[0], synthetic.report(therapist="right"))
    store.save(ids[0], report)
    store.set_state(ids[1], "failed", error="no speech in it")
    store.set_state(ids[2], "analysing", stage="transcription", fraction=0.25)
    third, second, first = store.sessions()
    assert [third.id, second.id, first.id] == ids[::-1]
    assert (third.stage, third.fraction, third.duration, third.voices) == (
        "transcription",
        0.25,
        None,
        None,
    )
    assert (second.state, second.error) == ("failed", "no speech in it")
    assert (first.state, first.speakers, first.duration) == ("ready", ("left", "right"), 90.0)
    assert (first.voices, first.words) == ("good", "draft")
    assert first.talk_share == pytest.approx(report.sections[0].measures["talk_share"].value)


def test_shares_of_sections_are_added_by_numerator_and_denominator(store, wav):
    kept = store.ingest(wav)
    report = synthetic.report(sections=2)
    one, two = report.sections
    share = replace(two.measures["talk_share"], value=0.1, numerator=1.0, denominator=10.0)
    two = replace(two, measures=two.measures | {"talk_share": share})
    store.save(kept.id, replace(report, sections=(one, two)))
    whole = one.measures["talk_share"]
    expected = (whole.numerator + 1.0) / (whole.denominator + 10.0)
    assert store.sessions()[0].talk_share == pytest.approx(expected)


def test_two_therapists_share_no_figure(store, wav):
    kept = store.ingest(wav)
    left, right = synthetic.report(), synthetic.report(therapist="right")
    second = replace(right.sections[0], id="s2", start=90.0, end=180.0)
    store.save(kept.id, replace(left, sections=(left.sections[0], second)))
    assert store.sessions()[0].talk_share is None


def test_an_abstained_share_is_not_shown(store, wav):
    kept = store.ingest(wav)
    report = synthetic.report()
    section = report.sections[0]
    share = replace(section.measures["talk_share"], certainty="abstained")
    section = replace(section, measures=section.measures | {"talk_share": share})
    store.save(kept.id, replace(report, sections=(section,)))
    assert store.sessions()[0].talk_share is None


def test_participants_and_sections_keep_their_ids_from_report_to_report(store, wav, tmp_path):
    kept = store.ingest(wav)
    data = tmp_path / "data"
    store.save(kept.id, synthetic.report(sections=2))
    people = query(data, "SELECT id, label FROM participant ORDER BY label")
    sections = query(data, "SELECT id, key FROM section ORDER BY key")
    store.save(kept.id, synthetic.report(therapist="right"))
    assert query(data, "SELECT id, label FROM participant ORDER BY label") == people
    assert query(data, "SELECT id, key FROM section ORDER BY key") == sections
    assert query(data, "SELECT key, current FROM section ORDER BY key") == [("s1", 1), ("s2", 0)]
    roles = query(
        data,
        "SELECT label, role FROM section_role JOIN section s ON s.id = section_id "
        "JOIN participant p ON p.id = participant_id WHERE s.key = 's1' ORDER BY label",
    )
    assert roles == [("left", "client"), ("right", "therapist")]


def test_choices_are_remembered_changed_and_taken_back(store, wav):
    kept = store.ingest(wav)
    assert store.choices(kept.id).therapist is None
    store.choose(kept.id, therapist="left", sections=(Span(60.0, 90.5), Span(0.0, 50.0)))
    store.choose(kept.id, therapist="right")
    assert store.choices(kept.id).therapist == "right"
    assert store.choices(kept.id).sections == (Span(0.0, 50.0), Span(60.0, 90.5))
    store.choose(kept.id, therapist="", sections=())
    assert (store.choices(kept.id).therapist, store.choices(kept.id).sections) == (None, ())


def test_states_are_checked(store, wav):
    kept = store.ingest(wav)
    for state, fraction in (("done", 0.5), ("ready", 1.5), ("ready", float("nan"))):
        with pytest.raises(StoreError, match="must be one of"):
            store.set_state(kept.id, state, fraction=fraction)


@pytest.mark.parametrize("recording_id", ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "../..", "", "' OR 1=1"])
def test_an_unknown_recording_is_named_in_the_error(store, wav, recording_id):
    store.ingest(wav)
    for ask in (
        store.recording,
        store.source,
        store.artefacts,
        store.report,
        store.choices,
        store.delete,
        lambda id_: store.save(id_, synthetic.report()),
        lambda id_: store.choose(id_, therapist="left"),
        lambda id_: store.set_state(id_, "ready"),
    ):
        with pytest.raises(StoreError, match="no recording"):
            ask(recording_id)
    assert len(store.sessions()) == 1


def test_a_missing_source_is_told_with_a_remedy(store, wav):
    kept = store.ingest(wav)
    store.source(kept.id).unlink()
    with pytest.raises(StoreError, match="backup"):
        store.source(kept.id)


def test_deletion_leaves_no_word_and_no_file(tmp_path):
    data = tmp_path / "data"
    report = synthetic.report(name=f"{CANARY}.wav")
    turn = replace(report.sections[0].turns[0], text=f"I heard the {CANARY} again")
    report = replace(report, sections=(replace(report.sections[0], turns=(turn,)),))
    with Store.open(data) as store:
        with store.receive(f"{CANARY}.wav") as upload:
            upload.write(CANARY.encode() * 1000)
        with store.receive("other.wav") as other:
            other.write(b"other")
        kept = upload.recording
        store.save(kept.id, report)
        store.choose(kept.id, therapist=CANARY)
        (store.artefacts(kept.id) / "words-1.json").write_text(CANARY)
        assert holding(data, CANARY)
        store.delete(kept.id)
        assert holding(data, CANARY) == []
        assert [s.id for s in store.sessions()] == [other.recording.id]
        assert store.source(other.recording.id).read_bytes() == b"other"
    assert holding(data, CANARY) == []
    assert [p.name for p in (data / "recordings").iterdir()] == [other.recording.id]


def holding(data: Path, word: str) -> list[str]:
    return [p.name for p in data.rglob("*") if p.is_file() and word.encode() in p.read_bytes()]


def test_the_audit_log_knows_what_was_done_and_when_it_was_tampered_with(store, wav, tmp_path):
    kept = store.ingest(wav)
    store.delete(kept.id)
    rows = query(tmp_path / "data", "SELECT action, subject FROM audit ORDER BY id")
    assert rows == [("recording received", kept.id), ("recording deleted", kept.id)]
    assert store.broken_audit() is None
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "attune.db")) as connection:
        connection.execute("DELETE FROM audit WHERE id = 1")
        connection.commit()
    assert store.broken_audit() == 2


def child(work, *arguments: object) -> multiprocessing.Process:
    """Another process that runs ``work``; forked, so it starts at once."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    return process


def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)


def ingest_and_die(data: Path, source: Path, owner: object, name: str) -> None:
    setattr(owner, name, die)
    with Store.open(data) as store:
        store.ingest(source)


@pytest.mark.parametrize(
    ("owner", "name", "kept"),
    [
        (Incoming, "sync", 0),  # the bytes are written
        (Blobs, "place", 0),  # the folder is announced
        (pipeline.store.intake, "log", 0),  # the file is in its place, the row isn't
        (Blobs, "unmark", 1),  # the row is committed
    ],
)
def test_a_killed_ingest_leaves_all_or_nothing(tmp_path, wav, owner, name, kept):
    data = tmp_path / "data"
    Store.open(data).close()
    process = child(ingest_and_die, data, wav, owner, name)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert any(p.name.startswith(".") for p in (data / "recordings").iterdir())
    with Store.open(data) as store:
        left = [s.id for s in store.sessions()]
        assert len(left) == kept
        assert [p.name for p in (data / "recordings").iterdir()] == left
        for recording_id in left:
            assert store.source(recording_id).read_bytes() == wav.read_bytes()
        again = store.ingest(wav)
        assert [s.id for s in store.sessions()] == [again.id]


def ingest_on_a_full_disk(data: Path, source: Path) -> None:
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    with Store.open(data) as store:
        try:
            store.ingest(source)
        except StoreError as error:
            os._exit(7 if "free some space" in str(error) else 1)


def test_a_file_that_does_not_fit_is_refused_and_leaves_nothing(tmp_path, wav):
    process = child(ingest_on_a_full_disk, tmp_path / "data", wav)
    process.join(60)
    assert process.exitcode == 7
    assert list((tmp_path / "data" / "recordings").iterdir()) == []


def delete_and_die(data: Path, recording_id: str) -> None:
    Blobs.remove = die
    with Store.open(data) as store:
        store.delete(recording_id)


def test_a_killed_deletion_is_finished_when_the_store_opens(tmp_path, wav):
    data = tmp_path / "data"
    with Store.open(data) as store:
        kept = store.ingest(wav)
    child(delete_and_die, data, kept.id).join(60)
    assert (data / "recordings" / kept.id).exists()
    with Store.open(data) as store:
        assert store.sessions() == ()
    assert list((data / "recordings").iterdir()) == []


def come_and_go(data: Path) -> None:
    with Store.open(data) as store:
        for number in itertools.count():
            with store.receive("a.wav") as upload:
                upload.write(os.urandom(300_000))
            if number % 4 == 0:
                store.delete(upload.recording.id)


def test_kills_at_any_moment_never_split_a_row_from_its_file(tmp_path):
    data = tmp_path / "data"
    Store.open(data).close()
    for round_ in range(30):
        process = child(come_and_go, data)
        time.sleep(0.02 + 0.005 * round_)
        process.kill()
        process.join()
        with Store.open(data) as store:
            sessions = store.sessions()
            names = {p.name for p in (data / "recordings").iterdir()}
            assert names == {s.id for s in sessions}
            for session in sessions:
                content = store.source(session.id).read_bytes()
                stored = store.recording(session.id)
                assert hashlib.sha256(content).hexdigest() == stored.sha256
    assert sessions


def take_in_ten(data: Path, number: int) -> None:
    with Store.open(data) as store:
        for i in range(10):
            with store.receive("a.wav") as upload:
                upload.write(f"{number} {i}".encode())
            store.set_state(upload.recording.id, "analysing", fraction=0.5)


def test_processes_that_open_and_write_at_once_wait_for_each_other(tmp_path):
    data = tmp_path / "data"
    children = [child(take_in_ten, data, number) for number in range(4)]
    for process in children:
        process.join(120)
    assert [process.exitcode for process in children] == [0, 0, 0, 0]
    with Store.open(data) as store:
        assert [s.state for s in store.sessions()] == ["analysing"] * 40
        assert store.broken_audit() is None


def test_a_lost_database_costs_no_recording(tmp_path, wav):
    data = tmp_path / "data"
    with Store.open(data) as store:
        kept = store.ingest(wav)
    for path in data.glob("attune.db*"):
        path.unlink()
    with Store.open(data) as store:
        assert store.sessions() == ()
    assert (data / "recordings" / kept.id / "source.wav").exists()


def test_a_living_writer_keeps_its_temporary_file(tmp_path):
    alive = Incoming(tmp_path)
    alive.write(b"still coming")
    (tmp_path / ".incoming-of-the-dead").write_bytes(b"half")
    sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    alive.move_to(tmp_path / "whole")
    assert (tmp_path / "whole").read_bytes() == b"still coming"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "report.json"
    write_file(target, b"old")
    with pytest.raises(TypeError):
        write_file(target, "not bytes")
    assert target.read_bytes() == b"old"
    write_file(target, b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"new"]


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="ATTUNE_HOME"):
        Store.open(tmp_path / "file" / "data")


def test_a_missing_recordings_folder_is_refused(tmp_path, wav):
    with Store.open(tmp_path / "data") as store:
        store.ingest(wav)
    (tmp_path / "data" / "recordings").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="mounted"):
        Store.open(tmp_path / "data")


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_file_that_is_no_database_is_refused(tmp_path, size):
    (tmp_path / "attune.db").write_bytes(os.urandom(size))
    with pytest.raises(StoreError, match=r"move attune\.db away"):
        Store.open(tmp_path)


def test_a_folder_with_odd_characters_will_do(tmp_path, wav):
    with Store.open(tmp_path / "100% ?ünı #1") as store:
        kept = store.ingest(wav)
    with Store.open(tmp_path / "100% ?ünı #1") as store:
        assert [s.id for s in store.sessions()] == [kept.id]
