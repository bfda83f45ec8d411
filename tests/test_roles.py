import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import load_config
from pipeline.errors import ConfigError
from pipeline.lexicon import load_lexicon
from pipeline.roles import assign_roles, manner

CONFIG = load_config().roles
ENGLISH = load_lexicon("en")

LISTENER = [
    "What brings you here today?",
    "It sounds like you carry a lot at the moment. How are you sleeping?",
    "You're worn out, and you still look after your mother.",
    "What would you like to be different?",
    "So you want more time for yourself.",
]
TELLER = [
    "I can't keep up with my work, and my mother is ill.",
    "I lie awake until three. Then I get up and I clean the kitchen.",
    "Yes. I don't know how long I can do it.",
    "I want to see my friends again. I miss them.",
    "Mm. I think I do.",
]


def roles_of(texts, **more):
    decision = assign_roles(texts, ENGLISH, CONFIG, **more)
    return {speaker: person.role for speaker, person in decision.roles.items()}, decision


def test_the_voice_that_asks_and_reflects_is_the_therapist():
    roles, decision = roles_of({"SPEAKER_00": TELLER, "SPEAKER_01": LISTENER})
    assert roles == {"SPEAKER_00": "client", "SPEAKER_01": "therapist"}
    assert decision.confidence >= CONFIG.ask_below
    assert "confirm" not in decision.note


def test_it_is_told_without_punctuation_too():
    plain = {
        "A": [line.lower().translate(str.maketrans("", "", ".,?")) for line in LISTENER],
        "B": [line.lower().translate(str.maketrans("", "", ".,?")) for line in TELLER],
    }
    assert roles_of(plain)[1].therapist == "A"


def test_draft_words_make_it_less_sure():
    texts = {"A": LISTENER, "B": TELLER}
    sure, unsure = roles_of(texts)[1], roles_of(texts, grade="draft")[1]
    assert unsure.therapist == sure.therapist
    assert 0.5 < unsure.confidence < sure.confidence
    assert "draft" in unsure.note


def test_little_speech_is_not_enough_and_says_please_confirm():
    _, decision = roles_of({"A": ["Hello."], "B": ["Hello, hello."]})
    assert decision.confidence < CONFIG.ask_below
    assert "please confirm" in decision.note


def test_of_three_voices_one_is_the_therapist():
    roles, decision = roles_of({"A": TELLER, "B": LISTENER, "C": TELLER[::-1]})
    assert roles == {"A": "client", "B": "therapist", "C": "client"}
    assert decision.confidence < roles_of({"A": TELLER, "B": LISTENER})[1].confidence


def test_without_words_the_first_voice_is_put_down_and_the_note_is_honest():
    roles, decision = roles_of({"left": [], "right": []})
    assert roles == {"left": "therapist", "right": "client"}
    assert decision.confidence == 0.5
    assert "no words" in decision.note
    assert roles_of({"a": [], "b": [], "c": []})[1].confidence == pytest.approx(1 / 3)


def test_a_language_without_cue_lists_counts_as_no_words():
    decision = assign_roles({"A": ["Ja?"], "B": ["Nein."]}, load_lexicon("de"), CONFIG)
    assert decision.confidence == 0.5


def test_one_voice_and_none_are_told_as_what_they_are():
    assert roles_of({"A": LISTENER})[1].confidence == 0.5
    roles, decision = roles_of({})
    assert (roles, decision.confidence, decision.therapist) == ({}, 0.0, None)


def test_the_users_word_beats_everything():
    roles, decision = roles_of({"left": LISTENER, "right": TELLER}, named="Right")
    assert roles == {"left": "client", "right": "therapist"}
    assert decision.confidence == 1.0


def test_the_user_may_name_a_person():
    texts, names = {"S0": LISTENER, "S1": TELLER}, {"S0": "Ana", "S1": "Jo Hill"}
    assert roles_of(texts, named="jo hill", names=names)[1].therapist == "S1"


def test_naming_somebody_else_is_refused_with_the_choices():
    with pytest.raises(ConfigError, match=r"'middle'.*left, right"):
        roles_of({"left": [], "right": []}, named="middle")


@pytest.mark.parametrize(
    ("therapist", "client"),
    [
        ("Therapist", "Anna"),
        ("Dr. Hill", "Jo"),
        ("Ana (Counsellor)", "Client"),
        ("T", "C"),
        ("Jo", "Patient 2"),
    ],
)
def test_names_in_a_transcript_decide_before_words(therapist, client):
    _, decision = roles_of({client: LISTENER, therapist: TELLER})
    assert decision.therapist == therapist
    assert decision.confidence == CONFIG.name_confidence


@pytest.mark.parametrize(
    ("one", "other"),
    [("Speaker 1", "Speaker 2"), ("Therapist A", "Therapist B"), ("Mr T", "Jo C"), ("Ana", "Jo")],
)
def test_names_that_do_not_say_it_leave_it_to_the_words(one, other):
    _, decision = roles_of({one: TELLER, other: LISTENER})
    assert decision.therapist == other
    assert "names" not in decision.note


def test_manner_counts_are_smoothed_towards_knowing_nothing():
    silent = manner([], ENGLISH)
    assert (silent.you, silent.words) == (0.5, 0)
    assert manner(["You?"], ENGLISH).you < manner(["You?"] * 9, ENGLISH).you < 1


lines = st.lists(st.sampled_from(LISTENER + TELLER + ["", "Mm-hm.", "?"]), max_size=8)


@given(lines, lines)
def test_swapping_what_the_voices_say_swaps_their_roles(a, b):
    one = assign_roles({"A": a, "B": b}, ENGLISH, CONFIG)
    other = assign_roles({"A": b, "B": a}, ENGLISH, CONFIG)
    assert other.confidence == pytest.approx(one.confidence)
    if one.confidence > 0.5 + 1e-9:
        assert other.therapist != one.therapist


@given(st.dictionaries(st.sampled_from("ABCD"), lines, min_size=1))
def test_there_is_exactly_one_therapist(texts):
    decision = assign_roles(texts, ENGLISH, CONFIG)
    assert [p.role for p in decision.roles.values()].count("therapist") == 1
    assert 1 / len(texts) - 1e-9 <= decision.confidence <= 1 or len(texts) == 1
