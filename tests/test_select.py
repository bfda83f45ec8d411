import dataclasses

import pytest

from pipeline.config import load_config
from pipeline.errors import ConfigError, ModelUnavailable
from pipeline.transcription.select import choose_transcriber
from pipeline.transcription.whisper import FILES


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no-cache"))


def config(**changes):
    return dataclasses.replace(load_config().transcription, **changes)


def with_model(path):
    """Files of the right names; choosing loads none of them."""
    path.mkdir(parents=True)
    for name in FILES:
        (path / name).write_text("{}")
    return path


def test_auto_takes_whisper_where_its_weights_are(tmp_path):
    with_model(tmp_path / "whisper-small.en")
    choice = choose_transcriber(config(), tmp_path)
    assert (choice.name, choice.transcriber.name) == ("whisper", "whisper")
    assert "on this computer" in choice.reason


def test_auto_takes_the_draft_for_english_and_says_why(tmp_path):
    choice = choose_transcriber(config(), tmp_path)
    assert (choice.name, choice.transcriber.name) == ("sphinx", "sphinx")
    assert "draft" in choice.reason
    assert "attune models fetch whisper" in choice.reason


def test_auto_has_no_words_for_another_language_and_says_why(tmp_path):
    choice = choose_transcriber(config(language="de"), tmp_path)
    assert (choice.name, choice.transcriber) == ("none", None)
    assert "'de'" in choice.reason


def test_auto_with_incomplete_weights_says_what_is_missing(tmp_path):
    (with_model(tmp_path / "whisper-small.en") / "tokenizer.json").unlink()
    choice = choose_transcriber(config(), tmp_path)
    assert choice.name == "sphinx"
    assert "tokenizer.json" in choice.reason


def test_a_configured_directory_is_taken(tmp_path):
    path = with_model(tmp_path / "my own model")
    whisper = dataclasses.replace(load_config().transcription.whisper, model=str(path))
    choice = choose_transcriber(config(whisper=whisper), tmp_path / "models")
    assert choice.name == "whisper"
    assert "my own model" in choice.reason


@pytest.mark.parametrize("engine", ["auto", "whisper"])
def test_a_configured_directory_that_is_missing_is_an_error_not_a_fallback(tmp_path, engine):
    whisper = dataclasses.replace(
        load_config().transcription.whisper, model=str(tmp_path / "nowhere")
    )
    with pytest.raises(ModelUnavailable, match="nowhere"):
        choose_transcriber(config(engine=engine, whisper=whisper), tmp_path)


def test_an_engine_asked_for_by_name_and_missing_is_an_error_with_the_remedy(tmp_path):
    with pytest.raises(ModelUnavailable, match="attune models fetch whisper"):
        choose_transcriber(config(engine="whisper"), tmp_path)
    with pytest.raises(ModelUnavailable, match="English only"):
        choose_transcriber(config(engine="sphinx", language="de"), tmp_path)


def test_words_can_be_switched_off(tmp_path):
    choice = choose_transcriber(config(engine="none"), tmp_path)
    assert (choice.name, choice.transcriber) == ("none", None)


def test_an_unknown_engine_is_refused_with_the_choices(tmp_path):
    with pytest.raises(ConfigError, match=r"'wisper'.*auto, whisper, sphinx, none"):
        choose_transcriber(config(engine="wisper"), tmp_path)
