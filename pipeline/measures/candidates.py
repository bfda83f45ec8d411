"""Affirmations and summaries: moments that may be one, found by their wording.

*Definitions*: an affirmation candidate is a therapist's turn with a wording of the lexicon's list
("you worked hard at that", "that took courage"). A summary candidate is a therapist's turn of
``summary_words`` words or more that reads as a reflection (MITI codes summaries as such) and opens
a sentence with a summary's opening ("let me see if I've got this") or draws together what was
said: it holds content words of at least ``summary_turns`` of the client's last ``summary_reach``
turns, two words or more of each.

*What this can't tell*: how many there were. No public transcripts are coded for either, so neither
precision nor recall is known: candidates to listen to, never a rate.
"""

import re
from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from pipeline.corrections import judgement
from pipeline.lexicon import Phrases, first_phrase, opening, tokens
from pipeline.measures.basis import Basis, Found, count, moments_of_words
from pipeline.measures.echo import stems_of
from pipeline.measures.phrasing import judged
from pipeline.records import Event, EventType, Measure, Turn

_SENTENCE = re.compile(r"[^.?!…]+[.?!…]*")
_SHARED = 2
"""Content words that a summary must share with one turn: a single one may be chance."""


def evaluate(basis: Basis) -> Found:
    """``affirmations.<label>`` and ``summaries.<label>``, counts with a moment for each."""
    if basis.therapist is None:
        return Found()
    affirmations, summaries = _affirmations(basis), _summaries(basis)
    figures = {
        f"affirmations.{basis.therapist}": _figure(basis, affirmations),
        f"summaries.{basis.therapist}": _figure(basis, summaries),
    }
    return Found(figures, moments_of_words(basis, (*affirmations, *summaries)))


def _figure(basis: Basis, events: Iterable[Event]) -> Measure:
    return count(basis, events, speaker=basis.therapist, by="words")


def _affirmations(basis: Basis) -> list[Event]:
    out: list[Event] = []
    for turn in basis.conversation.of("turn", basis.therapist):
        cue = _affirming(turn.text, basis.lexicon.affirmations)
        said = judgement(turn, "affirmation", basis.corrections)
        if said or (cue and said is None):
            out.append(_event("affirmation", turn, cue))
    return out


@lru_cache(maxsize=1_000)  # the turns of a session, looked at again for each threshold
def _affirming(text: str, phrases: Phrases) -> str:
    cues = (first_phrase(tokens(s), phrases) for s in _SENTENCE.findall(text))
    return " ".join(next(filter(None, cues), ()))


def _summaries(basis: Basis) -> list[Event]:
    config, out = basis.config, []
    reflects = {likely.turn.start: likely.of("reflection") for likely in judged(basis).turns}
    least = config.candidate
    said: deque[Turn] = deque(maxlen=config.summary_reach)
    for turn in basis.conversation.of("turn"):
        if turn.speaker != basis.therapist:
            said.append(turn)
            continue
        agreed = judgement(turn, "summary", basis.corrections)
        if agreed:
            out.append(_event("summary", turn, ""))
        elif (
            agreed is None
            and len(turn.words) >= config.summary_words
            and reflects.get(turn.start, 0.0) >= least
        ):
            own = stems_of(turn.words, basis.lexicon)
            heard = (stems_of(other.words, basis.lexicon) for other in said)
            drawn = sum(len(own & stems) >= _SHARED for stems in heard)
            sentences = _SENTENCE.findall(turn.text)
            openings = (opening(tokens(s), basis.lexicon.summary_stems) for s in sentences)
            cue = " ".join(next(filter(None, openings), ()))
            if cue or drawn >= config.summary_turns:
                out.append(_event("summary", turn, cue or f"words of {drawn} earlier turns"))
    return out


def _event(kind: EventType, turn: Turn, cue: str) -> Event:
    detail: dict[str, str | float] = {"cue": cue} if cue else {}
    return Event(kind, turn.start, turn.end, turn.speaker, detail=detail)
