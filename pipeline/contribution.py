"""Corrected labels as training data, of recordings whose every voice agreed to it.

*Conventions*: a dialogue is one section, its utterances those that the phrasing model read. An
utterance has a label where the person judged its turn: what they agreed to; what they took away
leaves the likeliest other kind that was found there, else ``other``. A turn of several utterances
was not judged one by one, so it is context, as all the rest is. Names are one-way marks of the
recording's id.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.corrections import Correction, LabelCorrection, judgement
from pipeline.phrased import KINDS, utterances_of
from pipeline.phrasing.corpus import LABELS, Dialogue, Label, Utterance
from pipeline.records import Section, Turn
from pipeline.store import Store

PURPOSE = "improving_model"
_SAME = 0.002
"""Seconds; moments are given to the millisecond."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What can be given, and how many recordings with corrections had to be left out."""

    dialogues: tuple[Dialogue, ...]
    labels: int
    without_consent: int


def contribution(store: Store) -> Contribution:
    """Every corrected section of the store whose voices all agreed to improving the model."""
    found: list[Dialogue] = []
    refused = 0
    for session in store.sessions():
        corrections = store.choices(session.id).corrections
        if session.state != "ready" or not any(isinstance(c, LabelCorrection) for c in corrections):
            continue
        if not store.agreed(session.id, PURPOSE):
            refused += 1
            continue
        mark = hashlib.sha256(session.id.encode()).hexdigest()[:16]
        found += [
            dialogue
            for section in store.report(session.id).sections
            if any((dialogue := labelled(section, corrections, mark=mark)).labels)
        ]
    labels = sum(label is not None for dialogue in found for label in dialogue.labels)
    return Contribution(tuple(found), labels, refused)


def labelled(section: Section, corrections: Sequence[Correction], *, mark: str) -> Dialogue:
    """A section as a dialogue with the person's labels."""
    spoken = utterances_of(section.turns)
    pieces = Counter(turn.start for turn, _ in spoken)
    return Dialogue(
        f"{mark}-{section.id}",
        mark,
        tuple(
            Utterance("therapist", text, _label(section, turn, corrections))
            if turn.role == "therapist" and pieces[turn.start] == 1
            else Utterance("therapist" if turn.role == "therapist" else "client", text)
            for turn, text in spoken
        ),
    )


def _label(section: Section, turn: Turn, corrections: Sequence[Correction]) -> Label | None:
    if turn.kind != "turn":
        return None
    said = {kind: judgement(turn, kind, corrections) for kind in KINDS}
    agreed = [kind for kind, answer in said.items() if answer]
    if agreed:
        return LABELS[KINDS.index(agreed[0])]
    if all(answer is None for answer in said.values()):
        return None
    left = [
        (event.confidence or 0.0, LABELS[k])
        for event in section.events
        for k, kind in enumerate(KINDS)
        if event.type == kind and said[kind] is None and event.by == turn.speaker
        if abs(event.start - turn.start) < _SAME
    ]
    return max(left)[1] if left else "other"
