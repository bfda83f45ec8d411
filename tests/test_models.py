import json
import os

import pytest

from pipeline.catalogue import catalogue, find_pyannote, find_whisper
from pipeline.config import load_config
from pipeline.errors import ModelUnavailable
from pipeline.manifest import NAME
from pipeline.models import fetch, list_models, register, verify
from pipeline.places import data_dir, models_dir
from tests.hub import COMMIT, hub, point_to

CONFIG = load_config()
PYANNOTE = CONFIG.diarization.pyannote
WHISPER = CONFIG.transcription.whisper
TOKEN = PYANNOTE.token_variable

VOICES = {
    "config.yaml": b"pipeline: {params: {segmentation: $model/segmentation}}\n",
    "segmentation/pytorch_model.bin": b"weights" * 1000,
    "plda/plda.npz": b"numbers",
    "README.md": b"# licence: cc-by-4.0\n",
    "training.log": b"not needed",
}
WORDS = {
    "config.json": b"{}",
    "model.bin": b"weights" * 1000,
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a\nb\n",
}


@pytest.fixture(autouse=True)
def quiet_home(monkeypatch, tmp_path):
    """No token, an empty hub cache, and the environment put back afterwards."""
    monkeypatch.delenv(TOKEN, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


def lay(directory, files):
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory


def contents(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != NAME
    }


def states(models):
    return {p.model.name: p.state for p in list_models(CONFIG, models_dir=models)}


# --- where things live


def test_the_data_folder_follows_attune_home(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "here"))
    assert data_dir() == tmp_path / "here"
    assert models_dir() == tmp_path / "here" / "models"


def test_without_attune_home_the_system_decides(monkeypatch):
    monkeypatch.delenv("ATTUNE_HOME", raising=False)
    assert data_dir().is_absolute()
    assert data_dir().name == "attune"


# --- finding


def test_whisper_repositories_are_those_of_faster_whisper():
    from faster_whisper.utils import _MODELS

    ours = {m.name.removeprefix("whisper-"): m.hub_id for m in catalogue(CONFIG)[1:]}
    assert ours == {size: _MODELS[size] for size in ours}
    assert WHISPER.size in ours


def test_nothing_here_says_how_to_get_it(models):
    assert set(states(models).values()) == {"missing"}
    with pytest.raises(ModelUnavailable) as caught:
        find_pyannote(PYANNOTE, models_dir=models)
    for remedy in (f"https://huggingface.co/{PYANNOTE.hub_id}", TOKEN, "--from DIR"):
        assert remedy in str(caught.value)
    with pytest.raises(ModelUnavailable, match="attune models fetch whisper"):
        find_whisper(WHISPER, models_dir=models)


def test_the_configured_directory_comes_before_the_data_folder_before_the_cache(models, tmp_path):
    folder = tmp_path / "cache" / f"models--{PYANNOTE.hub_id.replace('/', '--')}"
    lay(folder, {"refs/main": COMMIT.encode()})
    cached = lay(folder / "snapshots" / COMMIT, VOICES)
    assert find_pyannote(PYANNOTE, models_dir=models) == cached
    fetched = lay(models / "pyannote", VOICES)
    assert find_pyannote(PYANNOTE, models_dir=models) == fetched
    own = lay(tmp_path / "own", VOICES)
    mine = load_config(overrides=[f"diarization.pyannote.model={own}"]).diarization.pyannote
    assert find_pyannote(mine, models_dir=models) == own


def test_a_configured_directory_that_isnt_there_is_never_replaced_by_another(models, tmp_path):
    lay(models / "pyannote", VOICES)
    gone = load_config(overrides=[f"diarization.pyannote.model={tmp_path / 'gone'}"])
    with pytest.raises(ModelUnavailable, match=r"diarization\.pyannote\.model"):
        find_pyannote(gone.diarization.pyannote, models_dir=models)


@pytest.mark.parametrize("name", ["config.yaml", "segmentation/pytorch_model.bin"])
def test_an_incomplete_pipeline_names_what_is_missing(models, name):
    lay(models / "pyannote", {k: v for k, v in VOICES.items() if k != name})
    with pytest.raises(ModelUnavailable, match=name.partition("/")[0]):
        find_pyannote(PYANNOTE, models_dir=models)


# --- registering


def test_a_registered_directory_is_real_files_with_checksums(models, tmp_path):
    blobs = lay(tmp_path / "blobs", WORDS)
    links = tmp_path / "snapshot"
    links.mkdir()
    for name in WORDS:
        (links / name).symlink_to(blobs / name)
    path = register("whisper", links, CONFIG, models_dir=models)
    assert path == models / f"whisper-{WHISPER.size}" == find_whisper(WHISPER, models_dir=models)
    assert contents(path) == WORDS
    assert not any(file.is_symlink() for file in path.rglob("*"))
    assert states(models)[path.name] == "recorded"
    assert verify("whisper", CONFIG, models_dir=models).ok


def test_registering_leaves_nothing_behind_and_replaces_the_old(models, tmp_path):
    register("whisper", lay(tmp_path / "old", WORDS), CONFIG, models_dir=models)
    new = {**WORDS, "model.bin": b"newer"}
    path = register("whisper", lay(tmp_path / "new", new), CONFIG, models_dir=models)
    assert contents(path) == new
    assert [p.name for p in models.iterdir()] == [path.name]


def test_a_manifest_travels_with_its_directory_and_is_checked_on_arrival(models, tmp_path):
    first = register("pyannote", lay(tmp_path / "a", VOICES), CONFIG, models_dir=models)
    other = register("pyannote", first, CONFIG, models_dir=tmp_path / "other")
    assert (other / NAME).read_bytes() == (first / NAME).read_bytes()
    (first / "plda" / "plda.npz").write_bytes(b"numberz")
    with pytest.raises(ModelUnavailable, match=r"plda/plda\.npz"):
        register("pyannote", first, CONFIG, models_dir=tmp_path / "third")
    assert list((tmp_path / "third").iterdir()) == []


@pytest.mark.parametrize("name", ["whisper", "pyannote"])
def test_something_else_is_not_registered(models, tmp_path, name):
    with pytest.raises(ModelUnavailable, match="missing"):
        register(name, lay(tmp_path / "x", {"a.txt": b"a"}), CONFIG, models_dir=models)
    assert states(models)["pyannote"] == "missing"


def test_an_unknown_model_lists_the_known(models, tmp_path):
    with pytest.raises(ModelUnavailable, match="whisper-turbo"):
        register("whisper-huge", tmp_path, CONFIG, models_dir=models)


# --- verifying


def test_verify_finds_one_changed_byte_that_a_glance_does_not(models, tmp_path):
    path = register("whisper", lay(tmp_path / "w", WORDS), CONFIG, models_dir=models)
    (path / "model.bin").write_bytes(b"weightz" * 1000)
    assert states(models)[path.name] == "recorded"
    check = verify("whisper", CONFIG, models_dir=models)
    assert (check.ok, check.damaged) == (False, ("model.bin",))


def test_a_missing_or_shortened_file_shows_at_a_glance(models, tmp_path):
    path = register("whisper", lay(tmp_path / "w", WORDS), CONFIG, models_dir=models)
    (path / "model.bin").write_bytes(b"short")
    (path / "vocabulary.txt").unlink()
    (path / "new.txt").write_bytes(b"?")
    assert states(models)[path.name] == "changed"
    check = verify("whisper", CONFIG, models_dir=models)
    assert check.damaged == ("model.bin", "vocabulary.txt")
    assert check.extra == ("new.txt",)


def test_a_directory_of_the_users_own_has_nothing_to_be_checked_against(models):
    lay(models / "pyannote", VOICES)
    assert states(models)["pyannote"] == "unrecorded"
    assert not verify("pyannote", CONFIG, models_dir=models).recorded


@pytest.mark.parametrize("text", ["", "[]", '{"files": {"a": 1}}', '{"files": {"a": {}}}', "\0"])
def test_a_broken_manifest_is_told(models, text):
    (lay(models / "pyannote", VOICES) / NAME).write_text(text)
    with pytest.raises(ModelUnavailable, match="manifest"):
        verify("pyannote", CONFIG, models_dir=models)
    assert states(models)["pyannote"] == "changed"


# --- fetching, from a hub on the loopback interface


def test_fetching_brings_the_needed_files_recorded_with_their_commit(models, monkeypatch):
    monkeypatch.setenv(TOKEN, "hf_secret")
    seen = []
    with hub(monkeypatch, VOICES) as asked:
        path = fetch("pyannote", CONFIG, models_dir=models, progress=lambda *c: seen.append(c))
    needed = {name: content for name, content in VOICES.items() if name != "training.log"}
    assert contents(path) == needed
    assert asked[0] == (f"/api/models/{PYANNOTE.hub_id}/revision/main", "Bearer hf_secret")
    origin = json.loads((path / NAME).read_text())["origin"]
    assert (origin["revision"], origin["licence"]) == (COMMIT, "CC-BY-4.0")
    assert verify("pyannote", CONFIG, models_dir=models).ok
    assert states(models)["pyannote"] == "recorded"
    assert seen[-1] == ("models", 1.0)


def test_the_token_is_written_nowhere(models, monkeypatch):
    monkeypatch.setenv(TOKEN, "hf_secret")
    with hub(monkeypatch, VOICES):
        fetch("pyannote", CONFIG, models_dir=models)
    files = [path for path in models.parent.rglob("*") if path.is_file()]
    assert files
    assert not any(b"hf_secret" in path.read_bytes() for path in files)


def test_whisper_is_fetched_without_a_token_even_if_there_is_one(models, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with hub(monkeypatch, WORDS) as asked:
        path = fetch("whisper", CONFIG, models_dir=models)
    assert contents(path) == WORDS
    assert {authorization for _path, authorization in asked} == {None}


def test_the_hub_is_out_of_reach_again_after_a_fetch(models, monkeypatch):
    from huggingface_hub import constants

    with hub(monkeypatch, WORDS):
        fetch("whisper", CONFIG, models_dir=models)
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert constants.HF_HUB_OFFLINE


def test_a_gated_model_without_a_token_asks_nobody(models, monkeypatch):
    with hub(monkeypatch, VOICES) as asked, pytest.raises(ModelUnavailable) as caught:
        fetch("pyannote", CONFIG, models_dir=models)
    assert asked == []
    for remedy in (f"https://huggingface.co/{PYANNOTE.hub_id}", TOKEN, "--from DIR"):
        assert remedy in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_tells_where_to_accept_the_conditions(models, monkeypatch, status):
    monkeypatch.setenv(TOKEN, "hf_wrong")
    with (
        hub(monkeypatch, VOICES, refuse=status),
        pytest.raises(ModelUnavailable, match=f"refused pyannote .{status}.") as caught,
    ):
        fetch("pyannote", CONFIG, models_dir=models)
    assert f"https://huggingface.co/{PYANNOTE.hub_id}" in str(caught.value)
    assert "hf_wrong" not in str(caught.value)
    assert states(models)["pyannote"] == "missing"


def test_no_connection_is_told_with_the_offline_route(models, monkeypatch):
    point_to(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match="can't be reached") as caught:
        fetch("whisper", CONFIG, models_dir=models)
    assert "--from DIR" in str(caught.value)
    assert states(models)[f"whisper-{WHISPER.size}"] == "missing"


def test_weights_that_differ_from_the_hubs_checksum_are_thrown_away(models, monkeypatch):
    with (
        hub(monkeypatch, WORDS, corrupt=["model.bin"]),
        pytest.raises(ModelUnavailable, match=r"model\.bin .* damaged"),
    ):
        fetch("whisper", CONFIG, models_dir=models)
    with hub(monkeypatch, WORDS):
        assert contents(fetch("whisper", CONFIG, models_dir=models)) == WORDS


def test_a_repository_without_the_weights_is_no_model(models, monkeypatch):
    with (
        hub(monkeypatch, {"config.json": b"{}"}),
        pytest.raises(ModelUnavailable, match=r"model\.bin"),
    ):
        fetch("whisper", CONFIG, models_dir=models)


def test_a_full_disk_is_told_before_anything_is_asked(models, monkeypatch):
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(10, 10, 1_000_000))
    with hub(monkeypatch, WORDS) as asked, pytest.raises(ModelUnavailable, match="1 MB are free"):
        fetch("whisper", CONFIG, models_dir=models)
    assert asked == []
