"""The migrations make the tables that the models describe."""

import functools
import sqlite3

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from pipeline.errors import StoreError
from pipeline.store import migrations
from pipeline.store.database import open_database, writing
from pipeline.store.models import Base


@pytest.fixture
def engine(tmp_path):
    opened = open_database(tmp_path / "attune.db")
    yield opened
    opened.dispose()


def test_an_empty_file_is_brought_to_the_models(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        assert set(inspect(connection).get_table_names()) == {
            "alembic_version",
            *Base.metadata.tables,
        }


def test_check_constraints_are_those_of_the_models(engine):
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            found = {
                (c["name"], c["sqltext"])
                for c in inspect(connection).get_check_constraints(table.name)
            }
            assert found == {
                (str(c.name), str(c.sqltext)) for c in table.constraints if hasattr(c, "sqltext")
            }, table.name


def test_head_is_the_last_script():
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_jobs_of_the_first_schema_are_kept_and_told_whose_they_are(tmp_path, monkeypatch):
    path = tmp_path / "attune.db"
    first = functools.partial(command.upgrade, revision="0001")
    monkeypatch.setattr(command, "upgrade", lambda config, _head: first(config))
    open_database(path).dispose()
    monkeypatch.undo()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            INSERT INTO person VALUES ('p', 'P-1', '2026-01-01'), ('q', 'P-2', '2026-01-01');
            INSERT INTO recording VALUES
              ('r', 'p', 'n', '', 1, 'h', 'unknown', 'acted role', '2026-01-01', 'analysing', '',
               0, ''),
              ('s', 'q', 'n', '', 1, 'h', 'unknown', 'acted role', '2026-01-01', 'ready', '', 0,
               '');
            INSERT INTO job VALUES
              ('1', 'r', 'analysis', 'running', 'audio', 0.5, 2, 3, 'w', '2026-01-01', 0, '',
               '2026-01-01'),
              ('2', 'r', 'analysis', 'waiting', '', 0, 0, 3, '', NULL, 0, '', '2026-01-02'),
              ('3', 's', 'analysis', 'done', '', 1, 1, 3, 'w', NULL, 0, '', '2026-01-03');
            """
        )
    connection.close()
    engine = open_database(path)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT id, person_id, state, attempt, holder, config_hash FROM job ORDER BY id")
        ).all()
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    engine.dispose()
    assert rows == [
        ("1", "p", "queued", 2, "", ""),
        ("2", "p", "cancelled", 0, "", ""),
        ("3", "q", "done", 1, "w", ""),
    ]


def test_a_recording_has_one_live_job_per_configuration(engine):
    job = text(
        "INSERT INTO job (id, recording_id, person_id, kind, config_hash, priority, state, stage,"
        " fraction, attempt, spared, max_attempts, holder, cancel, error, created_at) VALUES"
        " (:id, 'r', 'p', 'analysis', 'h', 0, :state, '', 0, 0, 0, 3, '', 0, '', '2026-01-01')"
    )
    with writing(engine).begin() as connection:
        connection.execute(text("INSERT INTO person VALUES ('p', 'P-1', '2026-01-01')"))
        connection.execute(
            text(
                "INSERT INTO recording VALUES ('r', 'p', 'n', '', 1, 'h', 'unknown',"
                " 'acted role', '2026-01-01', 'received', '', 0, '')"
            )
        )
        for i, state in enumerate(("done", "done", "parked", "queued")):
            connection.execute(job, {"id": str(i), "state": state})
    with pytest.raises(IntegrityError), writing(engine).begin() as connection:
        connection.execute(job, {"id": "9", "state": "running"})


def test_opening_twice_changes_nothing(tmp_path):
    open_database(tmp_path / "attune.db").dispose()
    before = (tmp_path / "attune.db").read_bytes()
    open_database(tmp_path / "attune.db").dispose()
    assert (tmp_path / "attune.db").read_bytes() == before


def test_a_newer_schema_is_refused(tmp_path):
    engine = open_database(tmp_path / "attune.db")
    with writing(engine).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match=r"9999.*update Attune"):
        open_database(tmp_path / "attune.db")


def test_another_programs_database_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "attune.db") as connection:
        connection.execute("CREATE TABLE moz_cookies (id)")
    before = (tmp_path / "attune.db").read_bytes()
    with pytest.raises(StoreError, match="moz_cookies"):
        open_database(tmp_path / "attune.db")
    assert (tmp_path / "attune.db").read_bytes()[100:] == before[100:]


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.store.database.upgrade", _half_done)
    with pytest.raises(RuntimeError):
        open_database(tmp_path / "attune.db")
    monkeypatch.undo()
    engine = open_database(tmp_path / "attune.db")
    with engine.connect() as connection:
        assert "half" not in inspect(connection).get_table_names()
    engine.dispose()


def _half_done(connection, *, source):
    connection.execute(text("CREATE TABLE half (id)"))
    raise RuntimeError("the power went")


def test_the_settings_that_keep_data_safe_are_on(engine):
    with engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "secure_delete",
                "busy_timeout",
            )
        }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10_000,
    }


def test_a_writer_holds_the_lock_from_its_beginning_and_readers_go_on(engine, tmp_path):
    with writing(engine).begin():
        with sqlite3.connect(tmp_path / "attune.db", timeout=0) as other:
            assert other.execute("SELECT count(*) FROM person").fetchone() == (0,)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        other.close()


def test_foreign_keys_go_with_their_row_and_unknown_values_are_refused(engine):
    insert = text(
        "INSERT INTO recording VALUES ('r', 'p', 'n', '', 1, 'h', 'unknown', :material,"
        " '2026-01-01', 'received', '', 0, '')"
    )
    with writing(engine).begin() as connection:
        connection.execute(text("INSERT INTO person VALUES ('p', 'P-1', '2026-01-01')"))
        connection.execute(insert, {"material": "partner's own"})
    with pytest.raises(IntegrityError), writing(engine).begin() as connection:
        connection.execute(insert, {"material": "secret"})
    with writing(engine).begin() as connection:
        connection.execute(text("DELETE FROM person"))
        assert connection.scalar(text("SELECT count(*) FROM recording")) == 0


def test_the_models_hold_for_postgresql_too():
    tables = Base.metadata.sorted_tables
    ddl = {t.name: str(CreateTable(t).compile(dialect=postgresql.dialect())) for t in tables}
    assert "size BIGINT NOT NULL" in ddl["recording"]
    assert "report BYTEA NOT NULL" in ddl["analysis"]
