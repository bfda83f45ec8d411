"""What the tables' columns are made of: ids, moments, texts, and links between rows."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator
from ulid import ULID


def new_id() -> str:
    """A fresh ULID."""
    return str(ULID())


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class Moment(TypeDecorator[datetime]):
    """A UTC moment; SQLite drops the zone, so it is taken off on the way in and put back."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """UTC without its zone.

        Raises:
            ValueError: the moment has no zone, so nobody can tell which moment it is.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; give an aware datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """The moment with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


Id = Annotated[str, mapped_column(String(26), primary_key=True, default=new_id)]
When = Annotated[datetime, mapped_column(Moment, default=now)]
Maybe = Annotated[datetime | None, mapped_column(Moment)]
Words = Annotated[str, mapped_column(Text, default="")]
Key = Annotated[str, mapped_column(String(64))]
Kind = Annotated[str, mapped_column(String(32))]


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A check that a column holds one of the values."""
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


def link(target: str) -> Any:
    """A foreign key on ``target.id`` that goes with its row."""
    return mapped_column(ForeignKey(f"{target}.id", ondelete="CASCADE"), index=True)


def loose(target: str) -> Any:
    """A foreign key on ``target.id`` that is emptied when the row goes."""
    return mapped_column(ForeignKey(f"{target}.id", ondelete="SET NULL"), index=True)
