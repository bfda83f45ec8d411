"""One's own past and goal are told first, and no change is called better."""

from dataclasses import replace

import pytest

from pipeline.cohort.sessions import Key, Session, Stratum
from pipeline.config import load_config
from pipeline.past import MOST, Goal, beside_own_past
from pipeline.records import Measure

CONFIG = load_config().cohort
HERE = Stratum("two microphones", "channels", "whisper", "0123456789abcdef")
SHARE = Key("reflections.therapist", False, "share")
TALK = Key("talk_share.therapist", False, "share")


def practice(value, *, key=SHARE, stratum=HERE, person="P", **others):
    figures = {key: Measure(value, value * 50, 50.0, "share", "good")}
    figures |= {
        k: Measure(v, v * 50, 50.0, "share", "good") for k, v in others.get("more", {}).items()
    }
    return Session(
        "s", ".", stratum, 900.0, ("good", "good"), person, None, {}, figures, ("x", 0, 900)
    )


PAST = [practice(v) for v in (0.20, 0.22, 0.25, 0.30, 0.24)]


def texts(*args, **kwargs):
    return [said.text for said in beside_own_past(*args, CONFIG, **kwargs)]


def test_a_figure_stands_beside_the_span_of_the_earlier_ones():
    (text,) = texts(practice(0.50), PAST)
    assert text == "Turns that may reflect: 50 %; in your 5 earlier practices 20 % to 30 %."


def test_within_the_usual_difference_that_is_said():
    (text,) = texts(practice(0.25), PAST)
    assert "no further from your usual" in text


def test_fewer_practices_tell_nothing():
    assert texts(practice(0.50), PAST[1:]) == []


@pytest.mark.parametrize("other", [{"stratum": HERE._replace(setup="call mixed")}, {"person": "Q"}])
def test_other_set_ups_and_other_people_are_not_ones_own_past(other):
    assert texts(practice(0.50), [practice(v, **other) for v in (0.2,) * 6]) == []


def test_the_goal_goes_first_and_needs_no_past():
    goal = Goal("reflections", "give back before I ask.")
    (text,) = texts(practice(0.50), [], goal=goal)
    assert text == "Your goal was: give back before I ask. Turns that may reflect: 50 %."
    more = {TALK: 0.4}
    past = [replace(p, figures=p.figures | practice(0.3, key=TALK).figures) for p in PAST]
    said = texts(practice(0.50, more=more), past, goal=goal)
    assert said[0].startswith("Your goal was")
    assert said[1].startswith("Share of the talking")


def test_at_most_two_besides_the_goal():
    keys = [
        Key(f"{n}.therapist", False, "share") for n in ("reflections", "questions", "information")
    ]
    now = practice(0.5, more=dict.fromkeys(keys, 0.5))
    assert len(texts(now, [now] * 5)) == MOST


def test_draft_words_have_no_past():
    draft = SHARE._replace(draft=True)
    assert texts(practice(0.5, key=draft), [practice(0.2, key=draft)] * 5) == []


def test_no_word_of_better_or_worse():
    for text in texts(practice(0.50), PAST) + texts(practice(0.25), PAST):
        assert not {"better", "worse", "improved", "good", "progress"} & set(text.lower().split())
