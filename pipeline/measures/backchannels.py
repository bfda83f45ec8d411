"""Listening sounds: "mm-hm", "yeah", said while the other goes on.

*Definition*: backchannels (embedded, at most ``backchannel_max`` seconds) per minute of the others'
speech. They are heard acoustically; words only label them, because transcribers drop them.

*What this can't tell*: whether they were heard as listening. On calls the software alters them, and
a short answer to a question can look like one where the words aren't known.
"""

from dataclasses import replace

from pipeline.measures.basis import Basis, Found, abstained, needs_overlap, ratio
from pipeline.measures.intervals import bootstrap_ratio, exchanges, ranged
from pipeline.records import Event, Measure
from pipeline.timeline import total

HIDDEN = "short answers may be hidden among these: the words are not sure enough to tell"


def evaluate(basis: Basis) -> Found:
    """``backchannels.<label>`` per minute, and an event for each."""
    measures: dict[str, Measure] = {}
    events: list[Event] = []
    for speaker in basis.speakers:
        own = basis.conversation.of("backchannel", speaker)
        minutes = total(basis.conversation.others(speaker)) / 60
        measure = ratio(
            basis,
            float(len(own)),
            minutes,
            unit="per min",
            evidence=[turn.span for turn in own],
            speaker=speaker,
        )
        measure = _ranged(basis, measure, speaker)
        measures[f"backchannels.{speaker}"] = needs_overlap(basis, _noted(basis, measure))
        events += [Event("backchannel", t.start, t.end, speaker) for t in own]
    if not basis.sees_overlap or basis.voices == "abstained":
        return Found({name: abstained(m, m.note) for name, m in measures.items()})
    return Found(measures, tuple(sorted(events, key=lambda e: e.start)))


def _ranged(basis: Basis, measure: Measure, speaker: str) -> Measure:
    """Drawn by exchange: another's turn, what is said up to the next, and the sounds in it."""
    if basis.intervals is None:
        return measure
    sounds, minutes = exchanges(
        basis.conversation.turns,
        opens=lambda turn: turn.speaker != speaker,
        above=lambda turn: float(turn.speaker == speaker and turn.kind == "backchannel"),
        below=lambda turn: total(turn.speech) / 60 if turn.speaker != speaker else 0.0,
    )
    return ranged(measure, bootstrap_ratio(sounds, minutes, basis.intervals))


def _noted(basis: Basis, measure: Measure) -> Measure:
    if basis.conversation.answers_known or measure.note:
        return measure
    return replace(measure, note=HIDDEN)
