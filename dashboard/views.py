"""What a page shows of a report: small frozen records, no streamlit, no models.

A view holds words for people and seconds for the player; which figure leads to which moments is
decided here, once, so that pages only lay things out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboard import wording
from pipeline.durations import clock, length
from pipeline.meanings import MEANINGS
from pipeline.records import Event, EventType, Grade, Measure, Role, Section, Setup, Turn
from pipeline.report import Report
from pipeline.settings import Config
from pipeline.timeline import Span, Timeline, complement, intersect, union

MOMENTS_OPENED = 8
"""A figure opens at most so many moments (its longest); more are a list to scroll, not to hear."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch to listen to. ``kind``: the event's type, or ``figure`` for a figure's evidence."""

    kind: str
    start: float
    end: float
    label: str
    who: str = ""
    role: Role | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A turn as the transcript shows it."""

    start: float
    end: float
    who: str
    role: Role | None
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the timeline. ``kind`` is ``person``, ``overlap`` or ``silence``."""

    name: str
    role: Role | None
    kind: str
    spans: Timeline


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the section's time."""

    name: str
    role: Role | None
    kind: str
    share: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its meaning, how sure it is, and the moments behind it, or the longest of them.

    ``stretches`` is how many there are in all.
    """

    key: str
    title: str
    value: str
    detail: str
    explain: str
    cannot_tell: str
    certainty: Grade
    note: str
    moments: tuple[Moment, ...]
    stretches: int

    @property
    def told(self) -> bool:
        """Whether there was enough to tell the figure."""
        return self.certainty != "abstained"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Feedback in words; ``kind`` is ``did``, ``experiment`` or ``note``."""

    kind: str
    text: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody heard in a section; ``sample`` is a clear stretch to know them by."""

    label: str
    name: str
    role: Role | None
    heard_as: str
    sample: Span | None


@dataclass(frozen=True, slots=True)
class SectionView:
    """One practice, ready to be laid out.

    Attributes:
        therapist: label of the therapist's voice, None where nobody is.
        ask: the roles are unsure: ask who the therapist is before showing any figure.
        abstained: figures that could not be told, each with its reason.
    """

    id: str
    title: str
    start: float
    end: float
    voices: tuple[Voice, ...]
    therapist: str | None
    ask: bool
    note: str
    shares: tuple[Share, ...]
    tiles: tuple[Tile, ...]
    abstained: tuple[Tile, ...]
    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...]
    lines: tuple[Line, ...]
    feedback: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class SessionView:
    """A whole recording's report."""

    duration: float
    setup: Setup
    voices: Grade
    words: Grade
    certainty: tuple[str, ...]
    unattributed: int
    engines: tuple[str, ...]
    sections: tuple[SectionView, ...]


def view(report: Report, config: Config) -> SessionView:
    """The report as its page shows it."""
    certainty, quality = report.certainty, report.recording.quality
    notes = (
        f"{wording.VOICES[certainty.voices]} {certainty.voices_note}".strip(),
        f"{wording.WORDS[certainty.words]} {certainty.words_note}".strip(),
        *(quality.notes if quality else ()),
    )
    return SessionView(
        duration=report.recording.duration,
        setup=report.recording.setup,
        voices=certainty.voices,
        words=certainty.words,
        certainty=notes,
        unattributed=len(report.unattributed),
        engines=tuple(
            f"{stage}: {engine.name} {engine.version} ({engine.reason})"
            for stage, engine in report.provenance.engines.items()
        ),
        sections=tuple(
            _section(section, i, report, config) for i, section in enumerate(report.sections)
        ),
    )


def _section(section: Section, i: int, report: Report, config: Config) -> SectionView:
    labels = _labels(section, report.speakers)
    names = wording.people(section.roles, labels)
    roles = {
        label: section.roles[label].role if label in section.roles else None for label in labels
    }
    therapist = next((label for label in labels if roles[label] == "therapist"), None)
    lanes = _lanes(section, labels, names, roles, silence=config.measures.silence_counted)
    tiles = tuple(_tiles(section, names, therapist, report, config))
    return SectionView(
        id=section.id,
        title=f"Practice {i + 1} · {clock(section.start)}–{clock(section.end)}",
        start=section.start,
        end=section.end,
        voices=tuple(
            Voice(
                label,
                names[label],
                roles[label],
                wording.voice(label, report.speakers),
                _sample(section.turns, label),
            )
            for label in labels
        ),
        therapist=therapist,
        ask=therapist is None or section.role_confidence < config.roles.ask_below,
        note=section.note,
        shares=_shares(section, names, roles),
        tiles=tuple(tile for tile in tiles if tile.told),
        abstained=tuple(tile for tile in tiles if not tile.told),
        lanes=lanes,
        moments=tuple(_moment(event, names, roles) for event in _sorted(section.events)),
        lines=tuple(
            Line(
                t.start, t.end, names.get(t.speaker, "Voice"), roles.get(t.speaker), t.kind, t.text
            )
            for t in section.turns
        ),
        feedback=tuple(
            Sentence(f.kind, f.text, tuple(_stretch(span) for span in f.evidence))
            for f in section.feedback
        ),
    )


def _labels(section: Section, speakers: Sequence[str]) -> tuple[str, ...]:
    """The voices of this section, the therapist first, then as they are first heard."""
    heard = {turn.speaker for turn in section.turns} | set(section.roles)
    order = [label for label in speakers if label in heard] + sorted(heard - set(speakers))
    first = [x for x in order if x in section.roles and section.roles[x].role == "therapist"]
    return tuple(first + [label for label in order if label not in first])


def _lanes(
    section: Section,
    labels: Sequence[str],
    names: dict[str, str],
    roles: dict[str, Role | None],
    *,
    silence: float,
) -> tuple[Lane, ...]:
    speech = {
        label: union(
            span
            for turn in section.turns
            if turn.speaker == label
            for span in (turn.speech or (turn.span,))
        )
        for label in labels
    }
    both: Timeline = ()
    heard: Timeline = ()
    for timeline in speech.values():
        both = union(both, intersect(heard, timeline))
        heard = union(heard, timeline)
    quiet = complement(heard, Span(section.start, section.end))
    return (
        *(Lane(names[label], roles[label], "person", speech[label]) for label in labels),
        Lane("Both at once", None, "overlap", both),
        Lane("Silence", None, "silence", tuple(s for s in quiet if s.duration >= silence)),
    )


def _shares(
    section: Section, names: dict[str, str], roles: dict[str, Role | None]
) -> tuple[Share, ...]:
    measure = section.measures.get("time_shares")
    if measure is None or measure.certainty == "abstained":
        return ()
    seconds = section.end - section.start
    shares = [
        Share(names[label], roles[label], "person", measure.parts[label], 0.0)
        for label in names
        if label in measure.parts
    ]
    shares += [
        Share(name, None, kind, measure.parts[kind], 0.0)
        for kind, name in (("overlap", "Both at once"), ("silence", "Silence"))
        if kind in measure.parts
    ]
    return tuple(Share(s.name, s.role, s.kind, s.share, s.share * seconds) for s in shares)


def _tiles(
    section: Section,
    names: dict[str, str],
    therapist: str | None,
    report: Report,
    config: Config,
) -> Iterable[Tile]:
    who = names.get(therapist or "", "Therapist")
    other = next((names[label] for label in names if label != therapist), "Client")
    listed = f"{config.measures.silence_listed:g}"
    for figure in wording.FIGURES:
        measure = section.measures.get(f"{figure.measure}.{therapist}") or section.measures.get(
            figure.measure
        )
        if measure is None:
            continue
        words = {
            "who": who,
            "who_low": who.lower(),
            "other_low": other.lower(),
            "listed": listed,
        }
        call = wording.CALL_NOTE if figure.on_call and "call" in report.recording.setup else ""
        yield Tile(
            key=figure.measure,
            title=figure.title.format(**words),
            value=wording.value(measure),
            detail=_detail(figure.measure, measure, other=other, section=section, report=report),
            explain=figure.explain.format(**words),
            cannot_tell=MEANINGS[figure.measure].cannot_tell,
            certainty=measure.certainty,
            note=" ".join(part for part in (_sentence(measure.note), call) if part),
            moments=_evidence(measure, section, names),
            stretches=len(measure.evidence),
        )


def _detail(name: str, measure: Measure, *, other: str, section: Section, report: Report) -> str:
    """The line under a figure: what it was made of, or the other person's beside it."""
    if measure.certainty == "abstained":
        return ""
    parts = measure.parts
    if name == "talk_share" and measure.numerator is not None and measure.denominator is not None:
        return f"{length(measure.numerator)} of {length(measure.denominator)} of talk"
    if name == "latency" and {"q1", "q3"} <= parts.keys():
        return f"the middle half: {parts['q1']:.1f} to {parts['q3']:.1f} s"
    if name == "silences" and "seconds" in parts:
        return f"{length(parts['seconds'])} in all" if measure.value else ""
    if name == "longest_turn":
        theirs = [
            section.measures[f"longest_turn.{label}"].value
            for label in report.speakers
            if label != measure.speaker and f"longest_turn.{label}" in section.measures
        ]
        known = [v for v in theirs if v is not None]
        return f"{other}’s longest: {length(max(known))}" if known else ""
    if "count_low" in parts and measure.denominator:
        return (
            f"about {parts['count']:.0f} ({parts['count_low']:.0f} to {parts['count_high']:.0f}) "
            f"of {measure.denominator:.0f} turns"
        )
    if measure.value and "per_10_min" in parts:
        return f"{parts['per_10_min']:.1f} in 10 minutes"
    return ""


def _evidence(measure: Measure, section: Section, names: dict[str, str]) -> tuple[Moment, ...]:
    longest = sorted(measure.evidence, key=lambda s: s.start - s.end)[:MOMENTS_OPENED]
    return tuple(
        Moment(
            "figure",
            span.start,
            span.end,
            f"{clock(span.start)}, {length(span.end - span.start)}",
            who=names.get(measure.speaker or "", ""),
            detail=_quote(section.turns, span, measure.speaker),
        )
        for span in sorted(longest)
    )


def _stretch(span: Span) -> Moment:
    at = clock(span.start)
    return Moment("figure", span.start, span.end, f"{at}, {length(span.end - span.start)}")


def _quote(turns: Sequence[Turn], span: Span, speaker: str | None, *, most: int = 60) -> str:
    """The first words of the turn that covers most of the span."""
    near = [t for t in turns if t.span.overlap(span) > 0 and speaker in (None, t.speaker)]
    if not near:
        return ""
    text = max(near, key=lambda t: t.span.overlap(span)).text
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def _moment(event: Event, names: dict[str, str], roles: dict[str, Role | None]) -> Moment:
    who = names.get(event.by or "", "")
    return Moment(
        kind=event.type,
        start=event.start,
        end=event.end,
        label=wording.EVENTS[event.type],
        who=who,
        role=roles.get(event.by or ""),
        detail=_event_detail(event.type, event, who),
    )


def _event_detail(kind: EventType, event: Event, who: str) -> str:
    if kind == "silence":
        broken = f", then the {who.lower()} speaks" if who else ""
        return f"{length(event.end - event.start)}{broken}"
    cue = event.detail.get("cue")
    return f"because of “{cue}”" if cue else ""


def _sample(turns: Sequence[Turn], label: str) -> Span | None:
    """The voice's longest stretch of speech."""
    spans = [s for t in turns if t.speaker == label for s in (t.speech or (t.span,))]
    return max(spans, key=lambda s: s.duration, default=None)


def _sorted(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.start, event.type))


def _sentence(text: str) -> str:
    """A note as a sentence of its own."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
