"""The page: everything is on it, nothing on it runs, nothing is fetched."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.durations import clock
from pipeline.exports import write_html
from pipeline.exports.swimlane import swimlane
from pipeline.exports.wording import details_of, figure, measure_name
from pipeline.records import Measure, Person, Section
from pipeline.report import Report

HOSTILE = [
    "<script>alert(1)</script>",
    '"--><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)",
    "\x00\ud800\u202e",
]


class Page(HTMLParser):
    """What a browser would make of the page: its tags, attributes and visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        self.open.reverse()
        self.open.remove(tag)
        self.open.reverse()

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def everywhere(text: str) -> Report:
    """A report that holds the text wherever text comes from outside."""
    report = synthetic.report(words="low")
    section = report.sections[0]
    measures = {
        name.replace(".left", f".{text}"): replace(m, note=text, parts={**m.parts, text: 0.5})
        for name, m in section.measures.items()
    }
    section = replace(
        section,
        roles={text: Person("therapist", text), "right": Person("client")},
        turns=tuple(
            replace(t, text=text, speaker=text if t.speaker == "left" else "right")
            for t in section.turns
        ),
        events=tuple(replace(e, by=text, detail={text: text}) for e in section.events),
        measures=measures | {text: section.measures["silences"]},
        feedback=tuple(replace(f, text=text) for f in section.feedback),
        role_note=text,
    )
    return replace(
        report,
        speakers=(text, "right"),
        sections=(section,),
        certainty=replace(report.certainty, words_note=text),
        recording=replace(
            report.recording,
            name=text,
            quality=replace(report.recording.quality, notes=(text,)),
        ),
        provenance=replace(
            report.provenance,
            engines={text: replace(report.provenance.engines["diarization"], reason=text)},
            versions={text: text},
        ),
    )


HARMLESS = Page(write_html(everywhere("harmless")))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(text):
    page = Page(write_html(everywhere(text)))
    assert page.tags == HARMLESS.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in HARMLESS.attributes]
    assert page.open == HARMLESS.open
    shown = text.translate({0: None, 0xD800: None})
    assert shown in page.text


@settings(max_examples=20, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>\"'&;-!=/{}%# \nax"), min_size=1, max_size=40))
def test_no_text_makes_a_tag_or_an_attribute(text):
    page = Page(write_html(everywhere(f"x{text}")))  # of blank notes nothing is shown
    assert page.tags == HARMLESS.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in HARMLESS.attributes]


def test_the_page_fetches_and_runs_nothing():
    page = write_html(synthetic.report())
    parsed = Page(page)
    assert not {"script", "link", "img", "iframe", "object", "base", "audio"} & set(parsed.tags)
    assert not {name for name, _ in parsed.attributes} & {"src", "href", "srcset", "action"}
    assert not re.search(r"url\(|@import|https?:|//", page)
    assert any("default-src 'none'" in value for _, value in parsed.attributes)


def test_the_page_is_utf_8_whatever_the_names_hold():
    assert b"\x00" not in write_html(everywhere("\x00\ud800\udfff ü 录音")).encode()


def test_what_the_figures_leave_out_stands_on_every_page():
    for report in (synthetic.report(), replace(synthetic.report(), sections=())):
        assert "Posture, faces and warmth are not in these figures" in Page(write_html(report)).text


def test_draft_words_are_called_so():
    assert write_html(synthetic.report(words="draft")).count("Draft words") == 2
    assert "Draft words" not in write_html(synthetic.report())


def test_a_measure_that_abstains_says_why_and_gives_no_number():
    text = Page(write_html(synthetic.report())).text
    told = "Not enough to tell Under two minutes of practice there are counts only."
    assert f"Listening sounds (mm-hm, yes) {told} {told}" in text


def test_shares_are_shown_and_left_out_where_one_abstains():
    report = synthetic.report()
    section = report.sections[0]
    left = section.measures["talk_share.left"]
    assert f"Therapist (left) {left.value * 100:.0f} %" in Page(write_html(report)).text
    measures = section.measures | {"talk_share.left": replace(left, certainty="abstained")}
    unsure = replace(report, sections=(replace(section, measures=measures),))
    assert "Who talked Not enough to tell." in Page(write_html(unsure)).text


def test_every_moment_and_every_turn_is_listed():
    report = synthetic.report(sections=2)
    text = Page(write_html(report)).text
    for section in report.sections:
        for turn in section.turns:
            assert f"{clock(turn.start)} {turn.speaker} {turn.text}" in text
        for event in section.events:
            assert f"{clock(event.start)}" in text
    assert "Practice 1 0:00–1:30" in text
    assert "Practice 2 1:30–3:00" in text


def test_setups_that_alter_the_timing_say_so():
    report = synthetic.report()
    call = replace(report, recording=replace(report.recording, setup="call mixed"))
    assert "Call software alters" in write_html(call)
    assert "Call software alters" not in write_html(report)


def section_of(length: float) -> Section:
    return replace(synthetic.report().sections[0], start=0.0, end=length)


@pytest.mark.parametrize(("length", "rows"), [(0.0, 1), (90.0, 1), (600.0, 1), (601.0, 2)])
def test_a_row_of_the_swimlane_is_ten_minutes_at_most(length, rows):
    assert len(swimlane(section_of(length), speakers=("left", "right"))) == rows


def test_a_bar_lies_where_its_turn_does():
    (row,) = swimlane(section_of(90.0), speakers=("left", "right"))
    first = row.lanes[0].bars[0]
    assert (first.x, first.x + first.width) == pytest.approx((1.0 / 90 * 1000, 6.5 / 90 * 1000))
    assert row.silences == (pytest.approx((31.5 / 90 * 1000, 4.5 / 90 * 1000)),)
    assert all(0 <= x <= 1000 for x, _ in row.ticks)


def test_no_bar_leaves_its_row():
    rows = swimlane(section_of(1250.0), speakers=("left", "right"))
    for row in rows:
        for lane in row.lanes:
            assert all(bar.x >= 0 and bar.x + bar.width <= 1001 for bar in lane.bars)


def test_figures_are_said_with_their_unit():
    assert figure(0.474, "share") == "47 %"
    assert figure(4.52, "s") == "4.5 s"
    assert figure(125.0, "s") == "2 min 5 s"
    assert figure(3.0, "count") == "3"
    assert figure(1.25, "per min") == "1.2 per minute"
    assert figure(1.25, "per 10 min") == "1.2 per 10 minutes"
    assert figure(28.4, "words") == "28.4 words"
    assert figure(None, "s") == figure(float("nan"), "s") == "Not enough to tell"


def test_ranges_parts_and_doubts_stand_below_a_figure():
    measure = Measure(
        0.8,
        None,
        None,
        "s",
        "low",
        interval=(0.5, 1.0),
        interval_of="turns",
        note="not enough to tell: the voices are unclear",
        parts={"q1": 0.5, "q3": 1.25, "from_3": 0.25},
    )
    assert details_of(measure) == (
        "0.5 s to 1.0 s if the turns had fallen a little differently",
        "middle half 0.5 to 1.2 s, 25 % after 3 s or more",
        "Hard to hear: these figures are rough.",
        "The voices are unclear.",
    )
    assert details_of(replace(measure, certainty="abstained")) == ("The voices are unclear.",)


def test_a_range_says_what_it_is_of():
    measure = Measure(0.4, 4.0, 10.0, "share", "good", interval=(0.3, 0.5))
    of_errors = "30 % to 50 % if this tool errs as it did on its test recordings"
    assert details_of(measure) == (of_errors,)
    of_turns = "30 % to 50 % if the turns had fallen a little differently"
    assert details_of(replace(measure, interval_of="turns")) == (of_turns,)


def test_moments_are_told_as_a_clock_and_unknown_measures_in_words():
    assert [clock(s) for s in (0.0, 65.9, 3723.0)] == ["0:00", "1:05", "1:02:03"]
    assert measure_name("some_new_figure") == "Some new figure"
