"""Many sessions together: what a course or a person did, honestly added (docs/cohort.md).

*Conventions*: numerators and denominators are added, ranges draw people, set-ups and engines are
never pooled unseen, draft words never with good ones. Nobody and no group is ranked, and what must
not be compared across people is left out where there is more than one.
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.cohort.changes import changes
from pipeline.cohort.form import SCHEMA, Cohort, Difference, Left, to_json
from pipeline.cohort.groups import differences, group, people_in, unnamed_in
from pipeline.cohort.known import KNOWN
from pipeline.cohort.sessions import FORM, Found, Session, read_sessions
from pipeline.errors import ConfigError
from pipeline.records import Progress, no_progress
from pipeline.settings import Config

BUILT_IN = ("setup", "engine", "folder")
"""Keys that need no sessions.csv."""

__all__ = ["BUILT_IN", "Cohort", "cohort", "combine", "read_sessions", "to_json"]


def cohort(
    folder: Path,
    config: Config,
    *,
    by: str | None = None,
    but: Path | None = None,
    progress: Progress = no_progress,
) -> Cohort:
    """The figures of every report in a folder, together or in groups.

    Args:
        folder: its reports, and those in the folders below.
        config: of ranges, roles and practice.
        by: a column of sessions.csv, or one of ``BUILT_IN``; one group without it.
        but: a JSON file in the folder that is not to be read.
        progress: hears how many reports have been read.

    Raises:
        ConfigError: there is no such folder or key.
        AttuneError: there is no report, or sessions.csv can't be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}; give one that holds reports")
    found = read_sessions(folder, config, but=but, progress=progress)
    return combine(found, config, by=by)


def combine(found: Found, config: Config, *, by: str | None = None) -> Cohort:
    """The figures of sessions that have been read; the arguments are those of ``cohort``."""
    grouped = _grouped(found, by)
    groups = tuple(group(name, sessions, config) for name, sessions in grouped.items())
    differ: tuple[Difference, ...] = ()
    named = [g for g in groups if g.name]
    if by is not None and len(named) == 2:
        pair = grouped[named[0].name], grouped[named[1].name]
        differ = differences(named[0], named[1], pair, config)
    return Cohort(
        form=FORM,
        schema=SCHEMA,
        by=by or "",
        level=config.intervals.level,
        sessions=len(found.sessions),
        people=people_in(found.sessions),
        unnamed=unnamed_in(found.sessions),
        groups=groups,
        differences=differ,
        changes=changes(found.sessions, config),
        apart=_apart(found),
        left_out=tuple(Left(name, why) for name, why in found.left_out),
        skipped=tuple(Left(name, why) for name, why in found.skipped),
        notes=(*found.notes, *_twice(found.sessions)),
    )


def _grouped(found: Found, by: str | None) -> dict[str, list[Session]]:
    """Sessions by the key's value, values in the order of their names, those without one last."""
    if by is None:
        return {"": found.sessions} if found.sessions else {}
    key = by.strip().lower()
    columns = found.descriptions.columns
    if key not in columns and key not in BUILT_IN:
        raise ConfigError(
            f"--by {by!r} is no column of sessions.csv; take one of: "
            f"{', '.join(dict.fromkeys((*columns, *BUILT_IN)))}"
        )
    out: dict[str, list[Session]] = {}
    for session in found.sessions:
        value = session.values.get(key, "") if key in columns else _built_in(session, key)
        out.setdefault(value, []).append(session)
    return dict(sorted(out.items(), key=lambda item: (not item[0], item[0])))


def _built_in(session: Session, key: str) -> str:
    stratum = session.stratum
    if key == "setup":
        return stratum.setup
    if key == "engine":
        return f"{stratum.diarization} + {stratum.transcription}"
    return session.folder


def _apart(found: Found) -> tuple[Left, ...]:
    """Figures that were there and are not put together, each with its reason."""
    alone = people_in(found.sessions) == 1 and not unnamed_in(found.sessions)
    out = [
        Left(head, f"not compared across people: {known.apart}" if not known.never else known.apart)
        for head, known in KNOWN.items()
        if head in found.heads and known.apart and (known.never or not alone)
    ]
    unknown = sorted(found.heads - set(KNOWN))
    return (*out, *(Left(head, "not known to the cohort") for head in unknown))


def _twice(sessions: Sequence[Session]) -> tuple[str, ...]:
    """Recordings that count more than once: copies, or the same one analysed in two ways."""
    names: dict[tuple[str, float, float], list[str]] = {}
    for session in sessions:
        names.setdefault(session.source, []).append(session.name)
    return tuple(
        f"one and the same recording counts {len(same)} times: {', '.join(same)}"
        for same in names.values()
        if len(same) > 1
    )
