"""Tone of voice from frames that are written down."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measures.basis import NO_OVERLAP
from pipeline.measures.tone import DESCRIPTION, LEVELLED, NO_SOUND, NOT_FOLLOWED, evaluate
from pipeline.prosody import Prosody
from pipeline.timeline import Span
from tests.conversations import CONFIG, alternating, basis, renamed

STEP = 1 / 32
EASY = settings(max_examples=25, deadline=None)
TALK = alternating(4.0, 0.5, times=10)
"""A and B in turn, five turns of 4 s each."""


def frames(speech, *, levels, hertz, channels=1, of=None):
    """Prosody in which each person's nth span has the nth level and pitch; soft where nobody is.

    A pitch may be a list, which is spread over the span. ``of`` gives people their channel.
    """
    size = round(max(end for own in speech.values() for _, end in own) / STEP) + 8
    loudness = np.full((channels, size), np.nan, np.float32)
    pitch = np.full((channels, size), np.nan, np.float32)
    for who, own in speech.items():
        for nth, (start, end) in enumerate(own):
            span = slice(round(start / STEP), round(end / STEP))
            row, count = (of or {}).get(who, 0), span.stop - span.start
            given_ = np.atleast_1d(hertz[who][nth])
            loudness[row, span] = levels[who][nth]
            pitch[row, span] = np.interp(
                np.linspace(0, 1, count), np.linspace(0, 1, len(given_)), given_
            )
    return Prosody(STEP, loudness, pitch)


def tone(speech, prosody, **more):
    return evaluate(replace(basis(speech, **more), prosody=prosody)).measures


LEVELS = {"A": [-20, -26, -23, -17, -24], "B": [-40, -41, -42, -43, -30]}
HERTZ = {"A": [100, 112, 106, 100, 94], "B": [220, 220, 233, 220, 208]}
PLAIN = frames(TALK, levels=LEVELS, hertz=HERTZ)


def test_each_turn_is_told_against_the_persons_own_median():
    found = tone(TALK, PLAIN)
    assert found["loudness.A"].sample == pytest.approx((3, -3, 0, 6, -1), abs=0.01)
    assert found["loudness.B"].sample == pytest.approx((1, 0, -1, -2, 11), abs=0.01)
    assert (found["loudness.A"].value, found["loudness.A"].unit) == (0, "dB")


def test_the_turns_are_the_evidence_in_the_order_of_the_sample():
    for name, figure in tone(TALK, PLAIN).items():
        assert figure.evidence == tuple(Span(*span) for span in TALK[name[-1]])
        assert len(figure.sample) == len(figure.evidence) == figure.denominator


def test_pitch_is_told_in_semitones_against_the_persons_own_median():
    steps = [0, 3, 0, -2, 0]
    hertz = {"A": [100 * 2 ** (step / 12) for step in steps], "B": [220] * 5}
    found = tone(TALK, frames(TALK, levels=LEVELS, hertz=hertz))
    assert found["pitch.A"].sample == pytest.approx(steps, abs=0.01)
    assert found["pitch.A"].unit == "semitones"
    assert found["pitch.A"].parts["hertz"] == 100
    assert found["pitch.B"].parts["hertz"] == 220
    assert found["pitch_range.A"].value == 0


def test_the_range_is_from_the_tenth_to_the_ninetieth_percentile_of_a_turn():
    rising = list(120 * 2 ** (np.linspace(-5, 5, 50) / 12))
    hertz = {"A": [rising] * 5, "B": [[200, 200]] * 5}
    found = tone(TALK, frames(TALK, levels=LEVELS, hertz=hertz))
    assert found["pitch_range.A"].sample == pytest.approx([8.0] * 5, abs=0.1)
    assert found["pitch_range.B"].value == 0


def test_octave_errors_are_left_out():
    pitch = PLAIN.pitch.copy()
    first = [round((start + 1) / STEP) for start, _ in TALK["B"]]
    for at in first:
        pitch[0, at : at + 12] = 440  # of 128 frames
    found = tone(TALK, replace(PLAIN, pitch=pitch))
    assert found["pitch_range.B"].sample == tone(TALK, PLAIN)["pitch_range.B"].sample
    assert found["pitch.B"].sample == tone(TALK, PLAIN)["pitch.B"].sample


def test_a_turn_an_octave_higher_is_no_turn_of_that_voice():
    hertz = HERTZ | {"A": [100, 100, 100, 200, 100]}
    found = tone(TALK, frames(TALK, levels=LEVELS, hertz=hertz))["pitch.A"]
    assert found.evidence == tuple(Span(*TALK["A"][i]) for i in (0, 1, 2, 4))


def test_pitch_that_jumps_by_octaves_all_along_is_not_told():
    hertz = HERTZ | {"B": [[150, 150, 300, 300]] * 5}
    found = tone(TALK, frames(TALK, levels=LEVELS, hertz=hertz))
    for name in ("pitch.B", "pitch_range.B"):
        assert (found[name].value, found[name].note) == (None, NOT_FOLLOWED)
    assert found["pitch.A"].value is not None
    assert found["loudness.B"].value is not None


def test_what_sounds_while_the_other_speaks_too_is_left_out():
    """
    A  |----------|           |----------|
    B          |----------|           |----
               <-> loud and high      <->
    """
    speech = alternating(4.0, -0.5, times=10)
    alone = frames(speech, levels=LEVELS, hertz=HERTZ)
    loud = Prosody(STEP, alone.loudness.copy(), alone.pitch.copy())
    for i in range(1, 10):
        both = slice(round(i * 3.5 / STEP), round((i * 3.5 + 0.5) / STEP))
        loud.loudness[0, both], loud.pitch[0, both] = -3, 130
    assert tone(speech, loud) == tone(speech, alone)
    assert tone(speech, loud)["loudness.A"].sample == pytest.approx((3, -3, 0, 6, -1), abs=0.01)


@EASY
@given(st.floats(-30, 30))
def test_a_louder_recording_has_the_same_figures(gain):
    found = tone(TALK, replace(PLAIN, loudness=PLAIN.loudness + np.float32(gain)))
    for name, figure in tone(TALK, PLAIN).items():
        assert found[name].value == pytest.approx(figure.value, abs=0.002)
        assert found[name].sample == pytest.approx(figure.sample, abs=0.002)


@EASY
@given(st.floats(0.6, 1.6))
def test_a_higher_voice_has_the_same_figures_around_its_own_median(factor):
    found = tone(TALK, replace(PLAIN, pitch=PLAIN.pitch * np.float32(factor)))
    for name, figure in tone(TALK, PLAIN).items():
        assert found[name].sample == pytest.approx(figure.sample, abs=0.002)


@EASY
@given(
    st.lists(st.floats(-50, -10), min_size=10, max_size=10),
    st.lists(st.floats(80, 120), min_size=10, max_size=10),
)
def test_to_swap_the_names_is_to_swap_the_figures(levels, hertz):
    own = {"A": levels[:5], "B": levels[5:]}, {"A": hertz[:5], "B": hertz[5:]}
    prosody = frames(TALK, levels=own[0], hertz=own[1])
    names = {"A": "B", "B": "A"}
    ours = tone(TALK, prosody)
    theirs = tone(renamed(TALK, names), prosody, therapist="B")
    assert {f"{name[:-1]}{names[name[-1]]}": m.sample for name, m in theirs.items()} == {
        name: m.sample for name, m in ours.items()
    }


@EASY
@given(st.integers(1, 600))
def test_a_silent_stretch_changes_nothing(eighths):
    """
    |A| |B| |A|          |B| |A| ...
           <- silence ->
    """
    silence = eighths / 8
    later = {
        who: [(s + silence, e + silence) if s > 20 else (s, e) for s, e in own]
        for who, own in TALK.items()
    }
    found = tone(later, frames(later, levels=LEVELS, hertz=HERTZ))
    assert {n: m.sample for n, m in found.items()} == {
        n: m.sample for n, m in tone(TALK, PLAIN).items()
    }


def test_a_long_turn_weighs_more_than_short_ones_in_ones_own_median():
    """
    A  |------ 20 s ------|    |1|    |1|    |1|    |1|
    B                        |1|    |1|    |1|    |1|
    """
    speech = {
        "A": [(0, 20), *((22.5 + 3 * i, 23.5 + 3 * i) for i in range(4))],
        "B": [(21 + 3 * i, 22 + 3 * i) for i in range(5)],
    }
    levels = {"A": [-20, -30, -30, -30, -30], "B": [-30] * 5}
    hertz = {"A": [100] * 5, "B": [200] * 5}
    found = tone(speech, frames(speech, levels=levels, hertz=hertz))["loudness.A"]
    assert found.sample == (0, -10, -10, -10, -10)
    assert found.value == -10


def test_pauses_inside_a_turn_are_not_soft():
    paused = PLAIN.loudness.copy()
    for start, _ in TALK["A"]:
        paused[0, round((start + 1) / STEP) : round((start + 2) / STEP)] = np.nan
    found = tone(TALK, replace(PLAIN, loudness=paused))
    assert found["loudness.A"].sample == tone(TALK, PLAIN)["loudness.A"].sample


def test_short_and_whispered_turns_have_no_figure():
    pitch = PLAIN.pitch.copy()
    start, end = (round(t / STEP) for t in TALK["A"][0])
    pitch[0, start + 9 : end] = np.nan  # .28 s are left
    found = tone(TALK, replace(PLAIN, pitch=pitch))
    assert len(found["pitch.A"].sample) == len(tone(TALK, PLAIN)["pitch.A"].sample) - 1
    assert len(found["loudness.A"].sample) == 5


def test_it_abstains_where_hardly_anybody_has_a_pitch():
    found = tone(TALK, replace(PLAIN, pitch=np.full_like(PLAIN.pitch, np.nan)))
    assert found["pitch.A"].value is None
    assert found["pitch.A"].certainty == "abstained"
    assert found["pitch_range.A"].value is None
    assert "0 of at least 5" in found["pitch.A"].note
    assert found["loudness.A"].value is not None


def test_without_sound_or_voices_it_abstains():
    silent = tone(TALK, None)
    assert {m.note for m in silent.values()} == {NO_SOUND}
    assert {m.certainty for m in silent.values()} == {"abstained"}
    unclear = tone(TALK, PLAIN, voices="abstained")
    assert {(m.value, m.certainty, m.sample) for m in unclear.values()} == {(None, "abstained", ())}


def test_a_short_practice_has_no_figures():
    found = tone(TALK, PLAIN, config=CONFIG.measures)
    assert all("s of practice" in m.note for m in found.values())


def test_the_figures_are_as_sure_as_the_voices():
    assert {m.certainty for m in tone(TALK, PLAIN, voices="low").values()} == {"low"}


def test_it_is_a_description_and_no_quality():
    found = tone(TALK, PLAIN)
    assert found["pitch.A"].note == found["pitch_range.A"].note == DESCRIPTION
    assert found["loudness.A"].note == LEVELLED
    assert NO_OVERLAP not in {m.note for m in tone(TALK, PLAIN, sees_overlap=False).values()}


@pytest.mark.parametrize("names", [("left", "right"), ("right", "left")])
def test_each_person_is_heard_on_the_channel_of_their_label(names):
    speech = renamed(TALK, dict(zip("AB", names, strict=True)))
    levels, hertz = (
        {name: values[who] for who, name in zip("AB", names, strict=True)}
        for values in (LEVELS, HERTZ)
    )
    rows = {"left": 0, "right": 1}
    apart = frames(speech, levels=levels, hertz=hertz, channels=2, of=rows)
    leaked = replace(apart, loudness=np.fmax(apart.loudness, apart.loudness[::-1] + 6))
    found = tone(speech, leaked, therapist=names[0])
    assert found[f"loudness.{names[0]}"].sample == tone(TALK, PLAIN)["loudness.A"].sample
    assert found[f"pitch.{names[1]}"].sample == tone(TALK, PLAIN)["pitch.B"].sample


def test_people_with_other_names_are_heard_where_they_are_loudest():
    apart = frames(TALK, levels=LEVELS, hertz=HERTZ, channels=2, of={"A": 1, "B": 0})
    leaked = np.fmax(apart.loudness, apart.loudness[::-1] - 20)
    found = tone(TALK, replace(apart, loudness=leaked))
    assert {n: m.sample for n, m in found.items()} == {
        n: m.sample for n, m in tone(TALK, PLAIN).items()
    }


def test_listening_sounds_are_no_turns():
    """
    A  |------------------|
    B       |mm|
    """
    speech = {"A": [(i * 10, i * 10 + 4) for i in range(6)], "B": [(2, 2.5), (12, 12.5)]}
    levels = {"A": [-20] * 6, "B": [-40] * 2}
    found = tone(speech, frames(speech, levels=levels, hertz={"A": [100] * 6, "B": [300] * 2}))
    assert (found["loudness.B"].value, found["loudness.B"].denominator) == (None, 0)
