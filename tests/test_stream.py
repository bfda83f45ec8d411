"""Measures fed piece by piece are those of the whole session."""

import random
from dataclasses import replace

import pytest

from pipeline.config import load_config
from pipeline.measures import timing
from pipeline.measures.basis import Basis
from pipeline.measures.stream import MeasureStream
from pipeline.records import Diarization, Person, SpeakerSpan
from pipeline.timeline import Span, clip
from pipeline.turns import converse

CONFIG = load_config()
INTERVALS = replace(CONFIG.intervals, draws=100)
ROLES = {"A": Person("therapist"), "B": Person("client")}


def conversation(seed: int, minutes: float = 5.0) -> tuple[SpeakerSpan, ...]:
    """Two people taking turns, with overlaps, pauses and short sounds inside the other's speech."""
    draw = random.Random(seed)
    spans, t, who = [], 1.0, 0
    while t < 60 * minutes:
        length = draw.uniform(0.3, 9)
        spans.append(SpeakerSpan(t, t + length, "AB"[who]))
        if length > 5 and draw.random() < 0.5:
            start = t + draw.uniform(1, length - 1.5)
            spans.append(SpeakerSpan(start, start + draw.uniform(0.2, 1.4), "AB"[1 - who]))
        t += max(0.05, length + draw.choice([-1.0, -0.3, 0.1, 0.4, 1.7, 3.6]))
        who = draw.choice([who, 1 - who, 1 - who])
    return tuple(sorted(spans, key=lambda s: s.start))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("step", [1.0, 7.3])
def test_fed_in_pieces_is_fed_whole(seed, step):
    spans = conversation(seed)
    end = max(s.end for s in spans) + 1
    stream = MeasureStream(("A", "B"), ROLES, CONFIG.turns, CONFIG.measures, intervals=INTERVALS)
    at = 0.0
    while at < end:
        piece = Span(at, min(at + step, end))
        stream.feed(
            sorted(
                (
                    SpeakerSpan(cut.start, cut.end, s.speaker)
                    for s in spans
                    for cut in clip((s.span,), piece)
                ),
                key=lambda s: s.start,
            ),
            until=piece.end,
        )
        at = piece.end
    diarization = Diarization(spans, ("A", "B"), "truth", "good", None, sees_overlap=True)
    whole = timing(
        Basis(
            converse(diarization, CONFIG.turns, within=Span(0.0, end)),
            ROLES,
            CONFIG.measures,
            "good",
            "abstained",
            sees_overlap=True,
            intervals=INTERVALS,
        )
    )
    assert stream.finish(end=end) == whole


def test_figures_stand_while_the_session_goes_on():
    stream = MeasureStream(("A", "B"), ROLES, CONFIG.turns, CONFIG.measures)
    spans = conversation(1)
    early = stream.feed([s for s in spans if s.end < 150], until=150.0)
    late = stream.finish(end=150.0)
    assert (
        0 < early.measures["talk_share"].numerator <= late.measures["talk_share"].numerator + 1e-9
    )
