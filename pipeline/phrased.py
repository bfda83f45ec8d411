"""What a therapist's turns are likely to be: the phrasing model applied to one section.

::

    turns -> utterances (as the model learned them) -> probabilities -> turns again

*Conventions*: the model reads what one person said before the other spoke, so a turn is cut where
the other's listening sound or embedded remark lies in it, and each piece is an utterance. A turn
is as likely of a kind as its likeliest utterance: MITI 4.2.1 counts at most one of each kind a
turn, and so does the sum of these. On AnnoMI's utterances merged into turns, read by an earlier
model that had not seen the videos, it expected 780 reflecting turns where experts found 765, and
409 that inform where they found 413; ``1 - prod(1 - p)``, as if utterances were independent, 810
and 439.

The model runs once for each voice that could be the therapist's and what it found is kept, so that
another therapist, another section's figures or a corrected label run no model again.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal, Protocol

from pipeline.artefacts import Artefacts
from pipeline.audio import file_sha256
from pipeline.phrasing.corpus import LABELS, Utterance
from pipeline.phrasing.model import MODEL, shipped_model
from pipeline.records import Progress, Turn, Word, merge_words, no_progress
from pipeline.settings import fingerprint

Said = Sequence[Utterance]
Kind = Literal["reflection", "question", "information"]
KINDS: tuple[Kind, ...] = ("reflection", "question", "information")
"""The order of the model's first three labels; its fourth is none of them."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A turn of the therapist's and how likely it is each of ``KINDS``.

    Attributes:
        probability: calibrated, one kind against the rest, so they need not sum to one.
        drivers: for each kind, the words that spoke most for it; empty where little did.
    """

    turn: Turn
    probability: tuple[float, ...]
    drivers: tuple[tuple[str, ...], ...]

    def of(self, kind: Kind) -> float:
        """How likely the turn is of this kind."""
        return self.probability[KINDS.index(kind)]

    def judged(self, kind: Kind, agreed: bool) -> "Likely":  # a person's yes or no
        """The same turn after a person said whether it is of this kind."""
        at = KINDS.index(kind)
        sure = (*self.probability[:at], float(agreed), *self.probability[at + 1 :])
        return replace(self, probability=sure)

    def because(self, kind: Kind) -> str:
        """The words that spoke for it, as one text."""
        return ", ".join(self.drivers[KINDS.index(kind)])


@dataclass(frozen=True, slots=True)
class Phrased:
    """One person's turns as the model reads them.

    Attributes:
        spread: for each kind, how many binomial standard deviations the counts of 80 % of the
            model's unseen sessions lay off (``pipeline.phrasing.model.Head``).
        utterances: when each utterance's first word begins, and the probabilities.
    """

    turns: tuple[Likely, ...]
    spread: tuple[float, ...]
    utterances: tuple[tuple[float, tuple[float, ...]], ...] = ()

    def over(self, turns: Iterable[Turn]) -> "Phrased":
        """What the same utterances come to in other turns of this person; no model runs.

        An utterance goes to the turn that has its first word.
        """
        said = dict(self.utterances)
        out = []
        for turn in turns:
            if turn.kind == "turn" and turn.words:
                rows = [said[w.start] for w in turn.words if w.start in said]
                best = tuple(map(max, zip(*rows, strict=True))) if rows else (0.0,) * len(KINDS)
                out.append(Likely(turn, best, ((),) * len(KINDS)))
        return replace(self, turns=tuple(out))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the model said of a dialogue's therapist utterances, in order."""

    probabilities: tuple[tuple[float, ...], ...]
    drivers: tuple[tuple[tuple[str, ...], ...], ...]
    spread: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Readings:
    """The artefact: readings by a hash of the dialogue that was read."""

    found: dict[str, _Reading]


class Reader(Protocol):
    """Reads turns as the therapist's, for each speaker who could be."""

    def read(self, turns: Iterable[Turn], speakers: Sequence[str]) -> Mapping[str, Phrased]:
        """Each speaker's turns with their probabilities."""
        ...


class PhrasingReader:
    """Runs the shipped model where no earlier run left its reading.

    Args:
        folder: of the recording's artefacts; nothing is kept without one.
        drivers_from: the probability from which the words behind it are looked up.
        progress: told ``phrasing`` before the model runs.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        drivers_from: float,
        progress: Progress = no_progress,
    ) -> None:
        self._kept = Artefacts(folder)
        self._drivers_from = drivers_from
        self._progress = progress
        self._found: dict[str, _Reading] | None = None

    def read(self, turns: Iterable[Turn], speakers: Sequence[str]) -> Mapping[str, Phrased]:
        """Each speaker's turns, read as the therapist's."""
        spoken = _pieces(turns)
        return {speaker: _merged(spoken, speaker, self._reading) for speaker in speakers}

    def _reading(self, said: Said) -> _Reading:
        stage = fingerprint("1", file_sha256(MODEL), self._drivers_from)
        if self._found is None:
            kept: _Readings | None = self._kept.load("phrasing", stage, _Readings)
            self._found = dict(kept.found) if kept else {}
        key = fingerprint(said)
        if key not in self._found:
            self._progress("phrasing", 0.0)
            self._found[key] = _read(said, self._drivers_from)
            self._kept.keep("phrasing", stage, _Readings(self._found))
            self._progress("phrasing", 1.0)
        return self._found[key]


def utterances_of(turns: Iterable[Turn]) -> tuple[tuple[Turn, str], ...]:
    """What the model reads, in order: each utterance's text with the turn it belongs to."""
    return tuple((piece.turn, merge_words(piece.words)) for piece in _pieces(turns))


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one person said before another spoke.

    Attributes:
        turn: the turn it belongs to.
        at: when it begins; a word that sounds on while another starts comes after that start.
    """

    turn: Turn
    words: tuple[Word, ...]
    at: float


def _pieces(turns: Iterable[Turn]) -> tuple[_Piece, ...]:
    """Every turn cut where somebody else's listening sound or remark lies in it, in order."""
    spoken = [turn for turn in turns if turn.words]
    inner = sorted((t for t in spoken if t.kind != "turn"), key=lambda t: t.start)
    starts = [t.start for t in inner]
    out: list[_Piece] = []
    for turn in spoken:
        inside = inner[bisect_left(starts, turn.start) : bisect_left(starts, turn.end)]
        cuts = [t.start for t in inside if t.speaker != turn.speaker] if turn.kind == "turn" else []
        edges = [0, *(bisect_left(turn.words, cut, key=_middle) for cut in cuts), len(turn.words)]
        pieces = zip((turn.start, *cuts), pairwise(edges), strict=True)
        out += [_Piece(turn, turn.words[a:b], at) for at, (a, b) in pieces if a < b]
    return tuple(sorted(out, key=lambda piece: (piece.at, piece.turn.kind == "turn")))


def _merged(spoken: Sequence[_Piece], speaker: str, read: Callable[[Said], _Reading]) -> Phrased:
    """The speaker's turns with what their utterances come to."""
    own = [piece for piece in spoken if piece.turn.speaker == speaker]
    if not own:
        return Phrased((), (1.0,) * len(KINDS))
    reading = read(
        tuple(
            Utterance(
                "therapist" if piece.turn.speaker == speaker else "client", merge_words(piece.words)
            )
            for piece in spoken
        )
    )
    utterances: dict[int, list[int]] = {}
    turns: dict[int, Turn] = {}
    for i, piece in enumerate(own):
        if piece.turn.kind == "turn":
            utterances.setdefault(id(piece.turn), []).append(i)
            turns[id(piece.turn)] = piece.turn
    likely = (_likely(turns[key], rows, reading) for key, rows in utterances.items())
    return Phrased(
        tuple(sorted(likely, key=lambda found: found.turn.start)),
        reading.spread,
        tuple((p.words[0].start, row) for p, row in zip(own, reading.probabilities, strict=True)),
    )


def _likely(turn: Turn, rows: Sequence[int], reading: _Reading) -> Likely:
    probability: list[float] = []
    drivers: list[tuple[str, ...]] = []
    for kind in range(len(KINDS)):
        best = max(rows, key=lambda row: reading.probabilities[row][kind])
        probability.append(reading.probabilities[best][kind])
        drivers.append(reading.drivers[best][kind])
    return Likely(turn, tuple(probability), tuple(drivers))


def _read(said: Said, drivers_from: float) -> _Reading:
    model = shipped_model()
    found = model.probabilities(said)[:, : len(KINDS)]
    wanted = [
        (i, LABELS[k])
        for k in range(len(KINDS))
        for i in range(len(found))
        if found[i][k] >= drivers_from
    ]
    because = dict(zip(wanted, model.all_drivers(said, wanted), strict=True))
    return _Reading(
        tuple(tuple(round(float(p), 4) for p in row) for row in found),
        tuple(
            tuple(because.get((i, LABELS[k]), ()) for k in range(len(KINDS)))
            for i in range(len(found))
        ),
        tuple(round(float(s), 4) for s in model.head(said).spread[: len(KINDS)]),
    )


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2
