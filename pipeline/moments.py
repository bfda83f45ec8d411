"""Moments that a sentence may stand on: the strongest of each sort, with its facts and quotes.

*Conventions*: a finder gets what was measured and gives ``Moment`` objects or none; a moment that
hangs on a threshold is never given. Quotes are verbatim, cut at words with an ellipsis. Finders
that need words give nothing where the words can't be counted, those that need timing nothing where
the voices are rough.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from pipeline.durations import clock, spoken_length, spoken_number
from pipeline.lexicon import Lexicon, opening, tokens
from pipeline.measures.basis import Basis, Found
from pipeline.measures.echo import followed, stems_of
from pipeline.records import Event, EventType, Turn, Word
from pipeline.timeline import Span, Timeline, union

QUOTED = 120
"""Characters of a quote: two lines on a small screen."""
_GATES = frozenset({"unclear_words", "unclear_confidence", "min_practice", "min_denominator"})
"""Thresholds that decide whether words are counted at all: their grade says that already."""
_LEAST_WORDS = 5
"""Of a quote: "Yes." shows nothing."""
_SENTENCE = re.compile(r"[^.?!…]+[.?!…]*")


_QUOTABLE = 3
"""Words of what is quoted around a moment."""
_ANSWER = 8
"""Words of an answer that was left open: after fewer the question was answered, not taken up."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of the session that shows something.

    Attributes:
        strength: in the unit that its rule's ``least`` has.
        rank: which of several to show first; the strength where nothing else tells.
        evidence: what a click should play.
        facts: what a sentence may be filled with.
    """

    strength: float
    evidence: Timeline
    facts: Mapping[str, str] = field(default_factory=dict)
    rank: float | None = None

    @property
    def order(self) -> tuple[float, Timeline]:
        """Sorts the moment to show first to the front."""
        return -(self.strength if self.rank is None else self.rank), self.evidence


def find(sort: str, basis: Basis, found: Found) -> tuple[Moment, ...]:
    """All moments of a sort, the one to show first at the front.

    Raises:
        KeyError: there is no such sort; ``SORTS`` has them all.
    """
    wanted = SORTS[sort]
    unclear = wanted.timed and basis.voices != "good"
    if basis.therapist is None or unclear or (wanted.worded and basis.words_note):
        return ()
    return tuple(sorted(wanted.finder(basis, found), key=lambda m: m.order))


def _reflections(basis: Basis, found: Found) -> Iterator[Moment]:
    for said in _certain(basis, found, "reflection"):
        quote = _giving_back(basis, said.event, said.turn, said.before) if said.before else ""
        if quote and said.event.confidence is not None:
            yield _moment(said.event.confidence, said.turn, quote=quote, before=said.before)


def _giving_back(basis: Basis, event: Event, turn: Turn, before: Turn) -> str:
    """The sentence that shows it: of the client ("you") or in their words; empty where none is."""
    heard, cue = stems_of(before.words, basis.lexicon), _cue(event)

    def shows(sentence: str) -> tuple[int, bool, int]:
        said = tokens(sentence)
        own = stems_of((Word(0.0, 0.0, sentence),), basis.lexicon)
        of_you = any((word,) in basis.lexicon.second_person for word in said)
        return of_you + len(own & heard), bool(cue) and cue in sentence.lower(), len(said)

    told = [s for s in _sentences(turn) if not s.endswith("?")]
    best = max(told, key=shows, default="")
    return best if shows(best)[0] and len(best.split()) >= _LEAST_WORDS else ""


def _open_questions(basis: Basis, found: Found) -> Iterator[Moment]:
    for said in _certain(basis, found, "question"):
        asked = [s for s in _sentences(said.turn) if _open(s, basis.lexicon)]
        after, sure = said.after, said.event.confidence
        if asked and sure is not None and after is not None and len(after.words) >= _ANSWER:
            shown = _moment(sure, said.turn, quote=asked[-1], after=after)
            yield replace(shown, rank=float(len(after.words)))  # the answer shows it was open


def _open(sentence: str, lexicon: Lexicon) -> bool:
    said = tokens(sentence)
    return bool(opening(said, lexicon.open_questions)) and not opening(
        said, lexicon.closed_questions
    )


def _summaries(basis: Basis, found: Found) -> Iterator[Moment]:
    for turn in (said.turn for said in _certain(basis, found, "summary")):
        sentences = _sentences(turn)
        told = [i for i, s in enumerate(sentences) if len(s.split()) >= _LEAST_WORDS]
        start = sentences[told[0] :] if told else sentences
        yield _moment(float(len(turn.words)), turn, quote=" ".join(start))


def _affirmations(basis: Basis, found: Found) -> Iterator[Moment]:
    for said in _certain(basis, found, "affirmation"):
        yield _moment(1.0, said.turn, quote=_quoted(said.turn, said.event))


def _picked_up(basis: Basis, _found: Found) -> Iterator[Moment]:
    for turn, before in followed(basis):
        heard = stems_of(before.words, basis.lexicon)
        echoed = [w for w in turn.words if stems_of((w,), basis.lexicon) & heard]
        words = list(dict.fromkeys(w.text.strip(' .,;:!?…"“”').lower() for w in echoed))
        if words:
            first = min(echoed, key=lambda w: w.start)
            sentence = next((s for s in _sentences(turn) if first.text.strip() in s), turn.text)
            yield _moment(
                float(len(words)),
                turn,
                quote=sentence,
                facts={"words": ", ".join(f"“{word}”" for word in words[:3])},
            )


def _silences_left(basis: Basis, found: Found) -> Iterator[Moment]:
    floor = basis.conversation.of("turn")
    for event in found.events:
        if event.type != "silence" or _hangs(event) or event.by == basis.therapist:
            continue
        i = _at(floor, event.by, event.end)
        if event.detail.get("after") != event.by or i is None:
            continue
        turn = floor[i]
        said = [w.text for w in turn.words if w.end > event.end]
        if not said:
            continue
        after = Span(event.end, min(event.end + 4.0, turn.end))
        yield Moment(
            event.end - event.start,
            (Span(event.start, after.end),),
            {
                "time": clock(event.start),
                "length": spoken_length(event.end - event.start),
                "after": cut(" ".join(said)),
            },
        )


def _long_client_turns(basis: Basis, _found: Found) -> Iterator[Moment]:
    remarks = union(t.span for t in basis.conversation.of("embedded", basis.therapist))
    for turn in basis.conversation.of("turn"):
        last = bisect_right(remarks, (turn.end,)) - 1  # begins before the turn is over
        inside = last >= 0 and remarks[last].end > turn.start
        if turn.speaker != basis.therapist and turn.words and not inside:
            yield _moment(turn.span.duration, turn, quote=turn.text)


def _questions_in_a_row(basis: Basis, found: Found) -> Iterator[Moment]:
    asks = {said.turn.start: said.event for said in _certain(basis, found, "question")}
    reflects = {e.start for e in found.events if e.type == "reflection"}
    own = [t for t in basis.conversation.of("turn", basis.therapist) if t.words]
    plain = groupby(own, key=lambda t: t.start in asks and round(t.start, 3) not in reflects)
    for asking, turns in plain:
        run = list(turns)
        if asking and len(run) > 1:
            yield Moment(
                float(len(run)),
                tuple(turn.span for turn in run),
                {
                    "time": clock(run[0].start),
                    "count": spoken_number(len(run)),
                    "quote": cut(_quoted(run[-1], asks[run[-1].start])),
                },
            )


def _floor_taken(basis: Basis, found: Found) -> Iterator[Moment]:
    taken = [
        e
        for e in found.events
        if e.type == "floor_taken" and e.by == basis.therapist and not _hangs(e)
    ]
    if taken and basis.sees_overlap:
        longest = max(taken, key=lambda e: e.end - e.start)
        yield Moment(
            float(len(taken)),
            tuple(Span(e.start, e.end) for e in taken),
            {"time": clock(longest.start), "count": spoken_number(len(taken))},
        )


def _long_information(basis: Basis, found: Found) -> Iterator[Moment]:
    for turn in (said.turn for said in _certain(basis, found, "information")):
        quote = max(_sentences(turn), key=len, default=turn.text)
        yield _moment(float(len(turn.words)), turn, quote=quote)


def _long_own_turns(basis: Basis, _found: Found) -> Iterator[Moment]:
    for turn in basis.conversation.of("turn", basis.therapist):
        yield _moment(turn.span.duration, turn)


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of moment.

    Attributes:
        facts: what its sentences may be filled with.
        timed: whether it needs voices that are clear.
        worded: whether it needs words that can be counted.
    """

    finder: Callable[[Basis, Found], Iterator[Moment]]
    facts: tuple[str, ...]
    timed: bool = False
    worded: bool = True


_OF_A_TURN = ("time", "length", "quote")
SORTS: Mapping[str, Sort] = {
    "reflection": Sort(_reflections, (*_OF_A_TURN, "before")),
    "open question": Sort(_open_questions, (*_OF_A_TURN, "after")),
    "summary": Sort(_summaries, _OF_A_TURN),
    "affirmation": Sort(_affirmations, _OF_A_TURN),
    "words picked up": Sort(_picked_up, (*_OF_A_TURN, "words")),
    "questions in a row": Sort(_questions_in_a_row, ("time", "count", "quote")),
    "long information": Sort(_long_information, _OF_A_TURN),
    "silence left": Sort(_silences_left, ("time", "length", "after"), timed=True),
    "long client turn": Sort(_long_client_turns, _OF_A_TURN, timed=True),
    "long own turn": Sort(_long_own_turns, ("time", "length"), timed=True, worded=False),
    "floor taken": Sort(_floor_taken, ("time", "count"), timed=True, worded=False),
}


@dataclass(frozen=True, slots=True)
class _Said:
    """A moment with its turn, and the other's turns before and after, if they can be quoted."""

    event: Event
    turn: Turn
    before: Turn | None
    after: Turn | None


def _certain(basis: Basis, found: Found, kind: EventType) -> Iterator[_Said]:
    """The therapist's moments of a kind that hang on no threshold."""
    floor = basis.conversation.of("turn")
    for event in found.events:
        if event.type != kind or event.by != basis.therapist or _hangs(event):
            continue
        i = _at(floor, event.by, event.start)
        if i is not None and len(floor[i].words) >= _LEAST_WORDS:
            around = (_quotable(floor, i, step) for step in (-1, 1))
            yield _Said(event, floor[i], *around)


def _quotable(floor: Sequence[Turn], i: int, step: int) -> Turn | None:
    """The next turn that way, if it is the other's and has words enough."""
    other = floor[i + step] if 0 <= i + step < len(floor) else None
    if other is None or other.speaker == floor[i].speaker or len(other.words) < _QUOTABLE:
        return None
    return other


def _at(floor: Sequence[Turn], speaker: str | None, moment: float) -> int | None:
    """Which turn of the person's is on at a moment (to the millisecond, as moments are given)."""
    slack = 0.002
    i = bisect_right(floor, moment + slack, key=lambda turn: turn.start) - 1
    while i >= 0 and floor[i].speaker != speaker:
        i -= 1  # turns overlap at their ends: the person's own began before the last one
    return i if i >= 0 and moment <= floor[i].end + slack else None


def _hangs(event: Event) -> bool:
    """Whether a threshold moved by half would make it no such moment."""
    return bool(set(event.uncertain) - _GATES)


def _moment(
    strength: float,
    turn: Turn,
    *,
    quote: str = "",
    before: Turn | None = None,
    after: Turn | None = None,
    facts: Mapping[str, str] | None = None,
) -> Moment:
    """A turn with its facts; what was said around it is played as well."""
    start = turn.start if before is None else max(before.start, before.end - 6.0)
    end = turn.end if after is None else min(after.end, after.start + 6.0)
    told = {
        "time": clock(turn.start),
        "length": spoken_length(turn.span.duration),
        "quote": cut(quote),
    }
    if before is not None:
        told["before"] = cut(before.text, end=True)
    if after is not None:
        told["after"] = cut(after.text)
    return Moment(
        strength, (Span(min(start, turn.start), max(end, turn.end)),), told | dict(facts or {})
    )


def _quoted(turn: Turn, event: Event) -> str:
    """The sentence that holds the words which drove the label, else the turn's longest."""
    cue, sentences = _cue(event), _sentences(turn)
    holding = [s for s in sentences if cue and cue in s.lower()]
    return (holding or sorted(sentences, key=len, reverse=True) or [turn.text])[0]


def _cue(event: Event) -> str:
    """The first of the words that drove the label."""
    return str(event.detail.get("cue", "")).split(", ")[0]


def _sentences(turn: Turn) -> list[str]:
    return [s.strip() for s in _SENTENCE.findall(turn.text) if s.strip()]


def cut(text: str, *, end: bool = False) -> str:
    """At most ``QUOTED`` characters, cut at a word: its beginning, or its end."""
    text = text.strip()
    if len(text) <= QUOTED:
        return text
    if end:
        return "… " + text[-QUOTED:].split(" ", 1)[-1]
    return text[:QUOTED].rsplit(" ", 1)[0] + " …"
