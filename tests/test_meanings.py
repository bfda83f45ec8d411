"""Every figure has its words: what it means, what it can't tell, and a row of docs/measures.md."""

import re
from pathlib import Path

import pytest

from pipeline.cohort.known import KNOWN, head_of
from pipeline.meanings import MEANINGS
from pipeline.measures import measure
from tests.conversations import alternating, read_as, worded

DOCS = Path(__file__).resolve().parent.parent / "docs" / "measures.md"


def _measured():
    """The names, without the voices' labels, that a section with everything in it has."""
    speech = alternating(5, 1, times=12)
    said = [(who, s, e, "so you came") for who, own in speech.items() for s, e in own]
    bare = read_as(worded(*said), *[(0.5, 0.5, 0.5)] * 6)
    return {head_of(name) for name in measure(bare).measures}


MEASURED = _measured()


def rows():
    """What stands in the first column of the tables of figures, in backticks."""
    text = DOCS.read_text(encoding="utf-8")
    first = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [head_of(name) for column in first for name in re.findall(r"`([^`]+)`", column)]


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_every_figure_says_what_it_means_and_what_it_cannot_tell(name):
    meaning = MEANINGS[name]
    assert meaning.title
    assert meaning.meaning.endswith(".")
    assert meaning.cannot_tell
    assert not meaning.cannot_tell.endswith(".")


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_every_figure_has_a_row(name):
    assert name in rows()


def test_no_words_are_of_a_figure_that_is_not_measured():
    assert set(MEANINGS) == MEASURED
    assert set(rows()) == MEASURED
    assert set(KNOWN) <= MEASURED


def test_no_line_says_which_way_is_better():
    for name, meaning in MEANINGS.items():
        said = f"{meaning.title} {meaning.meaning} {meaning.cannot_tell}".lower()
        found = re.findall(
            r"(?<!not )\b(better|best|worse|weak|expert|low quality|ideal|target)\b", said
        )
        assert not found, name
