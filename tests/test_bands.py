"""Bands are made by the shipped code, on the unit of the figure that they stand beside."""

import os
from pathlib import Path
from statistics import quantiles

import pytest

from pipeline.bands import bands
from pipeline.config import config_text, load_config
from pipeline.errors import EvaluationError
from pipeline.evaluation.demonstrations import as_toml, demonstrated, high_quality, main
from pipeline.phrasing.corpus import Dialogue, Utterance

CONFIG = load_config()


def dialogue(*said, name="1"):
    """A dialogue of (role, text, label) whose therapist goes on long enough to be measured."""
    return Dialogue(name, name, tuple(Utterance(*one) for one in said))


def exchanges(labels, *, answer="I walk home along the river and think about nothing much at all"):
    """The therapist says so many turns of 40 words, each with a label; the client answers."""
    said = []
    for label in labels:
        said.append(("therapist", "and so the river carried you home again " * 5, label))
        said.append(("client", answer, None))
    return dialogue(*said)


def test_a_share_is_of_turns_that_hold_the_label():
    figures = demonstrated([exchanges(["reflection"] * 6 + ["question"] * 4)], CONFIG)
    assert figures["reflections"] == [0.6]
    assert figures["questions"] == [0.4]


def test_a_listening_sound_parts_no_turn():
    talk = ("therapist", "and so the river carried you home again " * 5, "reflection")
    sound = ("client", "Mm-hm.", None)
    answer = ("client", "I walk home along the river and think about nothing much at all", None)
    figures = demonstrated([dialogue(*(talk, sound, talk, answer) * 6)], CONFIG)
    assert figures["reflections"] == [1.0]


def test_a_short_answer_to_a_question_parts_turns():
    asks = ("therapist", "and so the river carried you home again " * 5 + "did it?", "question")
    says = ("therapist", "and so the river carried you home again " * 5, "reflection")
    answer = ("client", "I walk home along the river and think about nothing much at all", None)
    dialogues = [dialogue(*(asks, ("client", "Yes.", None), says, answer) * 5)]
    figures = demonstrated(dialogues, CONFIG)
    assert figures["questions"] == [0.5]
    assert figures["reflections"] == [0.5]


def test_the_ratio_needs_questions():
    few = demonstrated([exchanges(["question"] * 4 + ["reflection"] * 8)], CONFIG)
    enough = demonstrated([exchanges(["question"] * 5 + ["reflection"] * 8)], CONFIG)
    assert few["reflections_to_questions"] == []
    assert enough["reflections_to_questions"] == [1.6]


def test_the_file_holds_the_middle_half():
    text = as_toml({"reflections": [0.1, 0.2, 0.3, 0.4]}, caption="c", source="s")
    low, median, high = quantiles([0.1, 0.2, 0.3, 0.4], n=4, method="inclusive")
    assert f"low = {low:.3f}\nmedian = {median:.3f}\nhigh = {high:.3f}\nsessions = 4" in text


def test_only_the_approach_of_the_demonstrations_has_bands():
    band = bands("MI")["reflections"]
    assert band.low < band.median < band.high
    assert not any(bands(other) for other in ("person-centred", "CBT", "psychodynamic", "unset"))


def test_seconds_have_no_band():
    assert not {"latency", "talk_share", "turn_length", "silences"} & bands("MI").keys()


def test_a_file_without_quality_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "transcript_id,video_url,utterance_id,interlocutor,utterance_text,main_therapist_behaviour\n"
        "1,v,0,therapist,hello,other\n"
    )
    with pytest.raises(EvaluationError, match="mi_quality"):
        high_quality(path)


@pytest.mark.skipif(
    "ANNOMI_CSV" not in os.environ, reason="ANNOMI_CSV names no copy of AnnoMI-simple"
)
def test_the_shipped_bands_are_what_the_shipped_code_finds():
    assert main(Path(os.environ["ANNOMI_CSV"])) == config_text("bands.mi.toml")
