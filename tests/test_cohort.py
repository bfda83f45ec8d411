"""Many sessions together: what is added, what is kept apart, and what is not claimed."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from scipy.stats import theilslopes
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cohort import cohort, combine, read_sessions, to_json
from pipeline.cohort.changes import slope_of
from pipeline.cohort.form import json_schema, schema_text
from pipeline.cohort.known import KNOWN
from pipeline.cohort.sessions import Found, Key, Session, Stratum
from pipeline.cohort.table import tables
from pipeline.config import load_config
from pipeline.errors import AttuneError, ConfigError
from pipeline.measures.adding import added
from pipeline.records import Measure
from pipeline.report import to_json as report_json

FILE = Path(__file__).parent.parent / "docs" / "cohort.schema.json"
CONFIG = load_config()
QUICK = replace(CONFIG, intervals=replace(CONFIG.intervals, draws=200))
EASY = settings(max_examples=30, deadline=None)
TALK = Key("talk_share.therapist", False, "share")
HERE = Stratum("two microphones", "channels", "whisper", "0123456789abcdef")
CALL = Stratum("call mixed", "pyannote", "whisper", "0123456789abcdef")


def share(numerator, denominator=100.0, certainty="good"):
    value = None if certainty == "abstained" else numerator / denominator
    return Measure(value, float(numerator), float(denominator), "share", certainty)


def session(name, figure=None, *, person=None, day=None, stratum=HERE, practice=600.0, **more):
    figures = more.pop("figures", None) or {TALK: figure}
    return Session(
        name=name,
        folder=".",
        stratum=stratum,
        practice=practice,
        grades=("good", "good"),
        person=person,
        day=day,
        values={k: v for k, v in (("therapist", person), *more.items()) if v},
        figures=figures,
        source=(name, 0.0, 600.0),
    )


def found(*sessions, columns=("name", "therapist", "group")):
    out = Found(sessions=sorted(sessions, key=lambda s: s.name))
    out.descriptions = replace(out.descriptions, columns=columns)
    return out


def figure(group, name="talk_share.therapist", *, draft=False):
    return next(f for f in group.figures if (f.measure, f.draft) == (name, draft))


def talk(*sessions, by=None, config=QUICK):
    return [figure(g) for g in combine(found(*sessions), config, by=by).groups]


@st.composite
def cohorts(draw):
    count = draw(st.integers(1, 12))
    return [
        session(
            f"s{i:02d}",
            share(draw(st.integers(0, 100)), certainty=draw(st.sampled_from(["good", "low"]))),
            person=draw(st.sampled_from(["Ann", "Ben", "Cem", None])),
            stratum=draw(st.sampled_from([HERE, CALL])),
            group=draw(st.sampled_from(["one", "two", None])),
        )
        for i in range(count)
    ]


def save(folder, name, report):
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(report_json(report))


def attune(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


# sums


def test_a_group_is_the_sum_of_its_sessions_never_the_mean_of_their_shares():
    (whole,) = talk(session("a", share(1, 10)), session("b", share(90, 100)))
    assert (whole.numerator, whole.denominator, whole.value) == (91, 110, 91 / 110)
    assert whole.spread.median == pytest.approx(0.5)
    assert (whole.spread.least, whole.spread.greatest) == (0.1, 0.9)


@EASY
@given(cohorts())
def test_a_group_of_one_session_is_that_session(sessions):
    for one in sessions:
        (whole,) = talk(one)
        own = one.figures[TALK]
        assert (whole.value, whole.numerator, whole.denominator, whole.certainty) == (
            own.value,
            own.numerator,
            own.denominator,
            own.certainty,
        )
        assert whole.interval is None


@EASY
@given(cohorts(), st.randoms())
def test_the_order_of_files_changes_nothing(sessions, random):
    there = list(sessions)
    random.shuffle(there)
    for by in (None, "group", "setup"):
        assert to_json(combine(found(*there), QUICK, by=by)) == to_json(
            combine(found(*sessions), QUICK, by=by)
        )


@EASY
@given(cohorts())
def test_groups_add_up_to_the_whole(sessions):
    (whole,) = talk(*sessions)
    parts = talk(*sessions, by="group")
    for name in ("numerator", "denominator", "sessions", "unnamed"):
        assert sum(getattr(p, name) for p in parts) == pytest.approx(getattr(whole, name))


@EASY
@given(cohorts(), st.sampled_from(list(permutations(["Ann", "Ben", "Cem"]))))
def test_to_rename_the_therapists_is_to_rename_their_figures(sessions, names):
    other = dict(zip(("Ann", "Ben", "Cem"), names, strict=True)) | {None: None}
    renamed = [
        replace(s, person=other[s.person], values={**s.values, "therapist": other[s.person] or ""})
        for s in sessions
    ]
    for_ours = {g.name: g.figures for g in combine(found(*sessions), QUICK, by="therapist").groups}
    theirs = {g.name: g.figures for g in combine(found(*renamed), QUICK, by="therapist").groups}
    assert {other[k or None] or "": v for k, v in for_ours.items()} == theirs
    assert talk(*sessions) == talk(*renamed)


def test_short_practices_have_a_share_together_though_none_has_alone():
    short = [
        session(f"s{i}", share(4, 6, "abstained"), practice=90.0, person="Ann") for i in range(2)
    ]
    assert talk(short[0])[0].value is None
    (whole,) = talk(*short)
    assert (whole.value, whole.certainty) == (8 / 12, "good")
    assert whole.spread is None


def test_what_is_too_little_together_too_has_no_value():
    few = [session(f"s{i}", share(1, 2, "abstained"), practice=90.0) for i in range(2)]
    assert talk(*few)[0].value is None
    seconds = [session("s", share(4, 6, "abstained"), practice=30.0) for i in range(2)]
    assert talk(*seconds)[0].value is None


def test_a_rate_needs_minutes_not_five_of_them():
    rate = Key("speech_rate.therapist", False, "words per min")
    few = [
        session(f"s{i}", figures={rate: Measure(None, 150.0, 1.0, rate.unit, "abstained")})
        for i in range(2)
    ]
    assert figure(combine(found(*few), QUICK).groups[0], rate.name).value == 150


def test_who_could_not_be_heard_adds_nothing_and_is_counted():
    unheard = Measure(None, None, None, "share", "abstained")
    (whole,) = talk(session("a", unheard), session("b", share(30)))
    assert (whole.sessions, whole.left_out, whole.value) == (1, 1, 0.3)


# strata


def test_ways_of_recording_are_pooled_in_sight_only():
    (whole,) = talk(session("a", share(30)), session("b", share(60), stratum=CALL))
    assert whole.value == 0.45
    assert [part.value for part in whole.strata] == [0.6, 0.3]
    assert "recorded or analysed in 2 ways" in whole.note
    (alike,) = talk(session("a", share(30)), session("b", share(60)))
    assert (alike.strata, alike.note.count("ways")) == ((), 0)


@pytest.mark.parametrize("field", Stratum._fields)
def test_another_set_up_engine_or_configuration_is_another_stratum(field):
    other = HERE._replace(**{field: "unknown"})
    group = combine(
        found(session("a", share(3)), session("b", share(6), stratum=other)), QUICK
    ).groups[0]
    assert len(group.strata) == 2
    assert [s.sessions for s in group.strata] == [1, 1]


def test_draft_words_are_never_put_together_with_good_ones(tmp_path):
    for name, words in (("a", "good"), ("b", "draft")):
        report = synthetic.report(name=name, words="good")
        save(tmp_path, name, replace(report, certainty=replace(report.certainty, words=words)))
    whole = cohort(tmp_path, QUICK).groups[0]
    good, draft = (figure(whole, "questions.therapist", draft=d) for d in (False, True))
    assert (good.sessions, draft.sessions) == (1, 1)
    assert (good.left_out, draft.left_out) == (0, 0)
    assert figure(whole).sessions == 2


def test_figures_of_other_units_are_other_figures():
    words = Key("questions.therapist", False, "share")
    rate = Key("questions.therapist", False, "per 10 min")
    a = session("a", figures={words: share(3)})
    b = session("b", figures={rate: Measure(2.0, 4.0, 2.0, "per 10 min", "good")})
    figures = combine(found(a, b), QUICK).groups[0].figures
    assert sorted((f.unit, f.sessions) for f in figures) == [("per 10 min", 1), ("share", 1)]


# ranges


def test_all_of_a_persons_sessions_are_drawn_together():
    """Eight people who differ, each with four sessions that don't."""
    people = [
        session(f"{who}{i}", share(20 + 8 * who), person=f"T{who}")
        for who in range(8)
        for i in range(4)
    ]
    nobody = [replace(s, person=None) for s in people]
    (named,), (unnamed,) = talk(*people, config=CONFIG), talk(*nobody, config=CONFIG)
    assert (named.drawn, unnamed.drawn) == ("people", "sessions")
    assert named.value == unnamed.value
    width, narrow = (f.interval[1] - f.interval[0] for f in (named, unnamed))
    assert width > 1.5 * narrow
    assert "sessions were drawn" in unnamed.note


def test_one_persons_sessions_are_drawn_apart():
    (own,) = talk(*(session(f"s{i}", share(20 + 5 * i), person="Ann") for i in range(6)))
    assert own.drawn == "sessions"
    assert own.interval[0] < own.value < own.interval[1]


def test_few_people_have_no_range():
    few = [session(f"s{i}", share(20 + i), person=f"T{i % 4}") for i in range(20)]
    (figure_,) = talk(*few)
    assert (figure_.interval, figure_.people, figure_.drawn) == (None, 4, "")
    assert "fewer than 5 people" in figure_.note


def test_people_who_are_all_alike_have_a_range_of_no_width():
    (figure_,) = talk(*(session(f"s{i}", share(30), person=f"T{i}") for i in range(9)))
    assert figure_.interval == (0.3, 0.3)


def test_the_same_sessions_have_the_same_bytes():
    sessions = [session(f"s{i}", share(20 + i), person=f"T{i}") for i in range(9)]
    assert to_json(combine(found(*sessions), QUICK)) == to_json(combine(found(*sessions), QUICK))


@pytest.mark.slow
def test_80_of_100_ranges_hold_the_truth_more_or_less():
    """People whose shares lie around .4, four sessions each around their own."""
    rng = np.random.default_rng(4)
    held, runs = {8: 0, 30: 0}, 300
    for people in held:
        for _ in range(runs):
            own = 0.4 + 0.1 * rng.normal(size=people)
            sessions = [
                session(f"s{i}-{j}", share(100 * (a + 0.05 * rng.normal())), person=f"T{i}")
                for i, a in enumerate(own)
                for j in range(4)
            ]
            low, high = talk(*sessions)[0].interval
            held[people] += low <= 0.4 <= high
    assert all(0.7 <= count / runs <= 0.9 for count in held.values()), held


# differences


def two_groups(*, shift, people=8, shared=False):
    return [
        session(
            f"{group}{i}",
            share(30 + 2 * i + (shift if group == "one" else 0)),
            person=f"T{i}" if shared else f"{group}{i}",
            group=group,
        )
        for group in ("one", "two")
        for i in range(people)
    ]


def test_two_groups_have_a_difference_with_a_range():
    sessions = two_groups(shift=20)
    whole = combine(found(*sessions), QUICK, by="group")
    (difference,) = whole.differences
    assert (difference.first, difference.second) == ("one", "two")
    assert difference.value == pytest.approx(0.2)
    low, high = difference.interval
    assert 0 < low < 0.2 < high


def test_the_same_people_in_both_groups_are_drawn_for_both_at_once():
    """Everybody has 20 points more in one: certain of the difference, whoever is drawn."""
    shared = combine(found(*two_groups(shift=20, shared=True)), QUICK, by="group").differences[0]
    assert shared.interval == pytest.approx((0.2, 0.2))
    apart = combine(found(*two_groups(shift=20)), QUICK, by="group").differences[0]
    assert apart.interval[1] - apart.interval[0] > 0.02


def test_a_difference_of_groups_recorded_otherwise_says_so():
    sessions = [
        replace(s, stratum=CALL) if s.values["group"] == "two" else s for s in two_groups(shift=5)
    ]
    (difference,) = combine(found(*sessions), QUICK, by="group").differences
    assert "not recorded and analysed in one and the same way" in difference.note


@pytest.mark.parametrize("count", [1, 3])
def test_only_two_groups_have_a_difference(count):
    sessions = [session(f"s{i}", share(30 + i), group=f"g{i % count}") for i in range(6)]
    assert combine(found(*sessions), QUICK, by="group").differences == ()


def test_groups_stand_in_the_order_of_their_names_and_those_without_last():
    values = ["zeta", None, "alpha", "beta"]
    sessions = [session(f"s{i}", share(9 * i), group=v) for i, v in enumerate(values)]
    groups = combine(found(*sessions), QUICK, by="group").groups
    assert [g.name for g in groups] == ["alpha", "beta", "zeta", ""]


# change over time


def course(*values, person="Ann", first=date(2026, 1, 1), stratum=HERE):
    """A person's sessions, one each week."""
    return [
        session(
            f"{person} {first} {i}",
            share(value),
            person=person,
            day=first + timedelta(weeks=i),
            stratum=stratum,
        )
        for i, value in enumerate(values)
    ]


def changes_of(*sessions, config=QUICK):
    return combine(found(*sessions), config).changes


def test_a_steady_change_is_told():
    (person,) = changes_of(*course(20, 26, 29, 36, 40, 46, 51))
    (change,) = person.changes
    assert change.beyond
    assert change.text == "from about 21 % to about 51 %"
    assert change.interval[0] > 0


def test_a_change_within_the_usual_differences_is_none():
    (person,) = changes_of(*course(40, 20, 45, 25, 50, 22))
    (change,) = person.changes
    assert not change.beyond
    assert change.text == "no bigger than the usual difference between two of their sessions"


def test_four_sessions_are_too_few_to_tell():
    (person,) = changes_of(*course(20, 30, 40, 50))
    assert person.changes == ()
    assert person.note == "too few to tell a trend: 4 of at least 5 dated sessions"


def test_a_change_across_set_ups_says_that_it_may_come_from_them():
    later = course(36, 40, 46, first=date(2026, 3, 1), stratum=CALL)
    (person,) = changes_of(*course(20, 26, 29), *later)
    assert "recorded or analysed in 2 ways" in person.note


def test_sessions_of_one_day_have_no_trend():
    one_day = [replace(s, day=date(2026, 1, 1)) for s in course(1, 2, 3, 4, 5)]
    assert changes_of(*one_day)[0].note == "all on one day: no trend"


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # theirs, with many ties
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 100)), min_size=5, max_size=15).filter(
        lambda rows: len({day for day, _ in rows}) > 1
    )
)
def test_the_slope_and_its_range_are_theil_and_sens(rows):
    days, values = (np.array(column, dtype=float) for column in zip(*sorted(rows), strict=True))
    slope, low, high = slope_of(days, values, 80.0)
    assert slope == pytest.approx(theilslopes(values, days, 0.8).slope)
    assert low <= slope <= high
    if len(set(days)) == len(days) and len(set(values)) == len(values):
        theirs = theilslopes(values, days, 0.8)
        assert (low, high) == pytest.approx((theirs.low_slope, theirs.high_slope))


# reading


def test_a_folder_of_reports_is_read_with_the_folders_below(tmp_path):
    save(tmp_path, "a", synthetic.report(name="a"))
    save(tmp_path, "course/b", synthetic.report(name="b"))
    whole = cohort(tmp_path, QUICK, by="folder")
    assert [(g.name, g.sessions) for g in whole.groups] == [(".", 1), ("course", 1)]
    seen = synthetic.report().sections[0].measures["talk_share.left"]
    assert figure(whole.groups[0]).value == pytest.approx(seen.value)


def test_a_file_holds_the_same_as_the_reports_added(tmp_path):
    for name in "abc":
        save(tmp_path, name, synthetic.report(name=name))
    own = synthetic.report().sections[0].measures["talk_share.left"]
    whole, sum_ = figure(cohort(tmp_path, QUICK).groups[0]), added([own] * 3)
    assert (whole.numerator, whole.denominator) == (sum_.numerator, sum_.denominator)


def test_counts_are_told_as_rates_of_the_time_there_was(tmp_path):
    save(tmp_path, "a", synthetic.report())
    floor = figure(cohort(tmp_path, QUICK).groups[0], "floor_taken.therapist")
    assert (floor.unit, floor.numerator, floor.value) == ("per 10 min", 1, None)
    assert floor.denominator == pytest.approx(87 / 600)


def test_no_report_stops_the_others(tmp_path):
    save(tmp_path, "good", synthetic.report())
    (tmp_path / "not.json").write_text("{}")
    (tmp_path / "broken.json").write_bytes(b"\xff\x00")
    whole = cohort(tmp_path, QUICK)
    assert whole.sessions == 1
    assert [item.name for item in whole.skipped] == ["broken.json", "not.json"]
    assert "not an Attune report" in whole.skipped[1].why


def test_sections_count_one_by_one_and_only_with_a_sure_therapist(tmp_path):
    save(tmp_path, "two", synthetic.report(sections=2))
    save(tmp_path, "unsure", synthetic.report(role_confidence=0.5))
    whole = cohort(tmp_path, QUICK)
    assert whole.sessions == 2
    assert [(item.name, item.why) for item in whole.left_out] == [
        ("unsure", "who the therapist is was not sure")
    ]


def test_one_recording_that_counts_twice_is_named(tmp_path):
    for name in ("a", "copy"):
        save(tmp_path, name, synthetic.report(name="a"))
    assert "one and the same recording counts 2 times: a, copy" in cohort(tmp_path, QUICK).notes


def test_unlike_figures_are_not_compared_across_people_and_it_says_why(tmp_path):
    for name in "ab":
        save(tmp_path, name, synthetic.report(name=name))
    rows = "name,therapist\na,Ann\nb,{}\n"
    (tmp_path / "sessions.csv").write_text(rows.format("Ben"))
    several = cohort(tmp_path, QUICK)
    apart = {item.name: item.why for item in several.apart}
    assert {"latency", "silences", "backchannels", "time_shares"} <= apart.keys()
    assert "not compared across people" in apart["latency"]
    heads = {f.measure.partition(".")[0] for f in several.groups[0].figures}
    assert not any(KNOWN[head].apart for head in heads)
    (tmp_path / "sessions.csv").write_text(rows.format("Ann"))
    alone = cohort(tmp_path, QUICK)
    latency = figure(alone.groups[0], "latency.therapist")
    assert latency.value == pytest.approx(0.8)
    assert "latency" not in {item.name for item in alone.apart}


def test_one_person_and_somebody_unnamed_are_not_compared_either(tmp_path):
    for name in "ab":
        save(tmp_path, name, synthetic.report(name=name))
    (tmp_path / "sessions.csv").write_text("name,therapist\na,Ann\n")
    whole = cohort(tmp_path, QUICK)
    assert "latency" in {item.name for item in whole.apart}
    assert "latency.therapist" not in {f.measure for f in whole.groups[0].figures}


def test_a_person_alone_has_a_range_of_the_median_of_everything_observed(tmp_path):
    for i in range(6):
        report = synthetic.report(name=f"s{i}")
        measures = dict(report.sections[0].measures)
        sample = tuple(0.1 * i + x for x in (0.5, 0.6, 0.8, 1.2, 1.5))
        measures["latency.left"] = replace(measures["latency.left"], sample=sample)
        save(
            tmp_path,
            f"s{i}",
            replace(report, sections=(replace(report.sections[0], measures=measures),)),
        )
    rows = "name,therapist\n" + "".join(f"s{i},Ann\n" for i in range(6))
    (tmp_path / "sessions.csv").write_text(rows)
    latency = figure(cohort(tmp_path, QUICK).groups[0], "latency.therapist")
    assert latency.drawn == "sessions"
    assert latency.interval[0] < latency.value < latency.interval[1]
    assert latency.denominator == 30


def test_a_measure_the_cohort_does_not_know_is_named_and_left_out(tmp_path):
    report = synthetic.report()
    section = report.sections[0]
    measures = section.measures | {"sparkle.left": section.measures["talk_share.left"]}
    save(tmp_path, "a", replace(report, sections=(replace(section, measures=measures),)))
    whole = cohort(tmp_path, QUICK)
    assert ("sparkle", "not known to the cohort") in [(i.name, i.why) for i in whole.apart]


def test_several_clients_have_no_clients_figure(tmp_path):
    report = synthetic.report()
    section = report.sections[0]
    roles = section.roles | {"third": section.roles["right"]}
    save(tmp_path, "a", replace(report, sections=(replace(section, roles=roles),)))
    names = {f.measure for f in cohort(tmp_path, QUICK).groups[0].figures}
    assert "longest_turn.therapist" in names
    assert "longest_turn.client" not in names


# sessions.csv


def described(tmp_path, text, names=("a", "b")):
    for name in names:
        save(tmp_path, name, synthetic.report(name=name))
    (tmp_path / "sessions.csv").write_bytes(text.encode())
    return read_sessions(tmp_path, QUICK)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_rows_describe_reports(tmp_path, mark):
    rows = ["Name,Therapist,Date,Group", "a,Ann,2026-01-05,A", "b.json,Ben,2026-01-06T10:00,B"]
    there = described(tmp_path, "\ufeff" + "\r\n".join(rows).replace(",", mark))
    assert [(s.person, s.day, s.values["group"]) for s in there.sessions] == [
        ("Ann", date(2026, 1, 5), "A"),
        ("Ben", date(2026, 1, 6), "B"),
    ]
    assert there.notes == ()


def test_a_row_may_be_of_one_section(tmp_path):
    save(tmp_path, "two", synthetic.report(sections=2))
    there = described(tmp_path, "name,section,therapist\ntwo,s2,Ben\ntwo,,Ann\n", names=())
    assert [s.person for s in there.sessions] == ["Ann", "Ben"]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("name,therapist\na,Ann\nb,Ben\nzz,Cem\n", "names 'zz', but no report is called that"),
        ("name,therapist\na,Ann\n", "not described in sessions.csv: b"),
        ("name,therapist\na,Ann\na,Ben\nb,Ben\n", "more than one row for a"),
        ("name,date\na,5.1.26\nb,\n", "'5.1.26' of a is no date like 2026-03-31"),
    ],
)
def test_what_does_not_fit_is_said_not_guessed(tmp_path, text, note):
    there = described(tmp_path, text)
    assert any(note in told for told in there.notes), there.notes
    assert not any(s.day for s in there.sessions)


def test_a_name_that_two_reports_have_needs_its_folder(tmp_path):
    names = ("one/p", "two/p")
    there = described(tmp_path, "name,therapist\np,Ann\n", names=names)
    assert [s.person for s in there.sessions] == [None, None]
    assert "'p' is the name of 2 reports (one/p, two/p)" in there.notes[0]
    there = described(tmp_path, "name,therapist\none/p,Ann\ntwo/p,Ben\n", names=names)
    assert [s.person for s in there.sessions] == ["Ann", "Ben"]


@pytest.mark.parametrize("text", ["", "who\nAnn\n", 'name\n"a'])
def test_an_unusable_file_is_refused(tmp_path, text):
    with pytest.raises(AttuneError, match=r"sessions\.csv"):
        described(tmp_path, text)


def test_without_the_file_nobody_is_known_and_it_says_so(tmp_path):
    save(tmp_path, "a", synthetic.report())
    assert "there is no sessions.csv: nobody and no date is known" in cohort(tmp_path, QUICK).notes


# the form


def test_the_schema_in_the_docs_is_the_one_of_the_code():
    assert FILE.read_text(encoding="utf-8") == schema_text(), (
        "the form has changed: run `python -m pipeline.cohort > docs/cohort.schema.json`"
    )


@EASY
@given(cohorts())
def test_any_cohort_is_valid(sessions):
    for by in (None, "group", "therapist"):
        data = json.loads(to_json(combine(found(*sessions), QUICK, by=by)))
        assert list(Draft202012Validator(json_schema()).iter_errors(data)) == []


# the command


def test_the_command_prints_and_writes(tmp_path):
    for name in "ab":
        save(tmp_path, name, synthetic.report(name=name))
    target = tmp_path / "cohort.json"
    for _ in range(2):  # its own figures, beside the reports, are no report
        ended = attune("cohort", tmp_path, "--by", "setup", "--json", target)
        assert ended.exit_code == 0, ended.output
    assert "setup: two microphones: 2 sessions" in ended.output
    assert "Longest turn, client" in ended.output
    assert "not compared across people" in ended.output
    assert attune("cohort", tmp_path).exit_code == 0
    assert json.loads(target.read_text())["sessions"] == 2
    piped = attune("cohort", tmp_path, "--by", "setup", "--json", "-")
    assert json.loads(piped.stdout) == json.loads(target.read_text())


def test_the_tables_tell_ways_and_ranges_apart_and_name_what_nobody_has():
    sessions = [session(f"s{i}", share(20 + i), person=f"T{i}") for i in range(6)]
    sessions += [session("z", share(60), person="Z", stratum=CALL)]
    unheard = Key("floor_taken.therapist", False, "per 10 min")
    nothing = Measure(None, None, None, unheard.unit, "abstained")
    sessions = [replace(s, figures={**s.figures, unheard: nothing}) for s in sessions]
    (head, group) = tables(combine(found(*sessions), QUICK))
    assert head.title == "7 sessions of 7 people"
    assert any("Started while the other spoke" in line for line in group.lines)
    assert [row[0] for row in group.rows] == [
        "Share of the talking (2 ways)",
        "    way 1",
        "    way 2",
    ]
    assert [row[1] for row in group.rows] == ["28 %", "60 %", "22 %"]
    assert " to " in group.rows[0][2]


def test_exit_codes_tell_failed_files_from_wrong_use(tmp_path, monkeypatch):
    save(tmp_path, "a", synthetic.report())
    (tmp_path / "bad.json").write_text("[]")
    assert attune("cohort", tmp_path).exit_code == 1
    for wrong in (("--by", "shoe"), ("--nosuch",)):
        ended = attune("cohort", tmp_path, *wrong)
        assert ended.exit_code == 2 or isinstance(ended.exception, ConfigError)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AttuneError, match="no report in"):
        cohort(tmp_path / "empty", QUICK)
    with pytest.raises(ConfigError, match="no folder"):
        cohort(tmp_path / "nowhere", QUICK)
    with pytest.raises(ConfigError, match="setup, engine, folder"):
        cohort(tmp_path, QUICK, by="shoe")
