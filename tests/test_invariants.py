"""What holds for every figure of any conversation, thresholds moved by half included."""

from dataclasses import dataclass, fields, replace
from math import ceil
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.prosody import Prosody
from pipeline.records import Word
from pipeline.session import SectionChoice, conclude
from pipeline.settings import MeasuresConfig, TurnsConfig
from pipeline.timeline import Span
from tests.conversations import CONFIG, GRID, FixedReader, extent, heard, speeches

EASY = settings(max_examples=15, deadline=None)
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
"""Halved in semitones (pipeline/thresholds.py); a window moves with the speech in it."""
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


PAUSES = (-1.5, -0.625, -0.25, 0.0, 0.125, 0.25, 0.625, 1.25, 2.0, 3.25, 5.0)
"""Seconds from one person's speech to the other's, on both sides of every threshold."""
LENGTHS = (0.375, 0.75, 1.125, 1.5, 2.5, 4.0, 6.0)
"""Seconds of somebody's speech, likewise."""


@dataclass(frozen=True)
class Script:
    """A session as it was drawn: (speaker, start, end, text), sound, words of nobody."""

    said: tuple
    end: float
    loudness: np.ndarray
    pitch: np.ndarray
    lost: int
    confidence: float | None

    def heard(self, *, later=0.0, names=None):
        """What models would have made of it; ``later`` is a whole number of frames."""
        names = names or {"A": "A", "B": "B"}
        end = self.end + later
        silent = np.full((1, round(later / GRID)), np.nan, np.float32)
        return heard(
            *((names[who], s + later, e + later, text) for who, s, e, text in self.said),
            within=Span(later, end + 8),
            further=[Word(end + 2 + i / 2, end + 2.25 + i / 2, "lost") for i in range(self.lost)],
            confidence=self.confidence,
            prosody=Prosody(
                GRID, np.hstack([silent, self.loudness]), np.hstack([silent, self.pitch])
            ),
        )


@st.composite
def exchanges(draw, most):
    """Speech in turn, as people talk: pauses, overlaps, sounds while the other speaks."""
    speech, at = {"A": [], "B": []}, 0.0
    for i in range(draw(st.integers(2, most))):
        who, other = "AB"[i % 2], "BA"[i % 2]
        start = max(at + draw(st.sampled_from(PAUSES)), _free(speech[who]))
        at = start + draw(st.sampled_from(LENGTHS))
        speech[who].append((start, at))
        sound = max(start + draw(st.sampled_from((0.5, 1.0, 2.0))), _free(speech[other]))
        length = draw(st.sampled_from((0.0, 0.0, 0.25, 0.5, 0.875, 1.25)))
        if length and sound + length < at:
            speech[other].append((sound, sound + length))
    return speech


def _free(own):
    """From when on this person may speak again."""
    return own[-1][1] + GRID if own else 0.0


@st.composite
def sessions(draw, most=8, apart=False):
    """Two voices with words, pitch and loudness; some words are nobody's."""
    speech = draw(speeches(voices=2, most=most, apart=apart) if apart else exchanges(2 * most))
    said = [
        (who, start, end, draw(st.sampled_from(TEXTS)))
        for who, own in speech.items()
        for start, end in own
    ]
    end = ceil(extent(speech).end)
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    frames = round(end / GRID) + 1
    octaves = draw(st.sampled_from([0.1, 0.4, 0.8])) * rng.standard_normal((1, frames))
    voiced = rng.random((1, frames)) < draw(st.sampled_from([0.3, 0.9]))
    return Script(
        said=tuple(said),
        end=end,
        loudness=rng.normal(-30, 5, (1, frames)).astype(np.float32),
        pitch=np.where(voiced, 150 * 2**octaves, np.nan).astype(np.float32),
        lost=draw(st.integers(0, 8)),
        confidence=draw(st.sampled_from([None, 0.3, 0.6, 0.9])),
    )


def section(session, config=CLOSE, therapist="A", start=0.0):
    whole = SectionChoice(start, session.facts.duration)
    with patch("pipeline.session._versions", dict):  # slow to look up, and no figure
        return _section(session, config, therapist, whole)


def _section(session, config, therapist, whole):
    report = conclude(session, config, therapist=therapist, sections=[whole], reader=HOW_LIKELY)
    return report.sections[0]


def moved(config, part, name, factor):
    own = getattr(config, part)
    names = {name, "floor_speech"} if name == "floor_window" else {name}
    values = {one: _scaled(one, getattr(own, one), factor) for one in names}
    return replace(config, **{part: replace(own, **values)})


def _scaled(name, value, factor):
    if name in RATIOS:
        return value**factor
    if isinstance(value, int):
        return int(value * factor) if factor < 1 else ceil(value * factor)
    return value * factor


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


def numbers(figure):
    """A figure without its seconds; what follows the thresholds along with it."""
    plain = {**figure.parts, "value": figure.value, "numerator": figure.numerator}
    return {
        **{name: None if x is None else pytest.approx(x, abs=1e-6) for name, x in plain.items()},
        "denominator": pytest.approx(figure.denominator) if figure.denominator else None,
        "sample": pytest.approx(figure.sample, abs=1e-3),
        "range": pytest.approx(figure.interval) if figure.interval else None,
        "told": (figure.unit, figure.certainty, figure.note, figure.uncertain),
    }


def as_numbers(figure):
    return {
        **figure.parts,
        "value": figure.value,
        "numerator": figure.numerator,
        "denominator": figure.denominator or None,
        "sample": figure.sample,
        "range": figure.interval,
        "told": (figure.unit, figure.certainty, figure.note, figure.uncertain),
    }


def moments(found, *, later=0.0, names=None):
    """Moments as they compare, sorted; times to the hundredth."""
    names = names or {}
    return sorted(
        (e.type, str(names.get(e.by, e.by)), round(e.start + later, 2), round(e.end + later, 2))
        for e in found.events
    )


@EASY
@given(sessions())
def test_shares_of_the_talking_and_of_the_words_sum_to_one(script):
    found = section(script.heard()).measures
    for head in ("talk_share", "talk_share_words"):
        shares = [found[f"{head}.{who}"].value for who in "AB"]
        assert None in shares or sum(shares) == pytest.approx(1)


@EASY
@given(sessions())
def test_activity_and_silence_less_overlap_make_the_section(script):
    parts = section(script.heard()).measures["time_shares"].parts
    if parts:
        assert parts["A"] + parts["B"] + parts["silence"] - parts["overlap"] == pytest.approx(1)


@EASY
@given(sessions())
def test_a_session_that_starts_later_has_the_same_figures_later(script):
    """Merging two sessions is adding numerators and denominators: tests/test_adding.py."""
    now, then = section(script.heard()), section(script.heard(later=640.0), start=640.0)
    assert moments(now, later=640.0) == moments(then)
    assert now.measures.keys() == then.measures.keys()
    for name, figure in now.measures.items():
        assert as_numbers(then.measures[name]) == numbers(figure), name
        moved_ = [x + 640 for span in figure.evidence for x in span]
        assert [x for span in then.measures[name].evidence for x in span] == pytest.approx(moved_)


@EASY
@given(sessions(apart=True))
def test_to_swap_the_voices_and_their_roles_is_to_swap_the_figures(script):
    names = {"A": "B", "B": "A"}
    ours = section(script.heard())
    theirs = section(script.heard(names=names), therapist="B")
    assert moments(ours, names=names) == moments(theirs)
    for name, figure in ours.measures.items():
        head, dot, who = name.partition(".")
        other = theirs.measures[f"{head}{dot}{names.get(who, who)}"]
        figure = replace(figure, parts={names.get(k, k): v for k, v in figure.parts.items()})
        assert as_numbers(other) == numbers(figure), name


@EASY
@given(sessions(apart=True))
def test_to_swap_the_roles_leaves_the_figures_of_the_voices(script):
    of_role = ("reflections", "questions", "information", "affirmations", "summaries")
    ours, theirs = section(script.heard()), section(script.heard(), therapist="B")
    for name, figure in ours.measures.items():
        if "." in name and name.partition(".")[0] not in of_role:
            assert as_numbers(theirs.measures[name]) == numbers(figure), name
    assert theirs.measures["talk_share"] == ours.measures["talk_share.B"]


@settings(max_examples=15, deadline=None)
@given(sessions())
def test_whatever_half_of_a_threshold_flips_is_marked_uncertain(script):
    session = script.heard()
    plain = section(session)
    with patch("pipeline.sections.weigh", lambda found, *_: found):
        for part, name, factor in THRESHOLDS:
            other = section(session, moved(CLOSE, part, name, factor))
            for what, found in flips(plain, other):
                assert name in found.uncertain, f"{part}.{name} x {factor}: {what}"
