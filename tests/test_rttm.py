"""RTTM: every stretch on a line of ten fields, whatever the names hold."""

import synthetic
from hypothesis import given
from hypothesis import strategies as st

from pipeline.exports import write_rttm
from pipeline.records import Diarization, SpeakerSpan


def diarization(*spans: tuple[float, float, str]) -> Diarization:
    return Diarization(
        tuple(SpeakerSpan(*s) for s in spans),
        tuple(dict.fromkeys(s[2] for s in spans)),
        "channels",
        "good",
        None,
        True,
    )


def test_a_diarization_keeps_its_overlaps():
    text = write_rttm(diarization((0.5, 2.0, "A"), (1.25, 1.75, "B")), uri="talk")
    assert text == (
        "SPEAKER talk 1 0.500 1.500 <NA> <NA> A <NA> <NA>\n"
        "SPEAKER talk 1 1.250 0.500 <NA> <NA> B <NA> <NA>\n"
    )


def test_nobody_speaking_is_an_empty_file():
    assert write_rttm(diarization(), uri="talk") == ""


def test_a_report_gives_the_speech_inside_its_turns_by_start():
    report = synthetic.report()
    lines = [line.split() for line in write_rttm(report, uri="talk").splitlines()]
    assert len(lines) == len(synthetic.SCRIPT)
    assert [float(line[3]) for line in lines] == sorted(float(line[3]) for line in lines)
    assert ("57.000", "9.000", "left") in {(line[3], line[4], line[7]) for line in lines}


@given(uri=st.text(), label=st.text())
def test_no_name_adds_a_field_or_a_line(uri, label):
    text = write_rttm(diarization((0.0, 1.0, label)), uri=uri)
    assert len(text.splitlines()) == 1
    assert len(text.split()) == 10
