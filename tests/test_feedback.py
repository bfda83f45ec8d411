"""Feedback says what was found, in its words, and nothing else."""

from dataclasses import replace

import pytest

from pipeline import feedback as module
from pipeline.errors import ConfigError
from pipeline.feedback import DRAFT, Rule, give_feedback, load_rules
from pipeline.measures.basis import Found
from pipeline.moments import QUOTED, SORTS, cut, find
from pipeline.records import Event
from pipeline.spoken import with_words
from tests.conversations import ENGLISH, basis, saying

RULES = load_rules()
SECONDS = 12.0


def session(*said, words="good", voices="good", therapist="A"):
    """A basis in which people say these texts one after the other, 12 s each, 2 s apart."""
    speech = {"A": [], "B": []}
    lines = []
    for i, (who, text) in enumerate(said):
        start = i * (SECONDS + 2)
        speech[who].append((start, start + SECONDS))
        lines.append((who, start, start + SECONDS, text))
    bare = basis(speech, words=words, voices=voices, therapist=therapist)
    spoken = [word for who in "AB" for word in saying(*lines)._words.get(who, [])]
    turns = with_words(bare.conversation.turns, spoken)
    conversation = replace(bare.conversation, turns=turns)
    return replace(bare, conversation=conversation, lexicon=ENGLISH)


def moment(kind, i, *, confidence=0.95, by="A", **more):
    start = i * (SECONDS + 2)
    return Event(kind, start, start + SECONDS, by, confidence, **more)


def told(basis_, *events, rules=RULES, **more):
    found = Found({}, tuple(events))
    return give_feedback(basis_, found, rules, **{"roles_sure": True} | more)


TALK = session(
    ("B", "Since my mother died I can't bear to go into the kitchen any more."),
    ("A", "The kitchen was where you had her to yourself, and now it is empty."),
    ("B", "Yes, and everybody tells me that it will pass with time, and it doesn't pass."),
    ("A", "What is it like when they tell you that it will pass?"),
    ("B", "I feel as if I am talking to a wall and the wall wants me to go home."),
)


def test_a_reflection_is_quoted_with_what_it_answers():
    (said,) = told(TALK, moment("reflection", 1))
    assert said.kind == "did"
    assert said.about == "reflections"
    assert "“The kitchen was where you had her to yourself, and now it is empty.”" in said.text
    assert "I can't bear to go into the kitchen any more.”" in said.text
    assert "At 0:14" in said.text


def test_its_evidence_covers_the_moment_and_what_led_to_it():
    (said,) = told(TALK, moment("reflection", 1))
    (span,) = said.evidence
    assert span.start < 14.0 < span.end


def test_an_open_question_is_quoted_with_its_answer():
    (said,) = told(TALK, moment("question", 3))
    assert "“What is it like when they tell you that it will pass?”" in said.text
    assert "I feel as if I am talking to a wall" in said.text


@pytest.mark.parametrize(
    ("question", "answer", "open_"),
    [
        ("How was it for you to say that?", "It was like putting down a bag full of stones.", True),
        ("How long have you been doing that?", "I think it is about three years by now.", False),
        ("How was it for you to say that?", "It was like that.", False),
        (
            "Did you say that to her yesterday?",
            "I did, and she went out and slammed the door.",
            False,
        ),
    ],
)
def test_a_question_is_open_by_its_first_words_and_its_answer(question, answer, open_):
    talk = session(("B", "I said it at last and then I left."), ("A", question), ("B", answer))
    said = [s.about for s in told(talk, moment("question", 1))]
    assert ("questions" in said) == open_


def test_a_moment_that_hangs_on_a_threshold_is_not_stood_on():
    assert told(TALK, moment("reflection", 1, uncertain=("candidate",))) == ()


def test_a_moment_that_is_not_likely_enough_is_not_stood_on():
    assert told(TALK, moment("reflection", 1, confidence=0.79)) == ()


def test_nothing_is_said_where_the_roles_are_not_sure():
    assert told(TALK, moment("reflection", 1), roles_sure=False) == ()


def test_nothing_is_said_of_words_that_cannot_be_counted():
    unclear = replace(TALK, words_note="not enough to tell: there are no words")
    assert told(unclear, moment("reflection", 1)) == ()


def test_a_draft_is_not_quoted():
    (said,) = told(replace(TALK, words="draft"), moment("reflection", 1))
    assert said.text.endswith(DRAFT)
    assert "“" not in said.text
    assert "At 0:14" in said.text


def test_every_rule_that_quotes_can_do_without():
    assert all(rule.unquoted and "“" not in rule.unquoted for rule in RULES if "“" in rule.text)


def test_the_clients_moments_are_not_the_therapists():
    assert told(TALK, moment("reflection", 0, by="B")) == ()


def test_at_most_two_things_done_and_one_to_try():
    long = ("A", "so " * 80 + "that is how the liver works and why it matters")
    many = session(*[("B", "I really do not know what else there is to say"), long] * 5)
    events = [moment(kind, i) for i in (1, 3, 5) for kind in ("reflection", "question")]
    events += [moment("information", i) for i in (7, 9)]
    events += [moment("affirmation", 5), moment("summary", 7)]
    said = told(many, *events)
    assert [s.kind for s in said].count("did") == 2
    assert [s.kind for s in said].count("experiment") == 1


def test_two_sentences_stand_on_different_moments():
    events = (moment("reflection", 1), moment("summary", 1), moment("question", 3))
    spans = [span for said in told(TALK, *events) for span in said.evidence]
    assert len(spans) == len({round(s.start, 3) for s in spans})


def test_one_about_the_own_goal_goes_first():
    events = (moment("reflection", 1), moment("question", 3))
    assert [s.about for s in told(TALK, *events)] == ["reflections", "questions"]
    assert [s.about for s in told(TALK, *events, goal="questions")] == ["questions", "reflections"]


def test_a_rule_for_an_approach_is_for_that_one():
    rule = replace(RULES[0], approaches=("MI",))
    assert told(TALK, moment("reflection", 1), rules=[rule]) == ()
    assert len(told(TALK, moment("reflection", 1), rules=[rule], approach="MI")) == 1


def asking(*labels):
    said = []
    for _ in labels:
        said += [("A", "Did you go to the doctor about it then?"), ("B", "No I did not go there")]
    return session(*said), [
        moment(kind, 2 * i) for i, kinds in enumerate(labels) for kind in kinds.split()
    ]


@pytest.mark.parametrize(
    ("labels", "count"),
    [
        (("question", "question", "question"), "three"),
        (("question", "question reflection", "question"), None),
        (("question", "question"), None),
    ],
)
def test_questions_in_a_row_end_where_one_reflects(labels, count):
    talk, events = asking(*labels)
    said = [s for s in told(talk, *events) if s.kind == "experiment"]
    assert bool(said) == (count is not None)
    assert not said or f"{count} of your turns in a row asked" in said[0].text


def test_moments_where_the_floor_was_taken_are_counted_not_judged():
    events = [moment("floor_taken", 1), moment("floor_taken", 3)]
    (said,) = told(replace(TALK, words_note="x"), *events)
    assert "two moments" in said.text
    assert "they may have welcomed it" in said.text
    assert told(replace(TALK, voices="low"), *events) == ()
    assert told(TALK, events[0]) == ()


def left_alone(seconds):
    """The client stops in the middle of a turn, and goes on."""
    speech = {"A": [(0, 5)], "B": [(6, 20), (20 + seconds, 40)]}
    bare = basis(speech, words="good")
    words = saying(
        ("A", 0, 5, "how was it at home then"),
        ("B", 6, 20, "quiet and I sat there for a while"),
        ("B", 20 + seconds, 40, "and then I began to cry"),
    )
    spoken = [w for who in "AB" for w in words._words[who]]
    turns = with_words(bare.conversation.turns, spoken)
    silence = Event(
        "silence", 20, 20 + seconds, "B", detail={"after": "B", "place": "inside a turn"}
    )
    return replace(bare, conversation=replace(bare.conversation, turns=turns)), silence


def test_a_silence_left_to_the_client_is_named_with_what_came_of_it():
    talk, silence = left_alone(6)
    (said,) = told(talk, silence)
    assert "they stopped for 6 seconds" in said.text
    assert "“and then I began to cry”" in said.text


def test_a_short_silence_is_not_named():
    talk, silence = left_alone(4)
    assert told(talk, silence) == ()


def test_words_picked_up_are_named():
    talk = session(
        ("B", "the garden and the roses and my father in the rain"),
        ("A", "Your father, the roses, the rain, all in that garden."),
    )
    (moment_,) = find("words picked up", talk, Found())
    assert moment_.strength == 4
    assert moment_.facts["words"] == "“father”, “roses”, “rain”"


def test_no_sentence_judges():
    for rule in RULES:
        for word in ("good", "bad", "weak", "strong", "expert", "quality", "should", "well done"):
            assert word not in rule.text.lower().split()


def test_every_sort_of_moment_has_a_rule():
    assert {rule.find for rule in RULES} == SORTS.keys()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('find = "a miracle"', "a miracle"),
        ('text = "{colour}"', "colour"),
        ('kind = "verdict"', "verdict"),
        ("extra = 1", "extra"),
    ],
)
def test_a_wrong_rule_is_refused_by_its_name(monkeypatch, line, message):
    key = line.split(" ")[0]
    lines = {
        "name": 'name = "mine"',
        "kind": 'kind = "did"',
        "about": 'about = "questions"',
        "find": 'find = "open question"',
        "least": "least = 1.0",
        "text": 'text = "{time}"',
    }
    text = "[[rules]]\n" + "\n".join((lines | {key: line}).values())
    monkeypatch.setattr(module, "config_text", lambda _: text)
    load_rules.cache_clear()
    try:
        with pytest.raises(ConfigError, match=message) as error:
            load_rules()
        assert "'mine'" in str(error.value)
    finally:
        load_rules.cache_clear()


@pytest.mark.parametrize("end", [False, True])
def test_a_quote_is_cut_at_a_word(end):
    text = " ".join(f"word{i}" for i in range(60))
    quote = cut(text, end=end)
    assert len(quote) <= QUOTED + 2
    assert quote.strip("… ") in text
    assert set(quote.strip("… ").split()) <= set(text.split())


def test_rules_are_plain_records():
    assert all(isinstance(rule, Rule) and rule.least > 0 for rule in RULES)
