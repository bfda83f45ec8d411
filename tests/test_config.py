import dataclasses
import subprocess
import sys
import tomllib

import pytest

from pipeline.config import config_text, load_config
from pipeline.errors import ConfigError
from pipeline.settings import Config, fingerprint

DEFAULT = load_config()


def leaves(kind, values, path=""):
    """Every setting as (dotted name, type, value)."""
    for field in dataclasses.fields(kind):
        value, name = getattr(values, field.name), f"{path}{field.name}"
        if dataclasses.is_dataclass(value):
            yield from leaves(type(value), value, f"{name}.")
        else:
            yield name, field.type, value


def names_in(table, path=""):
    """Every key of a TOML table, dotted."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from names_in(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


SETTINGS = tuple(leaves(Config, DEFAULT))


def another(value):
    """A value of the same type that differs."""
    if isinstance(value, str):
        return f'"{value}x"'
    if isinstance(value, tuple):
        return str([*value[:-1], value[-1] + 0.5])
    return str(value + 1 if isinstance(value, int) else value + 0.25)


def test_every_setting_of_the_code_is_in_default_toml_and_none_is_left_over():
    told = set(names_in(tomllib.loads(config_text("default.toml"))))
    assert told == {name for name, _, _ in SETTINGS}


def test_every_threshold_has_the_type_it_declares():
    for name, kind, value in SETTINGS:
        if kind in (int, float, str):
            assert type(value) is kind, name
        else:
            assert all(type(v) is float for v in value), name


def test_values_come_out_as_they_are_written():
    assert DEFAULT.turns.ipu_gap == 0.2
    assert DEFAULT.measures.min_denominator == 5
    assert DEFAULT.transcription.language == "en"
    assert DEFAULT.transcription.whisper.temperatures == (0.0, 0.2, 0.4)


def test_a_setting_given_on_the_command_line_wins():
    config = load_config(overrides=["turns.ipu_gap=0.25", "transcription.engine=sphinx"])
    assert config.turns.ipu_gap == 0.25
    assert config.transcription.engine == "sphinx"
    assert config.measures == DEFAULT.measures


def test_a_profile_by_path_overrides_only_what_it_holds(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text("[turns]\nipu_gap = 0.3\n")
    config = load_config(path, overrides=["measures.window=60"])
    assert config.turns == dataclasses.replace(DEFAULT.turns, ipu_gap=0.3)
    assert config.measures.window == 60.0


def test_the_last_override_wins_over_the_profile_and_earlier_ones(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text("[turns]\nipu_gap = 0.3\n")
    assert load_config(path, overrides=["turns.ipu_gap=0.4"]).turns.ipu_gap == 0.4
    assert load_config(overrides=["turns.ipu_gap=1", "turns.ipu_gap=2"]).turns.ipu_gap == 2.0


def test_a_profile_is_found_by_its_name_in_configs():
    assert load_config("default") == DEFAULT


def test_a_whole_number_is_a_fine_float():
    assert load_config(overrides=["turns.ipu_gap=1"]).turns.ipu_gap == 1.0


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("[turns]\nipu_gapp = 0.3\n", "turns.ipu_gap?"),
        ("[turn]\nipu_gap = 0.3\n", "did you mean turns?"),
        ("[diarization.chanels]\nbridge = 0.3\n", "diarization.channels?"),
    ],
)
def test_an_unknown_key_in_a_profile_is_refused_with_the_nearest_name(tmp_path, text, near):
    path = tmp_path / "ours.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "unknown setting" in str(caught.value)
    assert near in str(caught.value)
    assert "ours.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "near"),
    [
        ("measures.silence_lsted=2", "measures.silence_listed?"),
        ("mesures.window=2", "did you mean measures?"),
        ("turns.ipu_gap.x=1", "must be of type float"),
    ],
)
def test_an_unknown_key_on_the_command_line_is_refused_with_the_nearest_name(override, near):
    with pytest.raises(ConfigError) as caught:
        load_config(overrides=[override])
    assert near in str(caught.value)


@pytest.mark.parametrize(
    "override",
    [
        "turns.ipu_gap=soon",
        "turns.ipu_gap=true",
        "turns.ipu_gap=[0.2]",
        "turns.backchannel_words=2.5",
        "turns.backchannel_words=true",
        "transcription.language=7",
        "transcription.whisper.temperatures=0.2",
        'transcription.whisper.temperatures=["warm"]',
        "diarization=channels",
    ],
)
def test_a_value_of_the_wrong_type_is_refused(override):
    with pytest.raises(ConfigError) as caught:
        load_config(overrides=[override])
    assert override.partition("=")[0] in str(caught.value)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "1" + "0" * 400, "1" * 5000])
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ConfigError, match=r"turns\.ipu_gap"):
        load_config(overrides=[f"turns.ipu_gap={value}"])


@pytest.mark.parametrize(
    "override",
    [
        "turns.ipu_gap=-0.1",
        "measures.silence_listed=-3",
        "measures.window_step=0",
        "measures.window=0",
        "measures.min_denominator=1",
    ],
)
def test_a_threshold_that_could_never_work_is_refused(override):
    with pytest.raises(ConfigError, match=override.partition("=")[0]):
        load_config(overrides=[override])


@pytest.mark.parametrize("override", ["turns.ipu_gap", "=3", "", " = 3"])
def test_an_override_that_is_not_key_value_is_refused(override):
    with pytest.raises(ConfigError, match="is not key=value"):
        load_config(overrides=[override])


def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("[turns\n")
    with pytest.raises(ConfigError, match=r"broken\.toml is not valid TOML"):
        load_config(path)


def test_a_profile_that_cannot_be_read_is_refused_with_the_names_there_are(tmp_path):
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9\n")
    for profile in ("no_such_profile", tmp_path / "missing.toml", latin):
        with pytest.raises(ConfigError, match=r"can't be read .*default"):
            load_config(profile)


def test_the_hash_is_stable_within_and_between_processes():
    code = "from pipeline.config import load_config; print(load_config().hash(), end='')"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert load_config().hash() == DEFAULT.hash() == other.stdout
    assert len(DEFAULT.hash()) == 16


def changed(config, name, value):
    head, _, rest = name.partition(".")
    if rest:
        value = changed(getattr(config, head), rest, value)
    return dataclasses.replace(config, **{head: value})


def test_the_hash_changes_with_every_setting_that_a_report_hangs_on():
    hashes, afterwards = {DEFAULT.hash()}, 0
    for name, _, value in SETTINGS:
        other = tomllib.loads(f"value = {another(value)}")["value"]
        hash_ = changed(DEFAULT, name, other).hash()
        if name.partition(".")[0] in ("evaluation", "cohort", "dashboard", "jobs"):
            assert hash_ == DEFAULT.hash()
            afterwards += 1
        else:
            hashes.add(hash_)
    assert len(hashes) == len(SETTINGS) - afterwards + 1


def test_a_fingerprint_does_not_hang_on_the_order_of_keys():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint("a", "b") != fingerprint("b", "a")
    assert fingerprint("ab") != fingerprint("a", "b")
