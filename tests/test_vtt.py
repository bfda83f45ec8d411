"""WebVTT: what is written is read back by another program, word for word."""

import html
import io
import re
from dataclasses import replace

import pytest
import synthetic
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from pipeline.exports import write_vtt
from pipeline.records import Turn, Word
from pipeline.report import Report


def cues(text: str) -> list[tuple[float, float, str | None, str]]:
    """Start, end, voice and text of each cue, as webvtt-py reads them."""
    out = []
    for caption in webvtt.from_buffer(io.StringIO(text)):
        voice = re.match(r"<v ([^>]*)>", caption.raw_text)
        raw = re.sub(r"<v [^>]*>", "", caption.raw_text)
        out.append(
            (
                caption.start_in_seconds + caption.start_time.milliseconds / 1000
                if isinstance(caption.start_in_seconds, int)
                else caption.start_in_seconds,
                caption.end_in_seconds + caption.end_time.milliseconds / 1000
                if isinstance(caption.end_in_seconds, int)
                else caption.end_in_seconds,
                html.unescape(voice.group(1)) if voice else None,
                html.unescape(raw),
            )
        )
    return out


def report_of(*turns: Turn) -> Report:
    report = synthetic.report()
    section = replace(report.sections[0], turns=turns)
    return replace(report, sections=(section,), unattributed=())


def words(*texts: str, start: float = 0.0, step: float = 0.5) -> tuple[Word, ...]:
    return tuple(
        Word(start + i * step, start + (i + 1) * step, text) for i, text in enumerate(texts)
    )


def turn(*texts: str, start: float = 0.0, step: float = 0.5, speaker: str = "left") -> Turn:
    found = words(*texts, start=start, step=step)
    return Turn(found[0].start, found[-1].end, speaker, "turn", text=" ".join(texts), words=found)


def test_every_word_comes_back_with_its_voice():
    report = synthetic.report()
    read = cues(write_vtt(report))
    for label in ("left", "right"):
        said = " ".join(t.text for t in report.turns() if t.speaker == label)
        assert " ".join(text for *_, voice, text in read if voice == label) == said
    assert (None, "maybe") in {(voice, text) for *_, voice, text in read}


def test_cues_are_in_order_and_short():
    read = cues(write_vtt(synthetic.report()))
    assert [c[0] for c in read] == sorted(c[0] for c in read)
    assert all(0 < end - start <= 7.001 for start, end, *_ in read)


def test_a_sentence_end_and_a_long_silence_start_a_new_cue():
    first = turn("Yes.", "I", "know")
    later = replace(first, words=(*first.words, *words("now", start=5.0)), end=5.5)
    assert [(s, e, t) for s, e, _, t in cues(write_vtt(report_of(later)))] == [
        (0.0, 0.5, "Yes."),
        (0.5, 1.5, "I know"),
        (5.0, 5.5, "now"),
    ]


def test_a_draft_says_so():
    assert "Draft words" in write_vtt(synthetic.report(words="draft"))
    assert "Draft words" not in write_vtt(synthetic.report())


def test_a_report_without_words_is_a_valid_file():
    empty = write_vtt(report_of())
    assert empty == "WEBVTT\n"
    assert cues(empty) == []


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "00:00:01.000 --> 00:00:02.000",
        "a\n\nNOTE b\n\n00:01.000 --> 00:02.000\nc",
        "AT&T <v Someone>I",
        "&lt;b&gt;",
        "=HYPERLINK(1)",
        "\u2028 --> \x85",
    ],
)
def test_no_text_and_no_name_breaks_out_of_its_cue(hostile):
    text = write_vtt(report_of(turn(hostile, speaker=hostile)))
    said = " ".join("".join(c if c.isprintable() else " " for c in hostile).split())
    assert [(voice, found) for *_, voice, found in cues(text)] == [(said, said)]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_any_words_come_back(texts):
    said = " ".join(" ".join(texts).split())
    read = cues(write_vtt(report_of(turn(*texts))))
    printable = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    assert " ".join(found for *_, found in read).split() == printable.split()
