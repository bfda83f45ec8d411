"""Opening the database: SQLite that survives a power cut, brought to the newest schema.

Writers take SQLite's write lock when they begin (``BEGIN IMMEDIATE``), so two processes wait for
each other instead of failing in the middle. The settings and their reasons were measured; see the
notes at each.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from pipeline.errors import StoreError
from pipeline.store.migrations import HEAD, upgrade

BUSY_MS = 10_000
"""How long a writer waits for another one before it gives up, in milliseconds."""

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_MS}",  # first: the pragmas below may have to wait as well
    "PRAGMA journal_mode=WAL",  # readers never wait for a writer
    "PRAGMA synchronous=FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys=ON",  # off by default in SQLite
    "PRAGMA secure_delete=ON",  # deleted words are overwritten, not left in free pages
    "PRAGMA temp_store=MEMORY",  # no words in temporary files
)


def open_database(path: Path) -> Engine:
    """An engine on the SQLite file ``path``, made if it isn't there, at the newest schema.

    Raises:
        StoreError: not a database, another program's, of a newer Attune, or not writable.
    """
    with explained(path):
        path.touch(mode=0o600)
        engine = engine_for(URL.create("sqlite", database=str(path)))
        try:
            _migrate(engine, path)
        except BaseException:
            engine.dispose()
            raise
        return engine


def engine_for(url: URL) -> Engine:
    """An engine for any supported URL; SQLite gets the settings above."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take the write lock as they begin."""
    return engine.execution_options(attune_write=True)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what a database or a file system may throw into a StoreError with a remedy."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise StoreError(f"{path}: {reason}; {_remedy(reason, path)}") from error
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror or error}; give Attune a data folder on a local disk that "
            "you may write to (ATTUNE_HOME names it) and free some space"
        ) from error


def _remedy(reason: str, path: Path) -> str:
    if "not a database" in reason or "malformed" in reason:
        return f"move {path.name} away or put a backup in its place, then start again"
    if "locked" in reason or "busy" in reason:
        return "another Attune is writing; wait until it is done and try again"
    if "full" in reason:
        return "free some disk space and try again"
    return "make sure that the folder is on a local disk and that you may write to it"


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and isn't immediate
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("attune_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _migrate(engine: Engine, path: Path) -> None:
    with engine.connect() as connection:
        if _revision(connection, path) == HEAD:
            return
    with writing(engine).begin() as connection:
        if _revision(connection, path) != HEAD:  # another process may have been quicker
            upgrade(connection, source=str(path))


def _revision(connection: Connection, path: Path) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found
    if tables:
        raise StoreError(
            f"{path} belongs to another program (it holds the table {tables[0]!r}); give Attune "
            "a data folder of its own"
        )
    return None


def truncate_log(engine: Engine) -> None:
    """Empty the write-ahead log, in which deleted rows would otherwise linger.

    While somebody reads, SQLite keeps the log; the next call or the last ``close`` empties it.
    """
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()
    finally:
        connection.close()
