"""The database's history, one file per step; run by the store when it opens, never by hand."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0002"
"""The newest step. A constant, so that opening an up-to-date database needs no Alembic."""


def upgrade(connection: "Connection", *, source: str) -> None:
    """Bring the database to the newest step, inside the caller's transaction.

    Raises:
        StoreError: its step is unknown here, so a newer Attune has written it.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise StoreError(
            f"{source} has schema {found}, written by a newer Attune; this one knows schemas up "
            f"to {HEAD}: update Attune, or choose another data folder"
        )
    command.upgrade(config, "head")
