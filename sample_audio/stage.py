"""Lines placed in time, and the truth that follows from where they lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from plain_events import BACKCHANNEL, Event, events, silences
from script import Line, Script, ScriptError
from speech import RATE, Samples, Spans, Utterance, broken_off, end_of, joined, speak, word_ends

LEAD = 1.0  # s before the first and after the last word
GAP_BETWEEN = (0.2, 0.9)  # s; drawn where a script names none
GOES_ON = 1.05  # s; the floor holder speaks on without a pause for at least so long
KEPT = 0.8, 1.2  # s; inside another's line: below, a backchannel; above, the floor is kept


@dataclass(frozen=True, slots=True)
class Placed:
    """A line in its place; ``text`` is what was heard of it."""

    line: Line
    text: str
    start: float
    utterance: Utterance

    @property
    def end(self) -> float:
        """When its last sound ends."""
        return self.start + self.utterance.duration

    @property
    def spans(self) -> Spans:
        """Its speech in the recording's time."""
        return tuple((self.start + s, self.start + e) for s, e in self.utterance.spans)


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that is known about a staged role-play; see README.md for the files."""

    duration: float
    placed: tuple[Placed, ...]
    speech: dict[str, list[tuple[float, float]]]
    turns: tuple[dict[str, object], ...]
    events: tuple[Event, ...]
    sections: tuple[dict[str, object], ...]


def stage(script: Script) -> tuple[dict[str, Samples], Truth]:
    """Each voice's dry track, and the truth.

    Raises:
        ScriptError: what the script intends and what the definitions find differ.
    """
    placed = _place(script)
    duration = max(p.end for p in placed) + LEAD
    tracks = {who: np.zeros(round(duration * RATE)) for who in script.voices}
    for p in placed:
        at = round(p.start * RATE)
        samples = p.utterance.samples
        tracks[p.line.speaker][at : at + len(samples)] += samples
    speech = {
        who: joined([span for p in placed if p.line.speaker == who for span in p.spans])
        for who in script.voices
    }
    turns = _turns(placed)
    intended = _intended(placed, speech)
    _agree(script, intended, events(speech, questions(turns)))
    truth = Truth(duration, tuple(placed), speech, turns, intended, _sections(script, placed))
    return tracks, truth


def questions(turns: Sequence[dict[str, object]]) -> list[tuple[str, float]]:
    """Who asked, and when the question ended."""
    return [(t["speaker"], t["end"]) for t in turns if str(t["text"]).endswith("?")]  # type: ignore[misc]


def _place(script: Script) -> list[Placed]:
    """Every line after, inside or across the floor holder's."""
    placed: list[Placed] = []
    floor = -1  # index of the floor holder's line
    for i, line in enumerate(script.lines):
        rng = np.random.default_rng([script.seed, i])
        utterance = speak(line.text, script.voices[line.speaker], rng)
        before = placed[floor] if placed else None
        if before is None:
            start = LEAD
        elif line.within is not None:
            start = before.start + _inside(line, utterance, before)
        elif line.cut is not None:
            spoken, heard = broken_off(before.utterance, line.cut)
            before = placed[floor] = replace(before, utterance=spoken, text=heard)
            start = before.end - line.overlap
        elif line.silence is not None:
            start = before.end + line.silence
        else:
            start = before.end + (rng.uniform(*GAP_BETWEEN) if line.gap is None else line.gap)
        if line.within is None:
            floor = i
        placed.append(Placed(line, line.text, round(start, 3), utterance))
    return placed


def _inside(line: Line, utterance: Utterance, host: Placed) -> float:
    """When a line within another's starts, in seconds of that one.

    Raises:
        ScriptError: the host pauses too soon; the message names the words that would do.
    """

    def fits(at: float) -> bool:
        until = at + utterance.duration + GOES_ON
        return any(s + 0.1 <= at and until <= e for s, e in host.utterance.spans)

    at = end_of(str(line.within), host.utterance)
    if utterance.duration <= BACKCHANNEL and not fits(at):
        would = [words for words, end in word_ends(host.utterance) if fits(end)]
        raise ScriptError(f"{line.text!r} within {line.within!r}: no speech around it; try {would}")
    return at


def _turns(placed: Sequence[Placed]) -> tuple[dict[str, object], ...]:
    """Consecutive lines of one person as one turn; what lies inside another's line is none."""
    turns: list[dict[str, object]] = []
    for p in placed:
        if p.line.within is not None:
            continue
        if turns and turns[-1]["speaker"] == p.line.speaker:
            turns[-1]["end"] = p.end
            turns[-1]["text"] = f"{turns[-1]['text']} {p.text}"
        else:
            turns.append(
                {"speaker": p.line.speaker, "start": p.start, "end": p.end, "text": p.text}
            )
    return tuple(turns)


def _intended(
    placed: Sequence[Placed], speech: dict[str, list[tuple[float, float]]]
) -> tuple[Event, ...]:
    """The events that the script's placements ask for."""
    found = silences(speech)
    before: Placed | None = None
    for p in placed:
        if p.line.within is not None:
            length = p.end - p.start
            if KEPT[0] < length < KEPT[1]:
                raise ScriptError(f"{p.text!r} lasts {length:.2f} s; make it <= 0.8 or >= 1.2 s")
            kind = "backchannel" if length <= BACKCHANNEL else "overlap_floor_kept"
            found.append(Event(p.start, p.end, kind, p.line.speaker))
        elif p.line.cut is not None and before is not None:
            found.append(Event(p.start, before.end, "floor_taken", p.line.speaker))
        if p.line.within is None:
            before = p
    return tuple(sorted(found))


def _sections(script: Script, placed: Sequence[Placed]) -> tuple[dict[str, object], ...]:
    """Span and roles of each part that is a practice."""
    out = []
    for part, roles in enumerate(script.roles):
        lines = [p for p in placed if p.line.part == part]
        if roles:
            start, end = min(p.start for p in lines), max(p.end for p in lines)
            out.append({"start": start, "end": end, "roles": dict(roles)})
    return tuple(out)


def _agree(script: Script, intended: Sequence[Event], found: Sequence[Event]) -> None:
    """Raise where placing made an event that nobody wrote, or unmade one."""

    def rounded(all_of: Sequence[Event]) -> set[Event]:
        return {Event(round(e.start, 2), round(e.end, 2), e.type, e.by) for e in all_of}

    amiss = rounded(intended) ^ rounded(found)
    if amiss:
        told = "\n  ".join(
            f"{'intended' if e in rounded(intended) else 'accidental'} {e.type} by {e.by} "
            f"at {e.start:.2f}-{e.end:.2f} s"
            for e in sorted(amiss)
        )
        raise ScriptError(f"{script.name}: the definitions disagree with the script:\n  {told}")
