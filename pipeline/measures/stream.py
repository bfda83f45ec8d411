"""The measures while a session goes on: the same ``feed`` and ``finish`` as activity and turns.

Fed in pieces or fed whole, ``finish`` gives what ``measure`` gives for the whole session; what
``feed`` returns is the state so far, on the turns that nothing later can change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.measures import timing
from pipeline.measures.basis import Basis, Found
from pipeline.records import Person, SpeakerSpan, Turn
from pipeline.settings import IntervalsConfig, MeasuresConfig, TurnsConfig
from pipeline.timeline import Span
from pipeline.turns import Conversation, TurnBuilder


class MeasureStream:
    """Incremental timing measures of one section that starts at ``start`` seconds.

    Args:
        speakers: labels, in the order of the report; others may turn up later.
        roles: who is what; figures of the therapist need one.
        turns: thresholds of the units.
        measures: thresholds of the measures.
        intervals: how ranges over turns are drawn; without it the figures have none.
        start: of the section.
    """

    def __init__(
        self,
        speakers: Sequence[str],
        roles: Mapping[str, Person],
        turns: TurnsConfig,
        measures: MeasuresConfig,
        *,
        start: float = 0.0,
        intervals: IntervalsConfig | None = None,
    ) -> None:
        self._builder = TurnBuilder(speakers, turns)
        self._turns: list[Turn] = []
        self._basis = Basis(
            conversation=Conversation(Span(start, start), tuple(speakers), {}, {}, ()),
            roles=roles,
            config=measures,
            voices="good",
            words="abstained",
            sees_overlap=True,
            intervals=intervals,
        )

    def feed(self, spans: Sequence[SpeakerSpan], *, until: float) -> Found:
        """The figures so far; the arguments are those of ``TurnBuilder.feed``."""
        self._turns += self._builder.feed(spans, until=until)
        return self._found(until)

    def finish(self, *, end: float) -> Found:
        """The figures of the section that ended at ``end`` seconds."""
        self._turns += self._builder.finish()
        return self._found(end)

    def _found(self, until: float) -> Found:
        ipus = self._builder.ipus()
        conversation = Conversation(
            span=Span(self._basis.conversation.span.start, until),
            speakers=tuple(ipus),
            ipus=ipus,
            contributions=self._builder.contributions(),
            turns=tuple(sorted(self._turns, key=lambda t: (t.start, t.end, t.speaker))),
        )
        return timing(replace(self._basis, conversation=conversation))
