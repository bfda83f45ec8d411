"""Bringing weights to this machine, and checking that they stay as they came.

They live in the data folder as real files, one directory per model, with a manifest of checksums
(``pipeline.manifest``). The network is touched by ``fetch`` alone, because the user asked for it;
``register`` brings a directory from another machine.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.catalogue import Model, catalogue, check_files, named, whereabouts
from pipeline.errors import ModelUnavailable
from pipeline.manifest import (
    Check,
    check_manifest,
    copy_real,
    directory_size,
    file_sha256s,
    glance,
    write_manifest,
)
from pipeline.privacy import fetching
from pipeline.records import Progress, no_progress
from pipeline.settings import Config

State = Literal["recorded", "changed", "unrecorded", "missing"]

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Presence:
    """A model and what of it is on this machine.

    Attributes:
        path: its directory; None where it is missing.
        state: ``recorded`` (names and sizes as fetched), ``changed``, ``unrecorded`` (a directory
            of the user's own, nothing to check against) or ``missing``.
    """

    model: Model
    path: Path | None
    state: State

    @property
    def present(self) -> bool:
        """Whether an engine can load it."""
        return self.path is not None


def list_models(config: Config, *, models_dir: Path) -> tuple[Presence, ...]:
    """Every model and whether it is here; checksums are glanced at, ``verify`` recomputes them."""
    return tuple(_presence(model, config, models_dir) for model in catalogue(config))


def fetch(name: str, config: Config, *, models_dir: Path, progress: Progress = no_progress) -> Path:
    """Download a model because the user asked for it; returns its directory.

    ``whisper`` means the configured size. A download that broke off is continued; the directory
    appears only once it is whole, its content agrees with the hub's checksums and its manifest is
    written.

    Raises:
        ModelUnavailable: unknown name, no or refused token, no connection, no room.
    """
    model = named(name, config)
    token = os.environ.get(model.token_variable) if model.token_variable else None
    if model.token_variable and not token:
        raise ModelUnavailable(
            f"{model.name} is gated and the environment variable {model.token_variable} is empty. "
            f"Accept the conditions on {model.url}, put a read token into the variable and fetch "
            f"again; offline, run `attune models fetch {model.name} --from DIR`"
        )
    partial = models_dir / ".partial" / model.name
    _room(models_dir, model.size - (directory_size(partial) if partial.exists() else 0))
    partial.mkdir(parents=True, exist_ok=True)
    with _watched(partial, model.size, progress):
        commit = _download(model, partial, token=token)
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    check_files(partial, model.required, what=model.name)
    _record(model, partial, origin=model.url, revision=commit)
    return _install(partial, models_dir / model.name)


def register(
    name: str,
    directory: Path,
    config: Config,
    *,
    models_dir: Path,
    progress: Progress = no_progress,
) -> Path:
    """Copy a model's directory from elsewhere into the data folder; for machines without network.

    A manifest that came along is checked after copying.

    Raises:
        ModelUnavailable: not such a model's directory, damaged on the way, or no room.
    """
    model = named(name, config)
    if not directory.is_dir():
        raise ModelUnavailable(f"{directory} is not a directory; give the one that holds the model")
    check_files(directory, model.required, what=model.name)
    _room(models_dir, directory_size(directory.resolve()))
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".register-") as folder:
        copy = Path(folder) / model.name
        copy_real(directory, copy, progress=progress)
        check = check_manifest(copy, progress=no_progress)
        if check.damaged:
            raise ModelUnavailable(
                f"{directory} differs from its manifest in {', '.join(check.damaged)}; "
                "copy it again"
            )
        if not check.recorded:
            _record(model, copy, origin="a local directory", revision="")
        return _install(copy, models_dir / model.name)


def verify(
    name: str, config: Config, *, models_dir: Path, progress: Progress = no_progress
) -> Check:
    """Recompute the checksums of a model in the data folder.

    Raises:
        ModelUnavailable: the model isn't there, or its manifest can't be read.
    """
    model = named(name, config)
    directory = models_dir / model.name
    if not directory.is_dir():
        raise ModelUnavailable(
            f"{model.name} is not in {models_dir}; run `attune models fetch {model.name}` first"
        )
    return check_manifest(directory, progress=progress)


def _presence(model: Model, config: Config, models_dir: Path) -> Presence:
    path = whereabouts(model, config, models_dir=models_dir)
    if path is None:
        return Presence(model, None, "missing")
    try:
        check = glance(path)
    except ModelUnavailable:  # one unreadable manifest must not hide the other models
        return Presence(model, path, "changed")
    if not check.recorded:
        return Presence(model, path, "unrecorded")
    return Presence(model, path, "recorded" if check.ok else "changed")


def _room(models_dir: Path, needed: int) -> None:
    models_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(models_dir).free
    if free < needed:
        raise ModelUnavailable(
            f"{needed / _MB:.0f} MB are needed in {models_dir}, {free / _MB:.0f} MB are free; make "
            "room, or move the data folder with ATTUNE_HOME"
        )


def _record(model: Model, directory: Path, *, origin: str, revision: str) -> None:
    about = {"model": model.name, "licence": model.licence, "from": origin, "revision": revision}
    write_manifest(directory, origin=about, progress=no_progress)


def _install(ready: Path, target: Path) -> Path:
    """Move a whole directory to its place in one step; an older one makes room for it."""
    old = target.with_name(f".old-{target.name}")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    ready.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


@contextmanager
def _watched(folder: Path, whole: int, progress: Progress) -> Iterator[None]:
    """Report how much of a download has arrived, by looking at the disk twice a second."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            progress("models", min(0.99, directory_size(folder) / whole))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    progress("models", 1.0)


def _download(model: Model, folder: Path, *, token: str | None) -> str:
    """The model's files into ``folder``, checked against the hub; returns the commit."""
    with fetching():
        from huggingface_hub import HfApi, errors, snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()  # the caller shows its own
        try:
            info = HfApi(token=token or False).model_info(
                model.hub_id, revision=model.revision, files_metadata=True
            )
            # With the commit named, an interrupted download can't pass for a whole one.
            snapshot_download(
                model.hub_id,
                revision=info.sha,
                local_dir=folder,
                allow_patterns=list(model.patterns),
                token=token or False,
            )
        except errors.HfHubHTTPError as error:
            raise _refused(model, error) from error
        except (OSError, getattr(errors, "HTTPError", OSError)) as error:
            raise ModelUnavailable(
                f"{model.url} can't be reached ({type(error).__name__}); check the connection and "
                f"fetch again, what has arrived is kept. Offline: `attune models fetch "
                f"{model.name} --from DIR`"
            ) from error
    _compare(model, folder, info, no_progress)
    return str(info.sha)


def _refused(model: Model, error: Any) -> ModelUnavailable:
    """What a hub's answer means: 401 and 403 are about the token, the rest about the hub."""
    status = getattr(error.response, "status_code", None)
    if status in (401, 403) and model.token_variable:
        return ModelUnavailable(
            f"the hub refused {model.name} ({status}): the token in {model.token_variable} is "
            f"wrong or its owner hasn't accepted the conditions on {model.url}. Accept them, check "
            f"the token and fetch again; offline, `attune models fetch {model.name} --from DIR`"
        )
    return ModelUnavailable(
        f"the hub answered {status} for {model.url}; see whether the page exists and fetch again "
        f"later, or use `attune models fetch {model.name} --from DIR`"
    )


def _compare(model: Model, folder: Path, info: Any, progress: Progress) -> None:
    """The large files against the checksums that the hub publishes for them."""
    published = {s.rfilename: s.lfs.sha256 for s in info.siblings if s.lfs is not None}
    found = file_sha256s(folder, progress=progress)
    damaged = [name for name in found if published.get(name, found[name]) != found[name]]
    if damaged:
        shutil.rmtree(folder, ignore_errors=True)
        raise ModelUnavailable(
            f"{', '.join(damaged)} of {model.name} arrived damaged and was thrown away; fetch again"
        )
