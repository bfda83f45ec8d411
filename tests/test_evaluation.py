import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import EvaluationError
from pipeline.evaluation.references import Reference, TrueEvent, find_references, read_rttm
from pipeline.evaluation.run import Result, as_json, score, summary
from pipeline.evaluation.scores import (
    SCORED,
    EventScore,
    auc,
    diarization_error,
    match_events,
    overlap_frames,
    pair_speakers,
    talk_share_error,
    word_error,
)
from pipeline.hearing import Heard
from pipeline.records import Event, Transcript, Word
from pipeline.report import Engine, RecordingFacts
from tests.conversations import CONFIG, diarized, renamed, shifted, speeches

SPEECH = {"A": [(0, 10), (16, 24)], "B": [(4, 4.5), (9, 14), (25, 30)]}
EVENTS = (
    TrueEvent("backchannel", 4, 4.5, "B"),
    TrueEvent("floor_taken", 9, 10, "B"),
)
SAME = {"A": "A", "B": "B"}
ENGINE = Engine("written down", "1", "")


def spans(speech):
    return diarized(speech).spans


def error(true, found, *, collar=0.0, duration=40):
    return diarization_error(spans(true), spans(found), duration=duration, collar=collar)


def moment(kind, start, end, by="A"):
    return Event(kind, start, end, by)


def matched(true, found, pairs=SAME):
    """(matched, reference, detected) of the only type there is."""
    scores = match_events(true, found, pairs, CONFIG.evaluation)
    return next((s.matched, s.reference, s.detected) for s in scores.values() if s.reference)


def reference(**more):
    known = {
        "name": "practice",
        "audio": Path("practice.wav"),
        "voices": spans(SPEECH),
        "talk": {"A": 18.0, "B": 10.0},
        "events": EVENTS,
        "text": None,
    }
    return Reference(**(known | more))


def heard(speech, *, said=None, **more):
    found = diarized(speech, **more)
    words = [Word(i, i + 0.5, w) for i, w in enumerate((said or "").split())]
    return Heard(
        facts=RecordingFacts("practice", 40.0, "0" * 64, 1, "unknown", None),
        diarization=replace(found, confidence=0.9),
        diarizer=ENGINE,
        transcript=Transcript(tuple(words), "en", "written down", "good") if said else None,
        transcriber=ENGINE,
    )


def written(folder, **files):
    """A recording with references beside it: rttm, truth (a mapping or text), stm."""
    (folder / "a.wav").write_bytes(b"")
    for name, text in files.items():
        suffix = ".truth.json" if name == "truth" else f".{name}"
        (folder / f"a{suffix}").write_text(text if isinstance(text, str) else json.dumps(text))
    return find_references(folder)


# references


def test_references_are_found_beside_their_recordings(tmp_path):
    (one,) = written(
        tmp_path,
        rttm="SPEAKER a 1 5.0 2.5 x x B x x\nSPEAKER a 1 1.0 2.0 x x A x x\n",
        truth={"talk": {"A": 2}, "events": [{"type": "silence", "start": 1, "end": 5, "by": "B"}]},
        stm=";; a comment\na 1 B 5.0 7.5 <o> and you\na 1 A 1.0 3.0 <o> how are things\n",
    )
    assert one.name == "a"
    assert [(s.start, s.end, s.speaker) for s in one.voices] == [(1, 3, "A"), (5, 7.5, "B")]
    assert one.talk == {"A": 2.0}
    assert one.events == (TrueEvent("silence", 1.0, 5.0, "B"),)
    assert one.text == "how are things and you"


def test_what_has_no_file_is_not_known(tmp_path):
    (one,) = written(tmp_path, stm="a 1 A 1.0 3.0 <o> hello\n")
    assert (one.voices, one.talk, one.events) == (None, None, None)


def test_the_label_of_an_stm_line_is_optional(tmp_path):
    assert written(tmp_path, stm="a 1 A 1.0 3.0 how are things\n")[0].text == "how are things"
    assert written(tmp_path, stm="a 1 A 1.0 3.0\n")[0].text == ""


def test_lines_of_other_kinds_are_passed_over_in_an_rttm(tmp_path):
    path = tmp_path / "a.rttm"
    path.write_text("SPKR-INFO a 1 <NA> <NA> <NA> unknown A <NA>\n\nSPEAKER a 1 0 1 x x A x\n")
    assert len(read_rttm(path)) == 1


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"rttm": "SPEAKER a 1 0.0\n"}, "line 1 is no RTTM line"),
        ({"rttm": "SPEAKER a 1 0 1 x x A\nSPEAKER a 1 soon 1 x x A\n"}, "line 2 is no RTTM line"),
        ({"rttm": "SPEAKER a 1 nan 1 x x A\n"}, "line 1 is no RTTM line"),
        ({"rttm": "SPEAKER a 1 3.0 -1 x x A\n"}, "line 1 is no RTTM line"),
        ({"rttm": "WEBVTT\n"}, "holds no SPEAKER line"),
        ({"truth": "{"}, "is no truth file"),
        ({"truth": {"talk": {}}}, "is no truth file"),
        ({"truth": []}, "is no truth file"),
        ({"truth": {"talk": {"A": -1}, "events": []}}, "is no truth file"),
        ({"truth": {"talk": {}, "events": [{"type": "silence", "start": 1}]}}, "is no truth file"),
        ({"stm": "a 1 A\n"}, "line 1 is no STM line"),
        ({"stm": "a 1 A 3.0 later <o> hello\n"}, "line 1 is no STM line"),
        ({"stm": "a 1 A 3.0 2.0 <o> hello\n"}, "before its start"),
    ],
)
def test_a_reference_that_cannot_be_read_is_refused(tmp_path, files, complaint):
    with pytest.raises(EvaluationError, match=complaint):
        written(tmp_path, **files)


def test_a_reference_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "a.rttm"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EvaluationError, match="can't be read"):
        read_rttm(path)


def test_a_folder_without_references_is_refused_with_what_belongs_there(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(EvaluationError, match=r"put NAME\.rttm"):
        find_references(tmp_path)
    with pytest.raises(EvaluationError, match="is no folder"):
        find_references(tmp_path / "missing")


# diarization


@settings(max_examples=8, deadline=None)
@given(speeches(voices=3, most=5))
def test_a_diarization_has_no_error_against_itself_whatever_its_labels(speech):
    other = renamed(speech, {"A": "X", "B": "Y", "C": "Z"})
    for collar in (0.0, CONFIG.evaluation.collar):
        assert error(speech, other, collar=collar, duration=200) == pytest.approx(0, abs=1e-9)


def test_der_is_missed_and_false_and_confused_speech_over_all_speech():
    """
    true   A |----10----|  B |----10----|
    found  A |---8---|     B      |---6--|A|2s|        2 missed, 2 + 2 missed and confused
    """
    true = {"A": [(0, 10)], "B": [(10, 20)]}
    assert error(true, {"A": [(0, 8)], "B": [(10, 20)]}) == pytest.approx(2 / 20)
    assert error(true, {"A": [(0, 10)], "B": [(10, 23)]}) == pytest.approx(3 / 20)
    assert error(true, {"A": [(0, 10), (18, 20)], "B": [(10, 18)]}) == pytest.approx(2 / 20)


def test_overlap_is_scored():
    assert error({"A": [(0, 10)], "B": [(8, 10)]}, {"A": [(0, 10)]}) == pytest.approx(2 / 12)


def test_a_collar_forgives_a_quarter_of_a_second_on_each_side():
    true, found = {"A": [(0, 10)], "B": [(12, 20)]}, {"A": [(0, 10.25)], "B": [(12.25, 20)]}
    assert error(true, found, collar=0.5) == pytest.approx(0)
    assert error(true, found) == pytest.approx(0.5 / 18)


def test_voices_are_paired_so_that_they_share_the_most_speech():
    """
    The longest shared time alone would pair x with A and leave y with nothing of B.
    """
    true = spans({"A": [(0, 10)], "B": [(20, 29)]})
    found = spans({"x": [(0, 10), (20, 29)], "y": [(0, 9)]})
    assert pair_speakers(true, found) == {"x": "B", "y": "A"}


def test_a_voice_too_many_has_no_partner():
    true, found = spans({"A": [(0, 10)]}), spans({"x": [(0, 2)], "y": [(2, 10)]})
    assert pair_speakers(true, found) == {"y": "A"}
    assert pair_speakers(true, ()) == {}


def test_overlap_is_found_missed_and_made_up_in_seconds():
    true = spans({"A": [(0, 10)], "B": [(8, 12)]})
    found = spans({"A": [(0, 11)], "B": [(9, 12)]})
    assert overlap_frames(true, found) == (1, 2, 2)


def test_talk_share_error_is_the_largest_difference_of_any_share():
    talk, found = {"A": 60.0, "B": 40.0}, {"x": 30.0, "y": 70.0}
    assert talk_share_error(talk, found, {"x": "B", "y": "A"}) == pytest.approx(0.1)
    assert talk_share_error(talk, found, {"x": "A", "y": "B"}) == pytest.approx(0.3)


def test_talk_of_a_voice_that_is_nobody_counts_against_the_others():
    assert talk_share_error({"A": 1.0}, {"x": 3.0, "y": 1.0}, {"x": "A"}) == pytest.approx(0.25)


def test_a_person_who_was_not_found_is_missed_wholly():
    assert talk_share_error({"A": 3.0, "B": 1.0}, {"x": 3.0}, {"x": "A"}) == pytest.approx(0.25)


def test_where_nobody_speaks_there_is_no_share():
    assert talk_share_error({"A": 0.0}, {"x": 1.0}, {"x": "A"}) is None
    assert talk_share_error({"A": 1.0}, {}, {}) is None


# events


@pytest.mark.parametrize(("late", "found"), [(0.25, 1), (-0.25, 1), (0.375, 0), (-0.375, 0)])
def test_events_match_by_their_onset_within_a_quarter_of_a_second(late, found):
    true = [TrueEvent("backchannel", 4, 5, "A")]
    assert matched(true, [moment("backchannel", 4 + late, 9)])[0] == found


def test_events_match_only_with_the_same_person():
    true = [TrueEvent("floor_taken", 4, 5, "A")]
    assert matched(true, [moment("floor_taken", 4, 5, "B")]) == (0, 1, 1)
    assert matched(true, [moment("floor_taken", 4, 5, "x")], {"x": "A"}) == (1, 1, 1)
    assert matched(true, [moment("floor_taken", 4, 5, None)]) == (0, 1, 1)


def test_silences_match_by_both_ends_whoever_broke_them():
    true = [TrueEvent("silence", 4, 8, "A")]
    assert matched(true, [moment("silence", 4.125, 8.25, "B")]) == (1, 1, 1)
    assert matched(true, [moment("silence", 4, 8.375)]) == (0, 1, 1)


def test_events_match_only_their_own_type():
    scores = match_events(
        [TrueEvent("backchannel", 4, 5, "A")],
        [moment("overlap_floor_kept", 4, 5)],
        SAME,
        CONFIG.evaluation,
    )
    assert scores["backchannel"] == EventScore(0, 1, 0)
    assert scores["overlap_floor_kept"] == EventScore(0, 0, 1)


def test_one_event_matches_one_event():
    true = [TrueEvent("backchannel", 4, 5, "A")]
    twice = [moment("backchannel", 4, 5), moment("backchannel", 4.125, 5)]
    assert matched(true, twice) == (1, 1, 2)


def test_as_many_pairs_are_made_as_can_be():
    """
    true   3.875      4.125           the nearest of 3.875 is 4.0, and 3.625 would go to waste
    found       4.0        3.625
    """
    true = [TrueEvent("backchannel", t, 5, "A") for t in (3.875, 4.125)]
    assert matched(true, [moment("backchannel", t, 5) for t in (4.0, 3.625)]) == (2, 2, 2)


def test_scores_add_and_are_never_averaged():
    total = EventScore(1, 2, 1) + EventScore(1, 1, 4)
    assert total == EventScore(2, 3, 5)
    assert (total.precision, total.recall, total.f1) == (2 / 5, 2 / 3, 0.5)


def test_scores_of_nothing_are_not_told():
    assert (EventScore(0, 0, 2).recall, EventScore(0, 2, 0).precision) == (None, None)
    assert EventScore(0, 0, 0).f1 is None
    assert EventScore(0, 0, 2).f1 == 0


# words and confidence


@pytest.mark.parametrize(
    ("true", "found", "rate"),
    [
        ("how are you", "how are you", 0),
        ("How are you?", "how ARE you", 0),
        ("how are you", "how were you", 1 / 3),
        ("how are you", "how you", 1 / 3),
        ("how are you", "how are are you", 1 / 3),
        ("how are you", "", 1),
        ("yes", "no not now", 3),
        ("Mm-hm.", "mmhm", 0),
    ],
)
def test_word_error_rate_by_hand(true, found, rate):
    assert word_error(true, found) == pytest.approx(rate)


def test_without_reference_words_there_is_no_rate():
    assert word_error("", "hello") is None


def test_auc_is_how_often_a_positive_scores_above_a_negative():
    assert auc([0.9, 0.8, 0.1], [True, True, False]) == 1
    assert auc([0.1, 0.9], [True, False]) == 0
    assert auc([0.5, 0.5], [True, False]) == 0.5
    assert auc([0.9, 0.4, 0.6, 0.1], [True, True, False, False]) == 0.75


def test_auc_needs_both_kinds():
    assert auc([0.5, 0.6], [True, True]) is None
    assert auc([], []) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=20))
def test_auc_of_the_opposite_scores_is_the_rest(rows):
    scores, positive = [s for s, _ in rows], [p for _, p in rows]
    one, other = auc(scores, positive), auc([-s for s in scores], positive)
    assert one is None or one + other == pytest.approx(1)


# a recording's result, and the form that --json writes


def test_what_is_found_exactly_has_no_error():
    result = score(reference(), heard(renamed(SPEECH, {"A": "S1", "B": "S2"})), CONFIG)
    assert (result.der, result.der_collar) == (pytest.approx(0), pytest.approx(0))
    assert result.talk_share_error == pytest.approx(0)
    assert result.events["backchannel"] == EventScore(1, 1, 1)
    assert result.events["floor_taken"] == EventScore(1, 1, 1)
    assert result.overlap == (1.5, 1.5, 1.5)
    assert result.wer is None


def test_words_are_scored_where_there_is_a_reference_and_a_transcriber():
    known = reference(text="how are you")
    assert score(known, heard(SPEECH, said="how were you"), CONFIG).wer == pytest.approx(1 / 3)
    assert score(known, heard(SPEECH), CONFIG).wer is None
    assert score(reference(), heard(SPEECH, said="how were you"), CONFIG).wer is None


def test_without_true_voices_nothing_but_words_is_scored():
    result = score(reference(voices=None, text="hello"), heard(SPEECH, said="hello"), CONFIG)
    assert (result.der, result.der_collar, result.talk_share_error, result.events) == (None,) * 4
    assert result.wer == 0


def test_a_diarizer_that_hears_no_overlap_is_not_blamed_for_what_it_does_not_tell():
    result = score(reference(), heard(SPEECH, sees_overlap=False), CONFIG)
    assert result.events.keys() == {"silence"}


def test_json_has_the_form_of_the_contract():
    data = as_json([score(reference(), heard(SPEECH), CONFIG)])
    assert data.keys() == {"files", "summary"}
    (one,) = data["files"]
    assert {
        "name",
        "engine",
        "grade",
        "der",
        "der_collar",
        "talk_share_error",
        "wer",
        "events",
    } <= (one.keys())
    assert (one["name"], one["engine"], one["grade"]) == ("practice", "written down", "good")
    assert set(one["events"]) == set(SCORED)
    for event in one["events"].values():
        assert event.keys() == {"precision", "recall", "f1", "reference", "detected"}
    assert one["events"]["backchannel"]["f1"] == 1
    assert one["events"]["silence"] == {
        "precision": None,
        "recall": None,
        "f1": None,
        "reference": 0,
        "detected": 0,
    }
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_what_the_engine_abstains_from_is_null():
    data = as_json([score(reference(), heard(SPEECH, grade="abstained"), CONFIG)])
    (one,) = data["files"]
    assert one["grade"] == "abstained"
    assert [one[k] for k in ("der", "der_collar", "talk_share_error", "wer", "events")] == [
        None
    ] * 5
    assert data["summary"]["grades"]["abstained"] == 1
    assert data["summary"]["der"] == {"median": None, "worst": None, "best": None}
    assert data["summary"]["events"] == {}


def test_a_recording_in_which_nobody_was_found_is_all_missed():
    result = score(reference(), heard({}, grade="low"), CONFIG)
    assert result.der == pytest.approx(1)
    assert result.talk_share_error is None
    assert result.events["backchannel"] == EventScore(0, 1, 0)


def result_of(name, **more):
    return Result(name=name, engine="e", grade=more.pop("grade", "good"), **more)


def test_summary_pools_events_and_tells_the_worst():
    found = summary(
        [
            result_of("a", der=0.1, events={"silence": EventScore(1, 1, 1)}, overlap=(1, 2, 1)),
            result_of("b", der=0.3, events={"silence": EventScore(0, 3, 1)}, overlap=(1, 4, 2)),
            result_of("c", der=0.2),
        ]
    )
    assert found["der"] == {"median": 0.2, "worst": 0.3, "best": 0.1}
    assert found["events"]["silence"]["recall"] == 0.25
    assert found["overlap_precision"] == {"median": 0.75, "worst": 0.5, "best": 1.0}
    assert found["overlap_recall"]["worst"] == 0.25


def test_summary_judges_the_confidence_by_failures_abstained_ones_included():
    found = summary(
        [
            result_of("a", confidence=0.9, raw_der=0.02),
            result_of("b", confidence=0.8, raw_der=0.05),
            result_of("c", confidence=0.2, raw_der=0.5, grade="abstained"),
            result_of("d", confidence=None, raw_der=0.5),
        ]
    )
    assert found["confidence_auc"] == 1
    assert found["grades"] == {"good": 3, "low": 0, "abstained": 1}


def test_a_result_that_comes_later_is_an_error_for_every_second():
    late = score(reference(), heard(shifted(SPEECH, 2.0)), CONFIG)
    assert late.der > 0.2
    assert late.events["floor_taken"].matched == 0
