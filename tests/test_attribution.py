import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from pipeline.attribution import attribute
from pipeline.config import load_config
from pipeline.records import Diarization, SpeakerSpan, Transcript, Word

CONFIG = load_config().attribution


def diarization(*spans, exclusive=()):
    spans = tuple(SpeakerSpan(*span) for span in spans)
    return Diarization(
        spans=tuple(sorted(spans, key=lambda s: s.start)),
        speakers=tuple(dict.fromkeys(span.speaker for span in spans)),
        engine="test",
        grade="good",
        confidence=None,
        sees_overlap=True,
        exclusive=tuple(SpeakerSpan(*span) for span in exclusive),
    )


def transcript(*words):
    return Transcript(words=tuple(words), language="en", engine="test", grade="good")


def in_a_row(text, *, start=0.0, length=0.25):
    return [
        Word(start + i * length, start + (i + 1) * length, word)
        for i, word in enumerate(text.split())
    ]


def owners(words, voices, config=CONFIG):
    found = attribute(transcript(*words), voices, config)
    assert [w.text for w in found.words] == [
        w.text for w in sorted(words, key=lambda w: (w.start, w.end))
    ]
    return "".join(word.speaker or "-" for word in found.words)


def test_a_word_belongs_to_the_voice_it_shares_most_time_with():
    voices = diarization((0, 1, "A"), (1, 2, "B"))
    assert owners([Word(0.7, 1.2, "well")], voices) == "A"
    assert owners([Word(0.9, 1.5, "well")], voices) == "B"


def test_a_tie_goes_to_the_voice_that_holds_the_middle():
    assert owners([Word(0.75, 1.25, "well")], diarization((0, 1, "A"), (1, 2, "B"))) == "B"


def test_a_word_beside_every_voice_goes_to_the_nearest_and_further_off_to_nobody():
    voices = diarization((0, 1, "A"), (3, 4, "B"))
    near = CONFIG.nearest
    assert owners([Word(1 + near * 0.9, 1.5, "well")], voices) == "A"
    assert owners([Word(2.4, 3 - near * 0.9, "well")], voices) == "B"
    assert owners([Word(1 + near * 1.1, 2.5, "well")], voices) == "-"


def test_exclusive_spans_decide_where_there_are_any():
    voices = diarization((0, 4, "A"), (1, 2, "B"), exclusive=[(0, 4, "A")])
    assert owners([Word(1.2, 1.6, "yeah")], voices) == "A"


def test_of_two_voices_at_once_the_short_one_has_the_listening_sounds():
    voices = diarization((0, 6, "A"), (1, 2, "B"))
    words = [Word(0.5, 0.9, "I"), Word(1.1, 1.3, "mm-hm"), Word(1.4, 1.8, "lost")]
    assert owners(words, voices) == "ABA"


def test_a_late_change_of_speaker_moves_back_to_the_sentence_end():
    words = in_a_row("how have you been sleeping? not so well")
    assert owners(words, diarization((0, 1.4, "A"), (1.4, 2, "B"))) == "AAAAABBB"
    assert owners(words, diarization((0, 0.9, "A"), (0.9, 2, "B"))) == "AAAAABBB"


def test_a_change_moves_to_a_pause_when_there_is_no_punctuation():
    words = [*in_a_row("how have you been"), *in_a_row("not so well", start=1.4)]
    assert owners(words, diarization((0, 0.7, "A"), (0.7, 3, "B"))) == "AAAABBB"


def test_a_change_further_away_than_the_reach_stays():
    words = in_a_row("how have you been sleeping lately? not well", length=0.6)
    assert owners(words, diarization((0, 1.9, "A"), (1.9, 5, "B"))) == "AAABBBBB"


def test_more_words_than_the_limit_do_not_move():
    words = in_a_row("how have you been sleeping lately? not well", length=0.05)
    voices = diarization((0, 0.1, "A"), (0.1, 1, "B"))
    assert owners(words, voices) == "AABBBBBB"
    assert owners(words, voices, dataclasses.replace(CONFIG, snap_words=4)) == "AAAAAABB"


def test_listening_sounds_never_move():
    words = in_a_row("and then I left mm-hm. so I went")
    assert owners(words, diarization((0, 1, "A"), (1, 1.25, "B"), (1.25, 3, "A"))) == "AAAABAAA"


def test_a_whole_answer_never_moves():
    words = in_a_row("what happened I left. and then what")
    assert owners(words, diarization((0, 0.5, "A"), (0.5, 1, "B"), (1, 3, "A"))) == "AABBAAA"


def test_a_word_that_carries_a_speaker_keeps_it():
    words = [Word(0.1, 0.4, "well", speaker="C"), Word(0.5, 0.9, "yes")]
    assert owners(words, diarization((0, 1, "A"))) == "CA"


def test_without_voices_nobody_owns_a_word():
    assert owners(in_a_row("hello there"), diarization()) == "--"


seconds = st.integers(0, 600).map(lambda n: n / 16)
lengths = st.integers(1, 64).map(lambda n: n / 16)
texts = st.sampled_from(["yeah", "so", "left.", "what?", "I", "mm-hm"])
words = st.lists(
    st.builds(lambda s, d, t: Word(s, s + d / 4, t), seconds, lengths, texts), max_size=30
)
spans = st.lists(
    st.builds(lambda s, d, who: (s, s + d, who), seconds, lengths, st.sampled_from("AB")),
    max_size=15,
)


@given(words, spans)
def test_every_owner_is_a_voice_close_by_and_no_word_is_lost(drawn, voices):
    found = attribute(transcript(*drawn), diarization(*voices), CONFIG).words
    assert sorted((w.start, w.end, w.text) for w in found) == sorted(
        (w.start, w.end, w.text) for w in drawn
    )
    reach = CONFIG.nearest + CONFIG.snap_reach + CONFIG.snap_words * 4
    for word in found:
        if word.speaker is not None:
            assert any(
                who == word.speaker and start - reach <= word.end and word.start <= end + reach
                for start, end, who in voices
            )


@given(words, spans, st.integers(0, 1000))
def test_shifting_everything_changes_no_owner(drawn, voices, shift):
    later = [dataclasses.replace(w, start=w.start + shift, end=w.end + shift) for w in drawn]
    moved = [(start + shift, end + shift, who) for start, end, who in voices]
    assert owners(later, diarization(*moved)) == owners(drawn, diarization(*voices))


@given(words, spans)
def test_swapping_the_voices_swaps_the_owners(drawn, voices):
    # two voices in exactly the same stretch can only be told apart by their order
    voices = list({(start, end): (start, end, who) for start, end, who in voices}.values())
    swap = {"A": "B", "B": "A"}
    other = [(start, end, swap[who]) for start, end, who in voices]
    expected = owners(drawn, diarization(*voices)).translate(str.maketrans("AB", "BA"))
    assert owners(drawn, diarization(*other)) == expected
