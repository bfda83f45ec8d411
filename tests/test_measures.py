"""What holds for every measure and any conversation."""

import json
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings

from pipeline.evaluation.references import find_references
from pipeline.evaluation.scores import SCORED, match_events
from pipeline.measures import measure, timing
from pipeline.measures.basis import practice_note
from pipeline.settings import MeasuresConfig, TurnsConfig
from pipeline.timeline import Span
from tests.conversations import (
    CONFIG,
    alternating,
    basis,
    extent,
    renamed,
    saying,
    shifted,
    speeches,
)

SAMPLES = Path(__file__).resolve().parent.parent / "sample_audio"
sys.path.insert(0, str(SAMPLES))

import plain_events  # noqa: E402

EASY = settings(max_examples=40, deadline=None)
MILLISECOND = 0.001  # s; events are told in whole milliseconds
REFERENCES = find_references(SAMPLES)

THRESHOLDS = [
    (section, field.name, factor)
    for section, kind in (("measures", MeasuresConfig), ("turns", TurnsConfig))
    for field in fields(kind)
    for factor in (0.5, 1.5)
]


def figures(speech, **more):
    return timing(basis(speech, **more)).measures


def told(speech, **more):
    """Events as (type, by, start, end)."""
    return sorted((e.type, e.by, e.start, e.end) for e in timing(basis(speech, **more)).events)


def spans_of(reference):
    speech = {}
    for span in reference.voices:
        speech.setdefault(span.speaker, []).append((span.start, span.end))
    return speech


def questions_of(name):
    turns = json.loads((SAMPLES / f"{name}.truth.json").read_text())["turns"]
    return [(t["speaker"], t["end"]) for t in turns if t["text"].endswith("?")]


@EASY
@given(speeches(voices=3))
def test_talk_shares_sum_to_one(speech):
    found = figures(speech)
    shares = [found[f"talk_share.{who}"] for who in speech]
    assume(shares[0].denominator)
    assert sum(s.value for s in shares) == pytest.approx(1)
    assert sum(s.numerator for s in shares) == pytest.approx(shares[0].denominator)


@EASY
@given(speeches(voices=2))
def test_talk_and_silence_less_overlap_make_the_section(speech):
    parts = figures(speech, within=Span(0, extent(speech).end + 2))["time_shares"].parts
    assert parts["A"] + parts["B"] + parts["silence"] - parts["overlap"] == pytest.approx(1)
    assert all(0 <= part <= 1 for part in parts.values())


@EASY
@given(speeches(voices=2))
def test_latency_shares_sum_to_one(speech):
    for who in speech:
        parts = figures(speech)[f"latency.{who}"].parts
        bins = [parts[name] for name in ("below_0", "to_0.2", "to_1", "to_3", "from_3") if parts]
        assert not bins or sum(bins) == pytest.approx(1)


@EASY
@given(speeches(voices=2, apart=True))
def test_to_swap_the_names_is_to_swap_the_figures(speech):
    names = {"A": "B", "B": "A"}
    ours, theirs = figures(speech), figures(renamed(speech, names), therapist="B")
    for name, figure in ours.items():
        head, dot, who = name.partition(".")
        other = theirs[f"{head}{dot}{names.get(who, who)}"]
        assert (other.value, other.numerator, other.denominator) == (
            figure.value,
            figure.numerator,
            figure.denominator,
        ), name
        assert {names.get(k, k): v for k, v in other.parts.items()} == figure.parts
        assert other.evidence == figure.evidence
    swapped = told(renamed(speech, names), therapist="B")
    assert sorted((kind, names[by], *times) for kind, by, *times in swapped) == [
        (kind, by, *times) for kind, by, *times in told(speech)
    ]


@EASY
@given(speeches(voices=3))
def test_later_speech_has_the_same_figures_later(speech):
    end = extent(speech).end
    now, later = (
        timing(basis(speech)),
        timing(basis(shifted(speech, 640), within=Span(640, 640 + end))),
    )
    for name, figure in now.measures.items():
        other = later.measures[name]
        assert (other.value, other.numerator, other.sample) == (
            figure.value,
            figure.numerator,
            figure.sample,
        ), name
        assert other.evidence == tuple(span.shifted(640) for span in figure.evidence)
    assert [(e.type, e.by, e.start + 640) for e in now.events] == [
        (e.type, e.by, e.start) for e in later.events
    ]


@EASY
@given(speeches(voices=2), speeches(voices=2))
def test_numerators_and_denominators_of_two_sessions_add_up_to_those_of_both_in_a_row(one, two):
    """
    one  |---- ... ----|   60 s   |---- ... ----|  two
    """
    later = shifted(two, extent(one).end + 60)
    both = figures({who: one[who] + later[who] for who in one})
    first, second = figures(one), figures(two)
    for name in first:
        if name.split(".")[0] in (
            "talk_share",
            "backchannels",
            "overlapping_starts",
            "floor_taken",
            "overlap_floor_kept",
        ):
            for part in ("numerator", "denominator"):
                parts = [getattr(f[name], part) for f in (first, second, both)]
                assert parts[0] is None or parts[0] + parts[1] == pytest.approx(parts[2]), name


@EASY
@given(speeches(voices=3))
def test_figures_keep_numerator_and_denominator_and_lie_in_the_section(speech):
    within = extent(speech)
    for name, figure in figures(speech).items():
        if figure.value is not None and figure.numerator is not None:
            assert figure.value == pytest.approx(figure.numerator / (figure.denominator or 1)), name
        assert all(within.covers(span) for span in figure.evidence), name
        assert figure.value is not None or figure.note, name
        assert (figure.value is None) == (figure.certainty == "abstained"), name


@EASY
@given(speeches(voices=3))
def test_whoever_is_the_therapist_the_figures_of_the_voices_stay(speech):
    by_voice = ("talk_share.", "turn_length.", "backchannels.", "floor_taken.")
    ours, theirs = figures(speech), figures(speech, therapist="C")
    assert {k: v for k, v in ours.items() if k.startswith(by_voice)} == {
        k: v for k, v in theirs.items() if k.startswith(by_voice)
    }
    assert theirs["talk_share"] == ours["talk_share.C"]
    assert told(speech) == told(speech, therapist="C")


@pytest.mark.parametrize(("section", "name", "factor"), THRESHOLDS)
def test_a_moved_threshold_moves_figures_and_breaks_none(section, name, factor):
    config = getattr(CONFIG, section)
    value = getattr(config, name)
    moved = replace(config, **{name: type(value)(value * factor)})
    reference = next(r for r in REFERENCES if r.name == "01_one_phone")
    spoken = saying(*((who, end - 0.5, end, "well?") for who, end in questions_of(reference.name)))
    settings_ = {"config": CONFIG.measures} | {
        "config" if section == "measures" else "turns": moved
    }
    found = measure(basis(spans_of(reference), spoken=spoken, words="good", **settings_))
    shares = [m.value for n, m in found.measures.items() if n.startswith("talk_share.")]
    assert sum(shares) == pytest.approx(1)


def test_measures_of_words_and_of_timing_come_together():
    found = measure(basis({"A": [(0, 4)], "B": [(5, 9)]}))
    assert {
        "talk_share",
        "latency.A",
        "silences",
        "floor_taken.B",
        "backchannels.A",
        "questions.A",
        "reflections.A",
    } <= found.measures.keys()
    assert found.measures["questions.A"].certainty == "abstained"


def test_events_are_sorted_and_told_in_milliseconds():
    speech = {"A": [(0, 5.00049), (20.1234567, 30)], "B": [(4.0001, 9), (25, 25.5)]}
    events = timing(basis(speech)).events
    assert [e.start for e in events] == sorted(e.start for e in events)
    assert ("silence", 9, 20.123) in [(e.type, e.start, e.end) for e in events]


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda r: r.name)
def test_on_true_spans_every_event_of_the_role_plays_is_found_and_no_other(reference):
    speech = spans_of(reference)
    asked = questions_of(reference.name)
    spoken = saying(*((who, end - 0.25, end, "well?") for who, end in asked))
    found = timing(basis(speech, spoken=spoken))
    scores = match_events(reference.events, found.events, {w: w for w in speech}, CONFIG.evaluation)
    for kind in SCORED:
        assert scores[kind].matched == scores[kind].reference == scores[kind].detected, kind
    for who, seconds in reference.talk.items():
        assert found.measures[f"talk_share.{who}"].numerator == pytest.approx(seconds, abs=0.05)


@settings(max_examples=150, deadline=None)
@given(speeches(voices=2, most=12, apart=True))
def test_any_conversation_has_the_events_that_the_plain_definitions_find(speech):
    conversation = basis(speech).conversation
    spans = {who: [tuple(ipu) for ipu in own] for who, own in conversation.ipus.items()}
    plain = [(e.type, e.by, e.start, e.end) for e in plain_events.events(spans)]
    ours = [e for e in told(speech) if e[0] in SCORED]
    expected = [e for e in plain if e[0] != "floor_taken" or _both_hold_the_floor(speech, e)]
    assert len(ours) == len(expected)
    for mine, theirs in zip(ours, sorted(expected), strict=True):
        assert mine[:2] == theirs[:2]
        assert mine[2:] == pytest.approx(theirs[2:], abs=MILLISECOND)


def _both_hold_the_floor(speech, event):
    """What the plain definitions leave out: whose floor it was, and whether both were speaking.

    Who was embedded had no floor to lose; who stopped before the other did didn't take it.
    """
    _, by, start, end = event
    conversation = basis(speech).conversation
    other = next(who for who in speech if who != by)
    own = next(ipu for ipu in conversation.ipus[by] if ipu.start == start)
    theirs = next(ipu for ipu in conversation.ipus[other] if ipu.end == end)
    held = any(c.covers(theirs) for c in conversation.contributions[other])
    return held and own.end >= end


def test_a_short_practice_is_noted_once_for_all_figures():
    short = basis(alternating(5.0, 0.5, times=12), config=CONFIG.measures)
    assert "minutes of practice" in practice_note(short)
    long = basis(alternating(5.0, 0.5, times=140), config=CONFIG.measures)
    assert practice_note(long) == ""
