import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import EvaluationError, ModelUnavailable
from pipeline.phrasing.contexts import OWN, contexts
from pipeline.phrasing.corpus import (
    COLUMNS,
    LABELS,
    Dialogue,
    Utterance,
    read_corpus,
    write_corpus,
)
from pipeline.phrasing.encoder import load_encoder
from pipeline.phrasing.features import NUMBERS, SPACES, describe
from pipeline.phrasing.misheard import misheard
from pipeline.phrasing.model import (
    MODEL,
    blended,
    expected_count,
    load_model,
    punctuated,
    save_model,
    shipped_model,
)
from pipeline.phrasing.network import Network
from pipeline.phrasing.scoring import reliability
from pipeline.phrasing.training import grouped_folds, train
from pipeline.phrasing.tuning import Settings, Tuning
from pipeline.phrasing.vectors import prepare

# Written for these tests; no corpus is quoted.
SAYINGS = {
    "reflection": (
        "So it sounds like the {} wears you out.",
        "You feel torn about the {}.",
        "You're worried that the {} comes between you.",
    ),
    "question": (
        "What would you like to change about the {}?",
        "How often do you think of the {}?",
        "When did the {} begin?",
    ),
    "therapist_input": (
        "Studies show that the {} raises your blood pressure. I'd advise you to cut it down.",
        "There are three options to treat the {}: tablets, a group or an app.",
        "The guideline says no more than two hours of the {} a day.",
    ),
    "other": ("Okay.", "Good morning, come in.", "Mm-hmm."),
}
FAST = Settings(layers=2, first=1, epochs=2, rate=3e-4, batch=8)
TOPICS = ("smoking", "drinking", "work", "gaming", "diet", "noise")


def corpus(path, **changed):
    rows = []
    for number, topic in enumerate(TOPICS):
        place = 0
        for turn in range(20):
            label = LABELS[(turn + number) % 4]
            said = SAYINGS[label][turn % 3].format(topic)
            client = f"I can't stop the {topic}."
            for role, text, own in (("client", client, ""), ("therapist", said, label)):
                rows.append(
                    {
                        "transcript_id": f"{number}",
                        "video_url": f"video {topic}",
                        "utterance_id": place,
                        "interlocutor": role,
                        "utterance_text": text,
                        "main_therapist_behaviour": own,
                    }
                )
                place += 1
    rows[1].update(changed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus") / "small.csv")


@pytest.fixture(scope="module", autouse=True)
def fast():
    """One layer, few passes: what is tested here is no question of quality."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.phrasing.training.SETTINGS", FAST)
        yield


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def trained(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.npz"
    assert attune("phrasing", "train", small, "--out", path).exit_code == 0
    return load_model(path)


def attune(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def said(*pairs):
    return tuple(Utterance("client" if who == "c" else "therapist", text) for who, text in pairs)


# the corpus


def test_dialogues_come_in_order(small):
    dialogues = read_corpus(small)
    assert [d.video for d in dialogues] == [f"video {topic}" for topic in TOPICS]
    assert dialogues[0].labels[:5] == (*LABELS, "reflection")


def test_without_punctuation_the_words_stay():
    dialogue = Dialogue("1", "v", said(("t", "You’re tired -- aren't you?")))
    assert dialogue.without_punctuation().utterances[0].text == "you're tired aren't you"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"interlocutor": "nurse"}, "line 3: interlocutor 'nurse'"),
        ({"main_therapist_behaviour": "advice"}, "line 3: main_therapist_behaviour 'advice'"),
        ({"utterance_id": "x"}, "line 3: utterance_id is no whole number"),
        ({"video_url": "elsewhere"}, "transcript '0' has 2 values of video_url"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path, changed, told):
    with pytest.raises(EvaluationError, match=re.escape(told)):
        read_corpus(corpus(tmp_path / "bad.csv", **changed))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,2\n", "lacks the column 'transcript_id'"),
        (b"", "lacks the column"),
        (b"\xff\xfe\x00", "no CSV in UTF-8"),
        ((",".join(COLUMNS) + "\n").encode(), "holds no utterance of a therapist"),
        ((",".join(COLUMNS) + "\n1,v,0\n").encode(), "line 2: fewer values than columns"),
    ],
)
def test_what_is_no_corpus_is_refused(tmp_path, content, told):
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(EvaluationError, match=re.escape(told)):
        read_corpus(tmp_path / "bad.csv")


def test_a_missing_corpus_is_told_at_the_command_line(tmp_path):
    for command in ("train", "evaluate"):
        error = attune("phrasing", command, tmp_path / "none.csv").exception
        assert isinstance(error, EvaluationError)
        assert "none.csv can't be read (No such file or directory)" in str(error)


def test_misheard_words_are_as_many_as_asked_for_and_none_is_new():
    text = " ".join(f"word{i}" for i in range(2000))
    dialogue = Dialogue("1", "v", said(("t", text), ("c", "Yes.")))
    garbled = misheard(dialogue, rate=0.2)
    heard = garbled.utterances[0].text.split()
    assert 0.16 < 1 - len(set(heard) & set(text.split())) / 2000 < 0.24
    assert set(heard) <= {*text.split(), "yes"}
    assert garbled.utterances[1].text
    assert garbled == misheard(dialogue, rate=0.2) != misheard(dialogue, rate=0.2, seed=1)
    assert misheard(dialogue, rate=0.0) == dialogue.without_punctuation()


# features


def test_every_therapist_utterance_is_described_by_all_numbers_and_spaces():
    described = describe(said(("t", "Hello."), ("c", "Hi."), ("t", ""), ("t", "Go on.")))
    assert [len(d.numbers) for d in described] == [len(NUMBERS)] * 3
    assert all(set(d.grams) == set(SPACES) for d in described)


def test_context_is_the_client_around_and_the_therapist_before():
    described = describe(said(("t", "A."), ("c", "B."), ("t", "C."), ("c", "D.")))
    assert [d.texts for d in described] == [(0, None, 1, None), (2, 1, 3, 0)]


def test_a_picked_up_word_is_an_echo():
    echo = NUMBERS.index("echo")
    one, other = (
        describe(said(("c", "My mother worries."), ("t", text)))[0].numbers[echo]
        for text in ("Your mother is worried.", "The weather is fine.")
    )
    assert one > 0 == other


def test_no_gram_is_longer_than_three_words():
    (one,) = describe(said(("t", "One two three four five six. Seven eight nine ten.")))
    assert max(gram.count(" ") for gram in one.grams["words"]) == 2


# the network


def test_the_client_is_read_around_the_utterance(encoder):
    pieces = encoder.pieces
    talk = said(("c", "No."), ("t", "tired tired " * 60), ("c", "Yes."), ("t", ""))
    long, empty = contexts(talk, describe(talk), pieces)
    assert long.parts.count(1) == OWN + 1
    assert long.pieces[: long.parts.index(1)] == (pieces.begin, *pieces.ids("No."), pieces.end)
    assert long.pieces[-3:] == (*pieces.ids("Yes."), pieces.end)
    assert [empty.pieces[i] for i, part in enumerate(empty.parts) if part == 1] == [
        pieces.unknown,
        pieces.end,
    ]


def test_words_are_cut_into_known_pieces(encoder):
    known = encoder.pieces
    assert "".join(known.pieces[i] for i in known.ids("Unreflectively")).replace("##", "") == (
        "unreflectively"
    )
    assert known.ids("Café, it’s 日") == [*known.ids("cafe , it's"), known.unknown]
    assert known.ids(" ") == []


@pytest.mark.models
def test_an_utterance_is_read_the_same_in_any_company(small, trained):
    rows = prepare(read_corpus(small), trained.network.pieces)
    together = trained.network.log_shares(rows.contexts, rows.numbers)
    for row in (0, 7, 50):
        alone = trained.network.log_shares(rows.contexts[row : row + 1], rows.numbers[[row]])
        assert np.allclose(alone[0], together[row], atol=1e-4)
    assert np.allclose(np.exp(together).sum(axis=1), 1, atol=1e-5)


def test_the_integers_say_what_the_weights_say(small, encoder):
    """The graph in onnxruntime against the same layers in torch."""
    rows = prepare(read_corpus(small)[:2], encoder.pieces)
    tuning = Tuning(encoder, [rows, rows], replace(FAST, epochs=6))
    tuned = tuning.learn(np.arange(len(rows)))
    exact = tuning.log_shares(tuned, rows=np.arange(len(rows)))
    read = Network(encoder, tuned).log_shares(rows.contexts, rows.numbers)
    assert np.abs(np.exp(read) - np.exp(exact)).max() < 0.05
    assert np.abs(np.exp(exact) - np.exp(exact).mean(axis=0)).max() > 0.1


# training


def test_folds_never_share_a_video():
    videos = np.array([f"v{i % 7}" for i in range(50)])
    scored = []
    for inside, outside in grouped_folds(videos, 3):
        assert not set(videos[inside]) & set(videos[outside])
        scored += outside.tolist()
    assert sorted(scored) == list(range(50))


def test_more_folds_than_videos_are_refused():
    with pytest.raises(EvaluationError, match="2 videos can't be split into 5 folds"):
        list(grouped_folds(np.array(["a", "a", "b"]), 5))


def test_a_label_that_never_occurs_is_told(encoder):
    turns = (Utterance("client", "I can't."), Utterance("therapist", "Okay.", "other"))
    dialogues = [Dialogue(str(i), str(i), turns) for i in range(4)]
    with pytest.raises(EvaluationError, match="no utterance to learn 'reflection' from"):
        train(dialogues, encoder, progress=lambda _stage, _share: None)


@pytest.mark.models
def test_a_trained_model_is_the_same_after_saving(small, trained, tmp_path):
    assert trained.facts["dialogues"] == len(TOPICS)
    save_model(trained, tmp_path / "again.npz")
    dialogue = read_corpus(small)[0]
    one, other = (
        model.probabilities(dialogue.utterances)
        for model in (trained, load_model(tmp_path / "again.npz"))
    )
    assert np.array_equal(one, other)
    assert [LABELS[k] for k in one.argmax(axis=1)] == list(dialogue.labels)


def test_a_written_corpus_is_read_as_it_was(small, tmp_path):
    spoken = (
        Utterance("client", 'She said "no", twice.\nThen, nothing'),
        Utterance("therapist", "You’re tired; ", "reflection"),
        Utterance("therapist", "", None),
        Utterance("client", "Ja, für immer 🙂"),
    )
    dialogues = (Dialogue("a, b", "v 1", spoken), *read_corpus(small))
    write_corpus(dialogues, tmp_path / "own.csv")
    assert read_corpus(tmp_path / "own.csv") == dialogues


def test_two_dialogues_of_one_name_are_not_written(tmp_path):
    with pytest.raises(EvaluationError, match="two dialogues are named 'a'"):
        write_corpus((Dialogue("a", "v", ()), Dialogue("a", "w", ())), tmp_path / "own.csv")


@pytest.mark.models
def test_corrections_in_a_second_file_change_the_model(small, trained, tmp_path):
    """What nobody has judged is context; a judged phrase becomes what its judges call it."""
    new = "Fair enough, that figures."
    talk = (
        Utterance("client", "I sleep badly."),
        Utterance("therapist", "And then?"),
        *(Utterance("therapist", new, "reflection") for _ in range(4)),
    )
    write_corpus([Dialogue(f"own {i}", f"own {i}", talk) for i in range(4)], tmp_path / "own.csv")
    out = tmp_path / "model.npz"
    assert attune("phrasing", "train", small, tmp_path / "own.csv", "--out", out).exit_code == 0
    corrected = load_model(out)
    assert corrected.facts["utterances"] == trained.facts["utterances"] + 16
    heard = said(("c", "I sleep badly."), ("t", new))
    before, after = (m.probabilities(heard)[0, 0] for m in (trained, corrected))
    assert after > before + 0.1


@pytest.mark.models
def test_only_what_several_videos_share_is_kept(trained):
    words = trained.with_punctuation.vectoriser.grams["words"]
    assert "sounds like" in words
    assert not set(TOPICS) & set(words)


# the model that ships


def test_the_shipped_model_tells_the_obvious_apart():
    talk = said(
        ("c", "I've been drinking more since she left, and the kids notice."),
        ("t", "So it sounds like you're worried about what the kids see."),
        ("c", "Yes, I hate that."),
        ("t", "What would you like to change about your drinking?"),
        ("c", "I'd like to stop in the week."),
        ("t", "The recommended limit is fourteen units a week, spread over three days or more."),
        ("c", "Okay."),
        ("t", "Mm-hmm."),
    )
    for heard in (talk, Dialogue("", "", talk).without_punctuation().utterances):
        found = shipped_model().probabilities(heard)
        assert [LABELS[k] for k in found.argmax(axis=1)] == list(LABELS)
        assert ((found >= 0) & (found <= 1)).all()


def test_the_words_that_drove_a_label_stand_in_the_utterance():
    talk = said(
        ("c", "I can't stop."), ("t", "Well. So it sounds like you’re worried."), ("t", "Mm-hmm.")
    )
    model = shipped_model()
    assert "it sounds like" in model.drivers(talk, 0, "reflection")
    assert model.drivers(talk, 1, "other") == ("Mm-hmm",)
    pairs = [(row, label) for row in (0, 1) for label in LABELS]
    for (row, label), phrases in zip(pairs, model.all_drivers(talk, pairs), strict=True):
        assert phrases == model.drivers(talk, row, label)
        assert len(phrases) <= 3
        assert all(phrase in talk[row + 1].text for phrase in phrases)


def test_no_words_no_drivers():
    talk = said(("t", "..."), ("t", ""))
    assert shipped_model().all_drivers(talk, [(0, "other"), (1, "question")]) == ((), ())


def test_each_kind_of_text_has_its_head():
    model = shipped_model()
    assert model.head(said(("t", "How are you?"))) is model.with_punctuation
    assert model.head(said(("t", "how are you"))) is model.without_punctuation
    assert not punctuated(())


def test_no_therapist_no_probabilities():
    assert shipped_model().probabilities(said(("c", "Hello there."))).shape == (0, 4)
    assert shipped_model().probabilities(()).shape == (0, 4)


def test_the_shipped_files_are_small_and_hold_no_sentence():
    model = shipped_model()
    assert sum(f.stat().st_size for f in MODEL.parent.glob("*.npz")) < 30e6
    for head in (model.with_punctuation, model.without_punctuation):
        for grams in head.vectoriser.grams.values():
            assert all(len(gram.split()) <= 3 for gram in grams)


def test_a_damaged_model_is_told(tmp_path):
    (tmp_path / "model.npz").write_bytes(MODEL.read_bytes()[:1000])
    with pytest.raises(ModelUnavailable, match=r"model\.npz can't be loaded"):
        load_model(tmp_path / "model.npz")


def test_an_expected_count_lies_in_its_interval_and_in_the_session():
    sure = np.array([0.99] * 10 + [0.01] * 10)
    vague = np.full(20, 0.5)
    narrow, wide = (expected_count(p, spread=1.3) for p in (sure, vague))
    assert narrow.count == pytest.approx(wide.count)
    assert wide.low < narrow.low < narrow.count < narrow.high < wide.high
    assert expected_count(np.full(3, 0.9), spread=9.0).high == 3
    assert expected_count(np.full(3, 0.1), spread=9.0).low == 0


def test_many_small_chances_count_for_less_than_their_sum():
    assert expected_count(np.full(20, 0.1), spread=1.0).count < 20 * 0.1
    assert expected_count(np.full(20, 0.9), spread=1.0).count > 20 * 0.9
    assert expected_count(np.array([0.0, 1.0, 0.5]), spread=1.0).count == pytest.approx(1.5)


def test_both_readers_count_and_a_row_sums_to_one():
    sure, unsure = (np.log(np.array([row])) for row in ([0.97, 0.01, 0.01, 0.01], [0.25] * 4))
    found = blended(unsure, sure)
    assert found.sum() == pytest.approx(1)
    assert 0.25 < found[0, 0] < 0.97
    assert blended(sure, sure)[0] == pytest.approx([0.97, 0.01, 0.01, 0.01])


# scores


def test_reliability_counts_each_prediction_once():
    table = reliability(np.array([0.05, 0.06, 0.95, 1.0]), np.array([0, 1, 1, 1]))
    assert [(line["from"], line["count"], line["happened"]) for line in table] == [
        (0.0, 2, 0.5),
        (0.9, 2, 1.0),
    ]


def test_the_shipped_model_is_applied_and_strangers_bring_no_note(small):
    data = json.loads(attune("phrasing", "evaluate", small, "--json", "-").stdout)
    assert_form(data)
    assert data["note"] == ""
    assert data["with_punctuation"]["macro_f1"] > 0.7


@pytest.mark.models
def test_its_own_training_file_is_told(small, trained, monkeypatch):
    monkeypatch.setattr("pipeline.phrasing.model.shipped_model", lambda: trained)
    result = attune("phrasing", "evaluate", small, "--json", "-")
    assert json.loads(result.stdout)["note"].startswith("6 of these 6 videos trained the model")
    assert "the figures flatter it" in result.stderr


@pytest.mark.models
def test_folds_retrain_and_write_the_same_form(small, tmp_path):
    result = attune("phrasing", "evaluate", small, "--folds", 2, "--json", tmp_path / "s.json")
    assert result.exit_code == 0, result.output
    assert_form(json.loads((tmp_path / "s.json").read_text()))
    assert "macro-F1" in result.stdout


def test_rows_taken_stay_themselves(small, encoder):
    rows = prepare(read_corpus(small)[:2], encoder.pieces)
    assert len(rows) == 40 == len(rows.contexts)
    taken = rows.take(np.array([30]))
    assert taken.contexts[0] == rows.contexts[30]
    assert np.array_equal(taken.numbers[0], rows.numbers[30])


def assert_form(data):
    for kind in ("with_punctuation", "without_punctuation"):
        assert set(data[kind]["per_class"]) == set(LABELS)
        for scores in data[kind]["per_class"].values():
            assert set(scores) == {"precision", "recall", "f1", "support"}
        f1 = [scores["f1"] for scores in data[kind]["per_class"].values()]
        assert data[kind]["macro_f1"] == pytest.approx(np.mean(f1))
        assert 0 <= data[kind]["reflection_auc"] <= 1
    assert set(data["sessions"]["spearman"]) == {"reflection", "question", "therapist_input"}
