"""Questions and reflections by cue words alone: a plain list, marked "cue only".

*Definition*: a turn asks if it holds a question mark, or opens like a question where the transcript
has no punctuation; it reflects if one of its sentences opens with a stem ("it sounds like"). At
most one of each is counted a turn (MITI 4.2.1's volley).

*What this can't tell*: most reflections have no stem: a stem list alone finds .17-.26 of those that
experts marked in AnnoMI. These figures are candidates to listen to, never a rate to work towards.
"""

import re
from dataclasses import replace

from pipeline.lexicon import Lexicon, opens_with, tokens
from pipeline.measures.basis import Basis, Found, abstained, count
from pipeline.records import Event, Measure, Turn

CUE_ONLY = {
    "questions": "cue only: found by question marks or opening words",
    "reflections": "cue only: found by wording alone, most reflections have no such wording",
}
_SENTENCE = re.compile(r"[^.?!…]+[.?!…]*")


def evaluate(basis: Basis, lexicon: Lexicon) -> Found:
    """``questions.<label>`` and ``reflections.<label>``, and an event for each turn found."""
    measures: dict[str, Measure] = {}
    events: list[Event] = []
    for speaker in basis.speakers:
        turns = [t for t in basis.conversation.of("turn", speaker) if t.words]
        asked = [
            _event("question", turn, cue) for turn in turns if (cue := _question(turn, lexicon))
        ]
        told = [_event("reflection", turn, cue) for turn in turns if (cue := _stem(turn, lexicon))]
        if basis.therapist not in (None, speaker):
            told.clear()  # a client who says "it sounds like" reflects nobody
        for name, found in (("questions", asked), ("reflections", told)):
            measure = count(basis, found, speaker=speaker, parts={"turns": float(len(turns))})
            measures[f"{name}.{speaker}"] = _by_words(basis, measure, lexicon, CUE_ONLY[name])
        events += asked + told
    usable = basis.words != "abstained" and lexicon.known and basis.voices != "abstained"
    return Found(measures, tuple(sorted(events, key=lambda e: e.start)) if usable else ())


def _question(turn: Turn, lexicon: Lexicon) -> str | None:
    for sentence in _SENTENCE.findall(turn.text):
        if "?" in sentence:
            return "?"
    if any(mark in turn.text for mark in ".?!…"):
        return None
    said = tokens(turn.text)
    return "opening" if opens_with(said, lexicon.question_openers) else None


def _stem(turn: Turn, lexicon: Lexicon) -> str | None:
    for sentence in _SENTENCE.findall(turn.text):
        said = tokens(sentence)
        for length in range(min(5, len(said)), 0, -1):
            if said[:length] in lexicon.reflection_stems and "?" not in sentence:
                return " ".join(said[:length])
    return None


def _event(kind: str, turn: Turn, cue: str) -> Event:
    return Event(
        "question" if kind == "question" else "reflection",
        turn.start,
        turn.end,
        turn.speaker,
        detail={"cue": cue, "by": "cue only"},
    )


def _by_words(basis: Basis, measure: Measure, lexicon: Lexicon, note: str) -> Measure:
    """Words carry this figure: it is never surer than they are, and never better than low."""
    if basis.words == "abstained":
        return abstained(measure, "not enough to tell: there are no words")
    if not lexicon.known:
        return abstained(measure, f"not measured in this language ({lexicon.language})")
    if measure.certainty == "abstained":
        return measure
    return replace(measure, certainty="draft" if basis.words == "draft" else "low", note=note)
