from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.phrased import PhrasingReader
from pipeline.store.blobs import write_file
from tests.conversations import worded

DIALOGUE = (
    ("A", 0, 4, "so you feel alone"),
    ("B", 5, 13, "I do and it stays all night"),
    ("A", 8, 8.5, "mm-hm"),
    ("A", 14, 18, "what would help you now"),
)


class Model:
    """Reads an utterance by its words; keeps what it was given."""

    def __init__(self):
        self.read = []

    def probabilities(self, said):
        self.read.append([(u.role, u.text) for u in said])
        own = [u.text for u in said if u.role == "therapist"]
        return np.array(
            [[0.8 * ("feel" in t), 0.9 * ("what" in t), 0.3, 0.1] for t in own], np.float32
        ).reshape(-1, 4)

    def all_drivers(self, said, wanted):
        own = [u.text for u in said if u.role == "therapist"]
        return tuple((f"{label}: {own[row]}",) for row, label in wanted)

    def head(self, _said):
        return SimpleNamespace(spread=(0.7, 0.8, 0.9, 1.0))


@pytest.fixture
def model(monkeypatch):
    fake = Model()
    monkeypatch.setattr("pipeline.phrased.shipped_model", lambda: fake)
    return fake


def turns_of(*said):
    return worded(*said).conversation.turns


def read(*said, who="A", drivers_from=0.25, **more):
    reader = PhrasingReader(drivers_from=drivers_from, **more)
    return reader.read(turns_of(*said), (who,))[who]


def test_an_utterance_is_what_was_said_before_the_other_spoke(model):
    """
    therapist |so you feel alone|             |mm-hm|               |what would help you now|
    client                       |I do and          it stays all night|
    """
    read(*DIALOGUE)
    assert model.read == [
        [
            ("therapist", "so you feel alone"),
            ("client", "I do and"),
            ("therapist", "mm-hm"),
            ("client", "it stays all night"),
            ("therapist", "what would help you now"),
        ]
    ]


def test_a_longer_remark_of_the_others_cuts_too(model):
    read(("A", 0, 10, "one two three four five"), ("B", 4, 6, "no wait"), ("B", 11, 12, "well"))
    assert [text for _, text in model.read[0]] == ["one two", "no wait", "three four five", "well"]


def test_a_word_that_sounds_on_while_the_other_starts_comes_after(model):
    """
    A |one--two--three--four|        "three" sounds from 3.9 s on, B starts at 4
    B           |no|
    """
    read(("A", 0, 3.9, "one two"), ("A", 3.9, 8, "three four"), ("B", 4, 5, "no"))
    assert [text for _, text in model.read[0]] == ["one two", "no", "three four"]


def test_a_turn_is_as_likely_as_its_likeliest_utterance(model):
    found = read(
        ("A", 0, 10, "you feel low today what helps you then"),
        ("B", 4.5, 5, "mm-hm"),
        ("B", 11, 13, "nothing"),
    )
    assert [text for role, text in model.read[0] if role == "therapist"] == [
        "you feel low today",
        "what helps you then",
    ]
    assert [t.probability for t in found.turns] == [pytest.approx((0.8, 0.9, 0.3))]
    assert found.turns[0].because("reflection") == "reflection: you feel low today"
    assert found.turns[0].because("question") == "question: what helps you then"
    assert found.spread == (0.7, 0.8, 0.9)


def test_listening_sounds_are_context_and_no_turns(model):
    found = read(*DIALOGUE)
    assert [t.turn.text for t in found.turns] == ["so you feel alone", "what would help you now"]


def test_words_that_drove_little_are_not_looked_up(model):
    found = read(*DIALOGUE, drivers_from=0.5)
    assert found.turns[0].drivers == (("reflection: so you feel alone",), (), ())


def test_where_nothing_was_said_nothing_is_read(model):
    assert read(("A", 0, 4, ""), ("B", 5, 8, "")).turns == ()
    assert read(("A", 0, 4, ""), ("B", 5, 8, "only the client")).turns == ()
    assert model.read == []


def test_whoever_is_read_is_the_therapist(model):
    read(*DIALOGUE, who="B")
    assert [role for role, _ in model.read[0]] == [
        *("client", "therapist", "client", "therapist", "client"),
    ]


def test_what_was_read_once_is_kept(model, tmp_path):
    """Another run, another section's edges or another therapist: the same words, no model."""
    told = []
    for _ in range(2):
        reader = PhrasingReader(
            tmp_path, drivers_from=0.25, progress=lambda *step: told.append(step)
        )
        found = reader.read(turns_of(*DIALOGUE), ("A", "B"))
        assert [len(found[who].turns) for who in "AB"] == [2, 1]
    assert len(model.read) == 2  # as A's and as B's
    assert told == [("phrasing", 0.0), ("phrasing", 1.0)] * 2


def test_a_kept_reading_is_the_reading(model, tmp_path):
    readers = [PhrasingReader(tmp_path, drivers_from=0.25) for _ in range(2)]
    first, again = (reader.read(turns_of(*DIALOGUE), ("A", "B")) for reader in readers)
    assert first == again


def test_other_times_are_the_same_words(model, tmp_path):
    later = [(who, s + 100, e + 100, text) for who, s, e, text in DIALOGUE]
    for said in (DIALOGUE, later):
        PhrasingReader(tmp_path, drivers_from=0.25).read(turns_of(*said), ("A",))
    assert len(model.read) == 1


@pytest.mark.parametrize("changed", ["words", "drivers_from"])
def test_other_words_are_read_anew(model, tmp_path, changed):
    PhrasingReader(tmp_path, drivers_from=0.25).read(turns_of(*DIALOGUE), ("A",))
    said = (*DIALOGUE, ("B", 20, 22, "sleep")) if changed == "words" else DIALOGUE
    least = 0.5 if changed == "drivers_from" else 0.25
    PhrasingReader(tmp_path, drivers_from=least).read(turns_of(*said), ("A",))
    assert len(model.read) == 2


def test_several_sections_are_kept_beside_each_other(model, tmp_path):
    sections = (DIALOGUE[:2], DIALOGUE[2:])
    for _ in range(2):
        reader = PhrasingReader(tmp_path, drivers_from=0.25)
        for said in sections:
            reader.read(turns_of(*said), ("A",))
    assert len(model.read) == 2


def test_a_damaged_artefact_counts_as_none(model, tmp_path):
    turns = turns_of(*DIALOGUE)
    first = PhrasingReader(tmp_path, drivers_from=0.25).read(turns, ("A",))
    (kept,) = tmp_path.glob("phrasing-*")
    write_file(kept, kept.read_bytes()[:40])
    assert PhrasingReader(tmp_path, drivers_from=0.25).read(turns, ("A",)) == first
    assert len(model.read) == 2
    PhrasingReader(tmp_path, drivers_from=0.25).read(turns, ("A",))
    assert len(model.read) == 2


def test_without_a_folder_nothing_is_written(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read(*DIALOGUE)
    assert list(tmp_path.iterdir()) == []


def test_without_its_words_a_reading_holds_no_words(model, tmp_path):
    """The words behind a figure are kept; the rest of what was said is in the transcript only."""
    PhrasingReader(tmp_path, drivers_from=0.95).read(turns_of(*DIALOGUE), ("A",))
    (kept,) = tmp_path.glob("phrasing-*")
    assert b"alone" not in kept.read_bytes()


def test_what_a_person_said_stands_in_the_models_place(model):
    likely = read(*DIALOGUE).turns[0]
    assert likely.judged("question", True).probability == pytest.approx((0.8, 1.0, 0.3))
    assert likely.judged("reflection", False).of("reflection") == 0
