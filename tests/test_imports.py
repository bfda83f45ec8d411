from pipeline.imports import NO_SOUND, named_voices, voices_of_transcript
from pipeline.records import SpeakerSpan, Transcript
from pipeline.timeline import Span
from tests.conversations import diarized

TRANSCRIPT = Transcript((), "en", "vtt", "good", timed=False)


def spans(*told):
    return [SpeakerSpan(float(s), float(e), who) for who, s, e in told]


def test_a_transcript_alone_gives_voices_on_which_timing_abstains():
    found = voices_of_transcript(TRANSCRIPT, spans(("Kim", 4, 9), ("Lee", 0, 3)))
    assert found.speakers == ("Lee", "Kim")
    assert (found.grade, found.sees_overlap, found.note) == ("abstained", False, NO_SOUND)
    assert found.engine == "vtt"


def test_a_transcript_without_speakers_has_no_voices():
    assert voices_of_transcript(TRANSCRIPT, []).speakers == ()


def test_voices_take_the_names_they_share_the_most_time_with():
    heard = diarized({"left": [(0, 5), (10, 15)], "right": [(5, 10)]})
    named = named_voices(heard, spans(("Kim", 5, 11), ("Lee", 0, 5), ("Lee", 11, 15)))
    assert named.speakers == ("Lee", "Kim")
    assert named.of("Lee") == (Span(0, 5), Span(10, 15))
    assert named.of("Kim") == (Span(5, 10),)


def test_timing_stays_what_was_heard():
    heard = diarized({"left": [(0, 5)], "right": [(4, 10)]})
    named = named_voices(heard, spans(("Kim", 0, 4.5), ("Lee", 5, 9)))
    assert [(s.start, s.end) for s in named.spans] == [(s.start, s.end) for s in heard.spans]


def test_a_voice_without_a_partner_keeps_its_label():
    heard = diarized({"left": [(0, 5)], "right": [(20, 25)]})
    assert named_voices(heard, spans(("Kim", 0, 5))).speakers == ("Kim", "right")
    assert named_voices(heard, []).speakers == ("left", "right")


def test_a_voice_without_a_partner_never_melts_into_another_of_that_name():
    heard = diarized({"SPEAKER_00": [(0, 5)], "SPEAKER_01": [(20, 25)]})
    named = named_voices(heard, spans(("SPEAKER_01", 0, 5)))
    assert len(set(named.speakers)) == 2
    assert named.of("SPEAKER_01") == (Span(0, 5),)


def test_labels_may_change_places():
    heard = diarized({"A": [(0, 5)], "B": [(6, 9)]})
    named = named_voices(heard, spans(("B", 0, 5), ("A", 6, 9)))
    assert named.of("B") == (Span(0, 5),)
    assert named.of("A") == (Span(6, 9),)
