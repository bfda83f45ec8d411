"""A cohort in rows of text, for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.cohort.form import Cohort, Difference, Figure, Group, PersonChanges, StratumFacts
from pipeline.cohort.groups import POOLED
from pipeline.cohort.known import head_of
from pipeline.exports.wording import figure, measure_name

MOST_PEOPLE = 12
"""People whose changes are printed; more are in the JSON."""

_COLUMNS = ("", "together", "range", "middle half", "sessions")


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, lines below it, and rows under columns; any may be missing."""

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def tables(cohort: Cohort) -> Iterator[Table]:
    """Everything there is to say about a cohort, in order."""
    counted = f"{_sessions(cohort.sessions)} of {_people(cohort.people, cohort.unnamed)}"
    yield Table(counted, tuple(cohort.notes))
    for group in cohort.groups:
        yield _group(group, cohort)
    if cohort.differences:
        yield _differences(cohort.differences, cohort.level)
    yield from _changes(cohort.changes)
    left = [f"{item.name}: {item.why}" for item in cohort.left_out]
    if left:
        yield Table("Sessions that don't count", tuple(left))
    skipped = [f"{item.name}: {item.why}" for item in cohort.skipped]
    if skipped:
        yield Table("Files that are no reports", tuple(skipped))
    apart = [f"{measure_name(item.name)}: {item.why}" for item in cohort.apart]
    if apart:
        yield Table("Left out", tuple(apart))


def _group(group: Group, cohort: Cohort) -> Table:
    name = f"{cohort.by}: {group.name or 'not given'}" if cohort.by else "All sessions"
    people = _people(group.people, group.unnamed)
    lines = [f"recorded and analysed: {way}" for way in map(_way, group.strata)]
    if len(group.strata) > 1:
        lines = [f"  way {i}: {_way(stratum)}" for i, stratum in enumerate(group.strata, start=1)]
        lines.insert(0, f"recorded or analysed in {len(lines)} ways, each with its figure below:")
    drawn = {f.drawn for f in group.figures if f.interval}
    if drawn:
        who = "sessions" if drawn == {"sessions"} else "people"
        lines.append(f"range: where {cohort.level:g} % would lie with other such {who}")
    told = (line for f in group.figures if f.value is not None for line in f.note.splitlines())
    lines += dict.fromkeys(line for line in told if not line.startswith(POOLED))
    nowhere = [_name(f.measure) for f in group.figures if not f.sessions and not f.draft]
    if nowhere:
        lines.append(f"not enough to tell in any session: {', '.join(nowhere)}")
    rows: list[tuple[str, ...]] = []
    for own in group.figures:
        if not own.sessions:
            continue
        rows.append(_row(own))
        rows += [
            (
                f"    way {part.stratum + 1}",
                figure(part.value, own.unit),
                "",
                "",
                str(part.sessions),
            )
            for part in own.strata
        ]
    return Table(
        f"{name}: {_sessions(group.sessions)} of {people}", tuple(lines), _COLUMNS, tuple(rows)
    )


def _row(own: Figure) -> tuple[str, ...]:
    mark = {"low": " (rough)", "draft": " (draft)"}.get(own.certainty, "")
    ways = f" ({len(own.strata)} ways)" if own.strata else ""
    spread = own.spread
    return (
        _name(own.measure, draft=own.draft) + ways,
        figure(own.value, own.unit) + (mark if own.value is not None else ""),
        _between(own.interval, own.unit),
        _between((spread.q1, spread.q3), own.unit) if spread and own.sessions > 1 else "",
        f"{own.sessions}" + (f" ({own.left_out} without)" if own.left_out else ""),
    )


def _differences(found: Sequence[Difference], level: float) -> Table:
    first, second = found[0].first, found[0].second
    notes = dict.fromkeys(line for d in found for line in d.note.splitlines())
    return Table(
        f"{first} less {second}",
        tuple(notes),
        ("", "difference", f"range ({level:g} %)"),
        tuple(
            (
                _name(d.measure, draft=d.draft),
                _signed(d.value, d.unit),
                f"{_signed(d.interval[0], d.unit)} to {_signed(d.interval[1], d.unit)}"
                if d.interval
                else "",
            )
            for d in found
        ),
    )


def _changes(people: Sequence[PersonChanges]) -> Iterator[Table]:
    told = [p for p in people if p.changes]
    few = len(people) - len(told)
    if few:
        why = people[0].note if len(people) == 1 else "too few to tell a trend"
        yield Table(f"Change over time: {_people(few, 0)}", (why,))
    if len(told) > MOST_PEOPLE:
        yield Table(f"Change over time: {_people(len(told), 0)}", ("in the JSON, by --json FILE",))
        return
    for person in told:
        yield Table(
            f"{person.person}, {person.sessions} sessions from {person.first_day} to "
            f"{person.last_day}",
            (person.note,) if person.note else (),
            ("", "change"),
            tuple((_name(c.measure, draft=c.draft), c.text) for c in person.changes),
        )


def _name(measure: str, *, draft: bool = False) -> str:
    _, _, role = measure.partition(".")
    whose = f", {role}" if role == "client" else ""
    return measure_name(head_of(measure)) + whose + (" (draft words)" if draft else "")


def _way(stratum: StratumFacts) -> str:
    engines = f"voices by {stratum.diarization}, words by {stratum.transcription}"
    setup = "set-up not given" if stratum.setup == "unknown" else stratum.setup
    return f"{setup}, {engines}, settings {stratum.config_hash[:8]}: {_sessions(stratum.sessions)}"


def _between(bounds: tuple[float, float] | None, unit: str) -> str:
    """Two figures with their unit said once, or not at all where the value beside them says it."""
    if bounds is None:
        return ""
    (low, _, of_low), (high, _, of_high) = (figure(bound, unit).partition(" ") for bound in bounds)
    if unit not in ("share", "s"):
        return f"{low} to {high}"
    return (
        f"{low} to {high} {of_high}" if of_low == of_high else f"{low} {of_low} to {high} {of_high}"
    )


def _signed(value: float, unit: str) -> str:
    """A difference with its sign; of shares, in points."""
    sign = "+" if value > 0 else "-" if value < 0 else ""
    if unit == "share":
        return f"{sign}{abs(value) * 100:.0f} points"
    return sign + figure(abs(value), unit)


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _people(count: int, unnamed: int) -> str:
    people = "1 person" if count == 1 else f"{count} people"
    if not unnamed:
        return people
    nobody = f"{unnamed} where nobody is named"
    return f"{people}, {nobody}" if count else nobody
