"""What holds for every figure of any conversation, thresholds moved by half included."""

from contextlib import contextmanager
from dataclasses import fields, replace
from math import ceil
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.prosody import Prosody
from pipeline.records import Word
from pipeline.session import conclude
from pipeline.settings import MeasuresConfig, TurnsConfig
from pipeline.timeline import Span
from tests.conversations import CONFIG, GRID, FixedReader, extent, heard, renamed, shifted, speeches

EASY = settings(max_examples=25, deadline=None)
CLOSE = replace(
    CONFIG, measures=replace(CONFIG.measures, min_practice=20.0, summary_words=6, summary_turns=2)
)
"""Thresholds within reach of half a minute of talk."""
THRESHOLDS = [
    (section, field.name, factor)
    for section, kind in (("turns", TurnsConfig), ("measures", MeasuresConfig))
    for field in fields(kind)
    for factor in (0.5, 1.5)
]
RATIOS = ("pitch_floor", "pitch_ceiling", "pitch_spread")
"""Halved on the scale of semitones (pipeline/thresholds.py)."""
TEXTS = (
    *("", "mm-hm", "yeah", "do you sleep?", "garden kitchen", "um the doctor", "so tired mother"),
    *("you feel garden mother kitchen", "well done", "yes but the evening garden kitchen tablets"),
)
LIKELY = {
    "feel": (0.9, 0.1, 0.1),
    "so": (0.6, 0.0, 0.3),
    "sleep?": (0.1, 0.8, 0.0),
    "tablets": (0.55, 0.0, 0.7),
}
HOW_LIKELY = FixedReader(lambda word: LIKELY.get(word, (0.05, 0.2, 0.02)))


@st.composite
def sessions(draw, most=10):
    """Two voices with words, pitch and loudness; some words are nobody's."""
    speech = draw(speeches(voices=2, most=most))
    said = [
        (who, start, end, draw(st.sampled_from(TEXTS)))
        for who, own in speech.items()
        for start, end in own
    ]
    end = extent(speech).end
    lost = draw(st.integers(0, 8))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    frames = ceil(end / GRID) + 1
    octaves = draw(st.sampled_from([0.1, 0.4, 0.8])) * rng.standard_normal((1, frames))
    voiced = rng.random((1, frames)) < draw(st.sampled_from([0.3, 0.9]))
    prosody = Prosody(
        GRID,
        rng.normal(-30, 5, (1, frames)).astype(np.float32),
        np.where(voiced, 150 * 2**octaves, np.nan).astype(np.float32),
    )
    return heard(
        *said,
        within=Span(0, end + 8),
        further=[Word(end + 2 + i * 0.5, end + 2.25 + i * 0.5, "lost") for i in range(lost)],
        confidence=draw(st.sampled_from([None, 0.3, 0.6, 0.9])),
        prosody=prosody,
    )


def section(session, config=CLOSE, therapist="A"):
    return conclude(session, config, therapist=therapist, reader=HOW_LIKELY).sections[0]


def moved(config, part, name, factor):
    value = getattr(getattr(config, part), name)
    if name in RATIOS:
        value = value**factor
    elif isinstance(value, int):
        value = int(value * factor) if factor < 1 else ceil(value * factor)
    else:
        value *= factor
    return replace(config, **{part: replace(getattr(config, part), **{name: value})})


def reading(figure):
    """Told or not; of moments, how many."""
    counted = figure.numerator if figure.unit in ("count", "per min") else None
    return figure.value is None, counted


def flips(plain, other):
    """The moments and figures that other thresholds make another reading."""
    for event in plain.events:
        same = [
            e
            for e in other.events
            if (e.type, e.by) == (event.type, event.by)
            and e.start <= event.end
            and event.start <= e.end
        ]
        if not same:
            yield f"{event.type} of {event.by} at {event.start}", event
    for name, figure in plain.measures.items():
        if reading(figure) != reading(other.measures[name]):
            yield f"{name}: {reading(figure)} becomes {reading(other.measures[name])}", figure


@settings(max_examples=15, deadline=None)
@given(sessions())
def test_whatever_half_of_a_threshold_flips_is_marked_uncertain(session):
    plain = section(session)
    with patch("pipeline.session.weigh", lambda found, *_: found):
        for part, name, factor in THRESHOLDS:
            other = section(session, moved(CLOSE, part, name, factor))
            for what, found in flips(plain, other):
                assert name in found.uncertain, f"{part}.{name} x {factor}: {what}"
