"""What the commands do: analyse files into the store, write reports, go on past failures."""

import json
import re
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, get_args

from pipeline.audio import probe
from pipeline.console import complain, show_report, watching
from pipeline.errors import AttuneError, ConfigError
from pipeline.exports import write_html, write_rttm, write_vtt
from pipeline.hearing import is_transcript
from pipeline.places import data_dir
from pipeline.records import Approach, Progress, Setup
from pipeline.report import Report, to_json
from pipeline.session import SectionChoice
from pipeline.settings import Config
from pipeline.store import Store
from pipeline.store.blobs import write_file
from pipeline.stored import report_of

_NAME_BYTES = 240
"""Bytes of a name; file systems take 255 with the extension."""

_SECTION = re.compile(r"(?P<start>[\d:.]+)-(?P<end>[\d:.]+)(?:=(?P<therapist>.+))?")


def analyze_files(
    files: Sequence[Path],
    config: Config,
    *,
    out: Path | None = None,
    therapist: str | None = None,
    setup: Setup = "unknown",
    approach: Approach | None = None,
    sections: Sequence[SectionChoice] = (),
    transcript: Path | None = None,
) -> int:
    """Analyse each file, store and show it; a bad file stops none of the rest.

    Returns:
        The exit code: 0 all done, 1 some failed, 2 a setting is wrong or doesn't fit a recording.
    """
    code = failed = 0
    names = _distinct(files)
    with Store.open(data_dir()) as store:
        for path, name in zip(files, names, strict=True):
            try:
                report = _analyze_file(
                    store,
                    path,
                    config,
                    name=name,
                    therapist=therapist,
                    setup=setup,
                    approach=approach,
                    sections=sections,
                    transcript=transcript,
                )
                written = write_outputs(report, out, name=name) if out is not None else ()
            except AttuneError as error:
                failed += 1
                code = max(code, 2 if isinstance(error, ConfigError) else 1)
                complain(str(error))
                continue
            show_report(report, written=written)
    if failed and len(files) > 1:
        complain(f"{failed} of {len(files)} files could not be analysed")
    return code


def analyze_stored(
    recording_id: str,
    config: Config,
    *,
    therapist: str | None = None,
    sections: Sequence[SectionChoice] = (),
    out: Path | None = None,
) -> None:
    """Analyse a recording of the store again; its state and any error are kept beside it."""
    with Store.open(data_dir()) as store:
        name = store.recording(recording_id).name
        try:
            with watching(name) as progress:
                report = _analyze_stored(
                    store,
                    recording_id,
                    config,
                    source=store.source(recording_id),
                    therapist=therapist,
                    sections=sections,
                    transcript=None,
                    progress=progress,
                )
        except AttuneError as error:
            store.set_state(recording_id, "failed", error=str(error))
            raise
        written = write_outputs(report, out, name=_file_name(name)) if out is not None else ()
        show_report(report, written=written)


def write_outputs(report: Report, folder: Path, *, name: str) -> tuple[Path, ...]:
    """``<name>.json .rttm .vtt .html`` in the folder, each written whole or not at all.

    Raises:
        AttuneError: the folder can't be written to.
    """
    contents = {
        ".json": to_json(report),
        ".rttm": write_rttm(report, uri=name).encode("utf-8", "replace"),
        ".vtt": write_vtt(report).encode(),
        ".html": write_html(report).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, data in contents.items():
            write_file(folder / f"{name}{suffix}", data)
    except OSError as error:
        raise AttuneError(
            f"the reports can't be written to {folder} ({error.strerror}); choose another --out"
        ) from error
    return tuple(folder / f"{name}{suffix}" for suffix in contents)


def write_json(target: str, data: dict[str, Any]) -> None:
    """JSON to a file, or to standard output for ``-``.

    Raises:
        AttuneError: the file can't be written.
    """
    write_bytes(target, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def write_bytes(target: str, data: bytes) -> None:
    """JSON that is ready to a file, or to standard output for ``-``.

    Raises:
        AttuneError: the file can't be written.
    """
    if target == "-":
        sys.stdout.write(data.decode())
        return
    try:
        write_file(Path(target).absolute(), data)
    except OSError as error:
        raise AttuneError(
            f"{target} can't be written ({error.strerror}); choose another file for --json"
        ) from error


def sample_recordings() -> list[Path]:
    """The role-plays of sample_audio, from the checkout or from inside the wheel.

    Raises:
        AttuneError: there are none.
    """
    here = Path(__file__).resolve().parent
    for folder in (here.parent / "sample_audio", here / "sample_audio"):
        found = sorted(folder.glob("*.flac"))
        if found:
            return found
    raise AttuneError("sample_audio is missing; get the whole checkout, or reinstall Attune")


def parse_section(text: str) -> SectionChoice:
    """``0:00-5:10=S1`` as a section.

    Raises:
        ConfigError: it isn't of that form, or ends before it starts.
    """
    found = _SECTION.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"--section {text!r} is not START-END[=THERAPIST]; try 0:00-5:10=S1")
    start, end = _seconds(found["start"], text), _seconds(found["end"], text)
    if end <= start:
        raise ConfigError(f"--section {text!r} ends before it starts")
    return SectionChoice(start, end, found["therapist"])


def parse_setup(text: str) -> Setup:
    """One of the set-ups that records.Setup knows.

    Raises:
        ConfigError: it is none of them.
    """
    for setup in get_args(Setup):
        if text == setup:
            known: Setup = setup
            return known
    raise ConfigError(f"--setup {text!r} is unknown; use one of: {', '.join(get_args(Setup))}")


def parse_approach(text: str | None) -> Approach | None:
    """One of the approaches that records.Approach knows, in any case; None for none.

    Raises:
        ConfigError: it is none of them.
    """
    for approach in get_args(Approach):
        if text is not None and text.casefold() == approach.casefold():
            known: Approach = approach
            return known
    if text is None:
        return None
    raise ConfigError(
        f"--approach {text!r} is unknown; use one of: {', '.join(get_args(Approach))}"
    )


def _analyze_file(
    store: Store,
    path: Path,
    config: Config,
    *,
    name: str,
    therapist: str | None,
    setup: Setup,
    approach: Approach | None,
    sections: Sequence[SectionChoice],
    transcript: Path | None,
) -> Report:
    """A file that turns out to be unusable leaves nothing in the store.

    It is read where it lies, not in the store: messages then call it by the name it has.
    """
    if not is_transcript(path):
        probe(path, config.audio)
    known = {session.id for session in store.sessions()}
    row = store.ingest(path, name=name, setup=setup)
    store.choose(row.id, approach=approach)
    try:
        with watching(name) as progress:
            return _analyze_stored(
                store,
                row.id,
                config,
                source=path,
                therapist=therapist,
                sections=sections,
                transcript=transcript,
                progress=progress,
            )
    except AttuneError:
        if row.id not in known:
            store.delete(row.id)
        raise


def _analyze_stored(
    store: Store,
    recording_id: str,
    config: Config,
    *,
    source: Path,
    therapist: str | None,
    sections: Sequence[SectionChoice],
    transcript: Path | None,
    progress: Progress,
) -> Report:
    report = report_of(
        store,
        recording_id,
        config,
        source=source,
        therapist=therapist,
        sections=sections,
        transcript=transcript,
        progress=_told(store, recording_id, progress),
    )
    if therapist is not None:  # now that it is one of the voices
        store.choose(recording_id, therapist=therapist)
    store.save(recording_id, report)
    return report


def _told(store: Store, recording_id: str, progress: Progress) -> Progress:
    """Progress that also reaches the store, every twentieth of a stage."""
    last: dict[str, float] = {}

    def hear(stage: str, fraction: float) -> None:
        progress(stage, fraction)
        if fraction - last.get(stage, -1.0) >= 0.05:
            last[stage] = fraction
            store.set_state(recording_id, "analysing", stage=stage, fraction=fraction)

    return hear


def _distinct(files: Sequence[Path]) -> list[str]:
    """Names for the results: the stems, numbered where two files share one."""
    names: list[str] = []
    for path in files:
        stem = _file_name(path.stem)
        free = (stem if n == 1 else f"{stem}-{n}" for n in count(1))
        names.append(next(name for name in free if name not in names))
    return names


def _file_name(name: str) -> str:
    """A name that any file system takes, with room for a number and an extension."""
    plain = re.sub(r"[\x00-\x1f/\\]", "_", name).encode("utf-8", "replace")
    return plain[:_NAME_BYTES].decode("utf-8", "ignore")


def _seconds(text: str, whole: str) -> float:
    """Seconds of ``90``, ``1:30`` or ``1:02:03.5``."""
    try:
        seconds = 0.0
        for part in text.split(":"):
            seconds = 60 * seconds + float(part)
    except ValueError as error:
        raise ConfigError(f"--section {whole!r}: {text!r} is no time; try 5:10") from error
    return seconds
