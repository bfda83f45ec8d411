import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import TranscriptError
from pipeline.records import SpeakerSpan
from pipeline.transcription.readers import read_transcript
from pipeline.transcription.readers.rttm import read_rttm
from pipeline.transcription.readers.source import MAX_BYTES

ZOOM = """WEBVTT

1
00:00:01.000 --> 00:00:03.000
Ana Hill: What brings you here?

2
00:00:03.500 --> 00:00:05.000
Jo: Well: I can't sleep.

3
00:00:06.000 --> 00:00:08.000
Ana Hill: You&#39;re worn out &amp; sad.
"""

TEAMS = """WEBVTT

3f2c-1/12-0
00:00:01.000 --> 00:00:03.000
<v Ana Hill>What brings
you here?</v>

3f2c-1/13-0
00:00:03.500 --> 00:00:05.000
<v.loud Jo &amp; Co>I can't <i>sleep</i>.</v>
"""

SRT = """1
00:00:01,000 --> 00:00:03,000
{\\an8}<i>What</i> brings you here?

2
00:00:03,500 --> 00:00:05,000
- I can't sleep.
"""

WHISPERX = {
    "segments": [
        {
            "start": 1.0,
            "end": 3.0,
            "text": " In 1984 I left.",
            "speaker": "SPEAKER_01",
            "words": [
                {"word": "In", "start": 1.0, "end": 1.2, "score": 0.9, "speaker": "SPEAKER_01"},
                {"word": "1984"},
                {"word": "I", "start": 2.0, "end": 2.1, "score": 0.8, "speaker": "SPEAKER_01"},
                {"word": "left.", "start": 2.2, "end": 2.6, "score": 0.7, "speaker": "SPEAKER_00"},
            ],
        }
    ],
    "language": "en",
}


@pytest.fixture
def read(tmp_path):
    def reading(content, name="Praxisübung Ä 1.vtt", encoding="utf-8"):
        path = tmp_path / name
        if isinstance(content, dict | list):
            content = json.dumps(content)
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return read_rttm(path) if name.endswith(".rttm") else read_transcript(path)

    return reading


def said(transcript, speaker):
    return " ".join(word.text for word in transcript.words if word.speaker == speaker)


def test_zooms_names_become_speakers_and_only_the_names(read):
    transcript, spans = read(ZOOM)
    assert said(transcript, "Ana Hill") == "What brings you here? You're worn out & sad."
    assert said(transcript, "Jo") == "Well: I can't sleep."
    assert spans == (
        SpeakerSpan(1, 3, "Ana Hill"),
        SpeakerSpan(3.5, 5, "Jo"),
        SpeakerSpan(6, 8, "Ana Hill"),
    )
    assert not transcript.timed


def test_words_share_their_cue_by_length(read):
    transcript, _ = read("WEBVTT\n\n00:01.000 --> 00:03.000\nabc d\n")
    assert [(w.start, w.end, w.text) for w in transcript.words] == [(1, 2.5, "abc"), (2.5, 3, "d")]
    assert transcript.words[0].speaker is None


def test_teams_voices_become_speakers(read):
    transcript, spans = read(TEAMS)
    assert said(transcript, "Ana Hill") == "What brings you here?"
    assert said(transcript, "Jo & Co") == "I can't sleep."
    assert [span.speaker for span in spans] == ["Ana Hill", "Jo & Co"]


def test_two_speakers_in_a_cue_share_its_time(read):
    both = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v A>abcd</v>\n<v B>efgh</v>\n"
    _, spans = read(both)
    assert spans == (SpeakerSpan(1, 2, "A"), SpeakerSpan(2, 3, "B"))


def test_srt_without_names_leaves_words_unattributed(read):
    transcript, spans = read(SRT, name="call.srt")
    assert said(transcript, None) == "What brings you here? I can't sleep."
    assert spans == ()


def test_srt_speakers_of_two_lines_are_told_apart(read):
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\nA: so\nB: no\n\n2\n00:00:03,000 --> 00:00:04,000\nA: oh"
    )
    transcript, _ = read(text)
    assert (said(transcript, "A"), said(transcript, "B")) == ("so oh", "no")


def test_a_colon_in_ordinary_talk_names_nobody(read):
    cue = "00:00:0{0},000 --> 00:00:0{0},900\n{1}\n\n"
    texts = ["I said so", "One thing: sleep", "and that", "is all", "I know"]
    transcript, _ = read("".join(cue.format(i, text) for i, text in enumerate(texts)))
    assert {word.speaker for word in transcript.words} == {None}


def test_an_arrow_inside_a_caption_is_words(read):
    transcript, _ = read("WEBVTT\n\n00:01.000 --> 00:03.000\nfrom 1 --> 2\nand on\n")
    assert said(transcript, None) == "from 1 --> 2 and on"


def test_notes_and_styles_are_no_words(read):
    asides = "WEBVTT - x\nKind: captions\n\nNOTE\nhidden\n\nSTYLE\n::cue {}\n\n"
    assert said(read(asides + "00:01.000 --> 00:02.000\nhi\n")[0], None) == "hi"


def test_text_after_a_blank_line_still_belongs_to_its_caption(read):
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\none\n\ntwo\n\n2\n00:00:03,000 --> 00:00:04,000\nthree\n"
    )
    assert said(read(text)[0], None) == "one two three"


def test_whisperx_words_keep_their_times_scores_and_speakers(read):
    transcript, spans = read(WHISPERX, name="x.json")
    assert [word.text for word in transcript.words] == ["In", "1984", "I", "left."]
    year = transcript.words[1]
    assert (year.start, year.end, year.confidence) == (1.2, 2.0, None)
    assert transcript.words[0].confidence == 0.9
    assert transcript.timed
    assert spans == (SpeakerSpan(1.0, 2.1, "SPEAKER_01"), SpeakerSpan(2.2, 2.6, "SPEAKER_00"))


def test_faster_whisper_segments_are_read_as_a_list_too(read):
    words = [{"word": " Hi", "start": 0.5, "end": 0.8, "probability": 0.5}]
    transcript, spans = read([{"start": 0.5, "end": 0.9, "text": " Hi", "words": words}])
    assert [(w.text, w.confidence) for w in transcript.words] == [("Hi", 0.5)]
    assert spans == ()


def test_segments_without_words_are_spread_and_say_so(read):
    transcript, _ = read({"segments": [{"start": 0, "end": 2, "text": "ab cd"}]})
    assert [w.start for w in transcript.words] == [0, 1]
    assert not transcript.timed


def test_rttm_gives_voices_and_joins_one_voices_overlaps(read):
    line = "SPEAKER call 1 {} {} <NA> <NA> {} <NA> <NA>\n"
    text = ";; made by hand\n" + line.format(1, 2, "A") + line.format(2, 2, "A")
    diarization = read(text + line.format(3.5, 1, "B"), name="x.rttm")
    assert diarization.spans == (SpeakerSpan(1, 4, "A"), SpeakerSpan(3.5, 4.5, "B"))
    assert diarization.speakers == ("A", "B")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_meeting_software_are_read(read, encoding):
    text = ZOOM.replace("Jo", "Zoë").replace("\n", "\r\n")
    assert said(read(text, encoding=encoding)[0], "Zoë") == "Well: I can't sleep."


BAD = [
    ("", "empty"),
    (" \n\n", "empty"),
    ("Just some words.\nAnd more.", "no transcript Attune knows"),
    ("WEBVTT\n", "captions without words"),
    ("WEBVTT\n\nlost words\n\n00:01.000 --> 00:02.000\nhi", r"line 3: text stands before"),
    ("WEBVTT\n\n00:05.000 --> 00:02.000\nhi", r"line 3: .*ends before it starts"),
    ("WEBVTT\n\n-00:05.000 --> 00:02.000\nhi", r"line 3: .*negative"),
    ("WEBVTT\n\n00:05.000 --> soon\nhi", r"line 3: '00:05.000 --> soon' is no caption time"),
    ("WEBVTT\n\n00:75.000 --> 00:76.000\nhi", "more than 59"),
    ("WEBVTT\n\n99:00:00.000 --> 99:00:01.000\nhi", "no time of a recording"),
    (
        "WEBVTT\n\n00:01.000 --> 00:09.000\n<v A>one\n\n00:03.000 --> 00:08.000\n<v A>two",
        "same speaker has captions from 1.000 s",
    ),
    ("SPEAKER x 1 0 1 <NA> <NA> A <NA> <NA>", "voices but no words"),
    ("{", r"line 1: no valid JSON"),
    ('{"text": "hi"}', "without a list of segments"),
    ('{"segments": []}', "without words"),
    ('{"segments": [3]}', "segment 1 is no object"),
    ('{"segments": [{"text": "hi"}]}', "segment 1 lacks its start"),
    ('{"segments": [{"start": 2, "end": 1}]}', "segment 1 ends at 1.0 s, before"),
    ('{"segments": [{"start": -1, "end": 1}]}', "-1 s is no time"),
    ('{"segments": [{"start": NaN, "end": 1}]}', "nan s is no time"),
    ('{"segments": [{"start": 1' + "0" * 400 + ', "end": 1}]}', "inf s is no time"),
    ('{"segments": [{"start": "0", "end": 1}]}', "'0' is no time in seconds"),
    ('{"segments": [{"start": 0, "end": 1, "words": [{"start": 0}]}]}', "word 1 has no text"),
    ("[" * 100_000, "can't be read"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_bad_transcripts_are_refused_with_place_value_and_remedy(read, content, message):
    with pytest.raises(TranscriptError, match=message) as error:
        read(content)
    assert "Praxisübung" in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SPEAKER x 1 0", "line 1: 4 fields"),
        ("SPEAKER x 1 zero 1 <NA> <NA> A", "start 'zero'"),
        ("SPEAKER x 1 -1 1 <NA> <NA> A", "-1 s is no time"),
        ("SPEAKER x 1 0 nan <NA> <NA> A", "nan s is no time"),
        ("SPEAKER x 1 0 1 <NA> <NA> A\nSPEAKER y 1 0 1 <NA> <NA> A", "2 recordings"),
        ("words", "no SPEAKER lines"),
    ],
)
def test_bad_rttm_is_refused_with_line_and_value(read, line, message):
    with pytest.raises(TranscriptError, match=message):
        read(line, name="x.rttm")


def test_a_file_in_another_encoding_is_refused_with_the_byte(read):
    with pytest.raises(TranscriptError, match=r"not UTF-8 text: byte \d+ is 0xEB"):
        read(ZOOM.replace("Jo", "Zoë"), encoding="latin-1")
    with pytest.raises(TranscriptError, match="NUL"):
        read(b"WEBVTT\n\n00:01.000 --> 00:02.000\nhi\0")


def test_a_missing_file_a_folder_and_a_huge_file_are_refused(tmp_path, read):
    with pytest.raises(TranscriptError, match="can't be read"):
        read_transcript(tmp_path / "nowhere.vtt")
    with pytest.raises(TranscriptError, match="not a file"):
        read_transcript(tmp_path)
    with pytest.raises(TranscriptError, match="MB"):
        read(b"WEBVTT\n" + b" " * MAX_BYTES)


CUE = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
LARGE = {
    "unclosed tags": CUE + "<v " * 50_000,
    "unclosed formatting": CUE + "<i " * 50_000,
    "blank lines": "{" + "\n" * 100_000,
    "one long line": CUE + "a" * 1_000_000,
    "colons": CUE + "a: " * 50_000,
    "digits in a reference": CUE + "&#" + "9" * 1_000_000 + ";",
    "references": CUE + "&" * 1_000_000,
    "empty captions": "WEBVTT\n\n" + "00:01.000 --> 00:02.000\n" * 10_000,
}


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_large_nonsense_is_read_or_refused_without_hanging(read, content):
    try:
        assert read(content)[0].words
    except TranscriptError:
        return


def test_no_message_holds_words_that_were_said(read):
    with pytest.raises(TranscriptError) as error:
        read("WEBVTT\n\nsecret\n\n00:01.000 --> 00:02.000\nsecret")
    assert "secret" not in str(error.value)


TIMES = ["00:01.000 --> 00:02.000", "1\n00:00:01,0 --> 00:00:00,5", "-->"]
MARKS = [
    "<v A>",
    "</v>",
    "A: b",
    "NOTE",
    "{",
    "[",
    '"segments"',
    ":",
    "<",
    "&lt;",
    "word ",
    "\ufeff",
]
pieces = st.sampled_from(["WEBVTT", "\n", "\n\n", *TIMES, *MARKS])


@given(st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=25))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("any", numbered=True) / "x.vtt"
    path.write_text("".join(parts), encoding="utf-8", errors="replace", newline="")
    try:
        transcript, spans = read_transcript(path)
    except TranscriptError:
        return
    assert transcript.words
    assert all(0 <= w.start <= w.end for w in transcript.words)
    assert all(span.start < span.end for span in spans)
