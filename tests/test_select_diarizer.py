import dataclasses

import numpy as np
import pytest

from pipeline.activity import detect_activity
from pipeline.config import load_config
from pipeline.diarization.channels import ChannelDiarizer
from pipeline.diarization.embedded import EmbeddedDiarizer
from pipeline.diarization.select import choose_diarizer
from pipeline.errors import ConfigError, ModelUnavailable
from tests.sounds import converse, microphones, recording

CONFIG = load_config()


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no-cache"))


@pytest.fixture(scope="module")
def conversation():
    return converse(turns=6)


@pytest.fixture(scope="module")
def separate(conversation):
    return heard(microphones(conversation, crosstalk=-25))


@pytest.fixture(scope="module")
def mono(conversation):
    return heard(microphones(conversation, crosstalk=0.0)[:1])


def heard(samples):
    made = recording(samples)
    return made, detect_activity(made, CONFIG.activity)


def choose(material, models, **changes):
    diarization = dataclasses.replace(CONFIG.diarization, **changes)
    config = dataclasses.replace(CONFIG, diarization=diarization)
    return choose_diarizer(*material, config, models_dir=models)


def with_pyannote(models):
    (models / "pyannote").mkdir()
    (models / "pyannote" / "config.yaml").write_text("pipeline: {}")
    return models


def test_auto_takes_channels_where_each_holds_one_person(separate, tmp_path):
    choice = choose(separate, with_pyannote(tmp_path))
    assert choice.name == "channels"
    assert "one person each (" in choice.reason
    assert isinstance(choice.make(), ChannelDiarizer)


def test_auto_takes_pyannote_for_mono_where_its_weights_are(mono, tmp_path):
    choice = choose(mono, with_pyannote(tmp_path))
    assert choice.name == "pyannote"
    assert "on this computer" in choice.reason


def test_auto_takes_the_embedded_one_without_weights_and_says_why(mono, tmp_path):
    choice = choose(mono, tmp_path)
    assert choice.name == "embedded"
    assert "attune models fetch pyannote" in choice.reason
    assert isinstance(choice.make(), EmbeddedDiarizer)


def test_one_microphone_in_stereo_is_not_one_voice_per_channel(conversation, tmp_path):
    stereo = heard(microphones(conversation, crosstalk=-2.0, noise=-50))
    assert choose(stereo, tmp_path).name == "embedded"


def test_a_dead_second_channel_is_not_a_person(conversation, tmp_path):
    samples = microphones(conversation, crosstalk=0.0)
    samples[1] = np.random.default_rng(1).normal(0, 20, samples.shape[1])
    assert choose(heard(samples), tmp_path).name == "embedded"


@pytest.mark.parametrize("engine", ["channels", "embedded"])
def test_an_engine_asked_for_is_the_engine_used(separate, tmp_path, engine):
    choice = choose(separate, tmp_path, engine=engine)
    assert (choice.name, choice.make().name) == (engine, engine)
    assert "as configured" in choice.reason


def test_pyannote_asked_for_and_missing_is_an_error(mono, tmp_path):
    with pytest.raises(ModelUnavailable, match="attune models fetch pyannote"):
        choose(mono, tmp_path, engine="pyannote")


def test_channels_asked_for_mono_is_an_error_that_names_the_recording(mono, tmp_path):
    with pytest.raises(ConfigError, match=r"made has one\. Use 'auto'"):
        choose(mono, tmp_path, engine="channels")


def test_one_signal_twice_is_told(mono, tmp_path):
    made, activity = mono
    twice = dataclasses.replace(made, quality=dataclasses.replace(made.quality, dual_mono=True))
    with pytest.raises(ConfigError, match="both channels carry the same signal"):
        choose((twice, activity), tmp_path, engine="channels")


def test_no_such_engine(mono, tmp_path):
    with pytest.raises(ConfigError, match="'magic' is no engine; use auto, channels"):
        choose(mono, tmp_path, engine="magic")
