"""The command line: a contract that others script against (README, "The command line").

Every command imports what it needs when it runs, so ``--help`` is quick and nothing pays for an
engine it doesn't use. Exit codes: 0 all done, 1 something failed, 2 wrong use.
"""

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    help="Feedback on how a therapist listened, from a recorded practice session. Nothing leaves "
    "this computer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="Weights of the better engines: list, fetch, verify.")
app.add_typer(models_app, name="models")
phrasing_app = typer.Typer(
    help="The model that tells reflections, questions and information: train it, score it."
)
app.add_typer(phrasing_app, name="phrasing")

Profile = Annotated[
    Optional[str],  # noqa: UP045 (Typer reads the annotation)
    typer.Option("--profile", help="A name in configs/ or a TOML file with overrides."),
]
Overrides = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--set", metavar="KEY=VALUE", help="Change one setting, e.g. turns.ipu_gap=0.25."),
]
JsonFile = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--json", metavar="FILE", help="Write JSON to FILE; - is standard output."),
]
Therapist = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="Who the therapist is: left, right, or a voice's label."),
]
Approach = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        help="What the course teaches: MI, person-centred, CBT, psychodynamic, other or unset. "
        "Published bands are shown for MI only."
    ),
]
Section = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--section",
        metavar="START-END[=THERAPIST]",
        help="A practice inside the recording, e.g. 0:00-5:10=S1; repeat it for more.",
    ),
]


def main() -> None:
    """Run the command line; an error Attune knows becomes one line and an exit code."""
    from pipeline.errors import AttuneError, ConfigError
    from pipeline.privacy import silence_telemetry

    silence_telemetry()
    try:
        app()
    except AttuneError as error:
        from pipeline.console import complain

        complain(str(error))
        raise SystemExit(2 if isinstance(error, ConfigError) else 1) from None


@app.command()
def analyze(
    files: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(metavar="FILE...", help="Recordings or transcripts."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder for <name>.json, .rttm, .vtt and .html."),
    ] = None,
    profile: Profile = None,
    overrides: Overrides = None,
    therapist: Therapist = None,
    setup: Annotated[
        str,
        typer.Option(
            help="one microphone, two microphones, call mixed, call separate, or unknown."
        ),
    ] = "unknown",
    approach: Approach = None,
    section: Section = None,
    recording: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="A stored recording's id instead of files."),
    ] = None,
) -> None:
    """Measure recordings, store the reports and, with --out, write them to files."""
    from pipeline.commands import (
        analyze_files,
        analyze_stored,
        parse_approach,
        parse_section,
        parse_setup,
    )
    from pipeline.config import load_config

    config = load_config(profile, overrides=overrides or ())
    sections = tuple(parse_section(text) for text in section or ())
    if bool(files) == bool(recording):
        raise typer.BadParameter("give one or more files, or --recording ID")
    if recording:
        analyze_stored(recording, config, therapist=therapist, sections=sections, out=out)
        return
    code = analyze_files(
        files or [],
        config,
        out=out,
        therapist=therapist,
        setup=parse_setup(setup),
        approach=parse_approach(approach),
        sections=sections,
    )
    raise typer.Exit(code)


@app.command("import")
def import_(
    transcript: Annotated[Path, typer.Argument(help="VTT, SRT, or WhisperX/faster-whisper JSON.")],
    audio: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The recording it belongs to; without it only words are measured."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder for <name>.json, .rttm, .vtt and .html."),
    ] = None,
    profile: Profile = None,
    overrides: Overrides = None,
    therapist: Therapist = None,
    approach: Approach = None,
    section: Section = None,
) -> None:
    """Use a transcript made elsewhere."""
    from pipeline.commands import analyze_files, parse_approach, parse_section
    from pipeline.config import load_config

    code = analyze_files(
        [audio or transcript],
        load_config(profile, overrides=overrides or ()),
        out=out,
        therapist=therapist,
        approach=parse_approach(approach),
        sections=tuple(parse_section(text) for text in section or ()),
        transcript=transcript if audio else None,
    )
    raise typer.Exit(code)


@app.command()
def demo(
    dashboard: Annotated[
        bool, typer.Option("--dashboard/--no-dashboard", help="Open the dashboard afterwards.")
    ] = True,
    everything: Annotated[
        bool, typer.Option("--all", help="All the role-plays, not only the first two.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 8501,
) -> None:
    """Analyse the sample role-plays with what is installed and show them."""
    from pipeline.commands import analyze_files, sample_recordings
    from pipeline.config import load_config

    samples = sample_recordings()
    code = analyze_files(samples if everything else samples[:2], load_config())
    if dashboard and not code:
        _serve(port, open_browser=True)
    raise typer.Exit(code)


@app.command("dashboard")
def dashboard_(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open the dashboard; it listens on this computer only."""
    _serve(port, open_browser=browser)


@app.command()
def worker(
    once: Annotated[bool, typer.Option("--once", help="End when nothing is waiting.")] = False,
    tied: Annotated[
        bool, typer.Option("--tied", hidden=True, help="End when standard input does.")
    ] = False,
    profile: Profile = None,
    overrides: Overrides = None,
) -> None:
    """Analyse what was uploaded, one recording after the other, until it is stopped."""
    from pipeline.console import note
    from pipeline.jobs.service import serve

    serve(profile=profile, overrides=overrides or (), once=once, tied=tied, note=note)


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="NAME.wav with its references.")],
    json_file: JsonFile = None,
    profile: Profile = None,
    overrides: Overrides = None,
) -> None:
    """Score Attune on recordings whose truth is known (RTTM, truth.json, STM)."""
    from pipeline.commands import write_json
    from pipeline.config import load_config
    from pipeline.console import show_evaluation, watching
    from pipeline.evaluation.run import as_json
    from pipeline.evaluation.run import evaluate as score

    with watching(folder.name) as progress:
        results = score(folder, load_config(profile, overrides=overrides or ()), progress=progress)
    data = as_json(results)
    if json_file != "-":
        show_evaluation(data)
    if json_file is not None:
        write_json(json_file, data)


@app.command()
def cohort(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Reports, and folders of them.")],
    by: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="KEY",
            help="Make groups: setup, engine, folder, or a column of DIR/sessions.csv.",
        ),
    ] = None,
    json_file: JsonFile = None,
    profile: Profile = None,
    overrides: Overrides = None,
) -> None:
    """Put many reports together: sums, spreads, ranges, change over time."""
    from pipeline.cohort import cohort as put_together
    from pipeline.cohort import to_json
    from pipeline.commands import write_bytes
    from pipeline.config import load_config
    from pipeline.console import show_cohort, watching

    config = load_config(profile, overrides=overrides or ())
    target = Path(json_file) if json_file not in (None, "-") else None
    with watching(folder.name) as progress:
        found = put_together(folder, config, by=by, but=target, progress=progress)
    if json_file != "-":
        show_cohort(found)
    if json_file is not None:
        write_bytes(json_file, to_json(found) + b"\n")
    raise typer.Exit(1 if found.skipped else 0)


@app.command()
def delete(
    recording: Annotated[str, typer.Argument(metavar="ID", help="See `attune sessions`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete a recording with everything that was made of it."""
    from pipeline.places import data_dir
    from pipeline.store import Store

    with Store.open(data_dir()) as store:
        name = store.recording(recording).name
        if not yes:
            typer.confirm(f"Delete {name!r} and its report for good?", abort=True)
        store.delete(recording)
    typer.echo(f"deleted {recording}")


@app.command()
def sessions() -> None:
    """List what is stored, newest first."""
    from pipeline.console import show_table
    from pipeline.places import data_dir
    from pipeline.store import Store

    with Store.open(data_dir()) as store:
        rows = [(s.id, s.name, f"{s.created:%Y-%m-%d %H:%M}", s.state) for s in store.sessions()]
    show_table(("id", "name", "stored", "state"), rows)


@app.command()
def doctor(profile: Profile = None) -> None:
    """Look at this computer: what is installed, what is missing, what to do about it."""
    from pipeline.config import load_config
    from pipeline.console import show_table
    from pipeline.doctor import examine

    findings = examine(load_config(profile))
    show_table(
        ("", "what", "found", "remedy"),
        [
            ("ok" if f.ok else "-" if f.optional else "!", f.name, f.detail, f.remedy)
            for f in findings
        ],
    )
    raise typer.Exit(1 if any(not f.ok and not f.optional for f in findings) else 0)


@models_app.command("list")
def models_list(profile: Profile = None) -> None:
    """Weights that Attune can use, and whether they are here."""
    from pipeline.config import load_config
    from pipeline.console import show_table
    from pipeline.models import list_models
    from pipeline.places import models_dir

    rows = [
        (
            p.model.name,
            p.model.purpose,
            f"{p.model.size / 1e6:.0f} MB",
            p.model.licence,
            str(p.state),
        )
        for p in list_models(load_config(profile), models_dir=models_dir())
    ]
    show_table(("name", "for", "size", "licence", "here"), rows)


@models_app.command("fetch")
def models_fetch(
    name: Annotated[str, typer.Argument(help="whisper, whisper-<size> or pyannote.")],
    source: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--from", help="Copy from a folder instead of the network."),
    ] = None,
    profile: Profile = None,
) -> None:
    """Fetch weights once, as real files with checksums; the only command that uses the network."""
    from pipeline.config import load_config
    from pipeline.console import watching
    from pipeline.models import fetch, register
    from pipeline.places import models_dir

    config = load_config(profile)
    with watching(name) as progress:
        if source is None:
            path = fetch(name, config, models_dir=models_dir(), progress=progress)
        else:
            path = register(name, source, config, models_dir=models_dir(), progress=progress)
    typer.echo(f"{name} is in {path}")


@models_app.command("verify")
def models_verify(
    name: Annotated[str, typer.Argument(help="whisper, whisper-<size> or pyannote.")],
    profile: Profile = None,
) -> None:
    """Check fetched weights against their checksums."""
    from pipeline.config import load_config
    from pipeline.console import watching
    from pipeline.models import verify
    from pipeline.places import models_dir

    with watching(name) as progress:
        check = verify(name, load_config(profile), models_dir=models_dir(), progress=progress)
    for what, files in (("damaged", check.damaged), ("not part of it", check.extra)):
        for file in files:
            typer.echo(f"{what}: {file}")
    typer.echo(f"{name}: {'as fetched' if check.ok else 'not as fetched, fetch it again'}")
    raise typer.Exit(0 if check.ok else 1)


@phrasing_app.command("train")
def phrasing_train(
    files: Annotated[
        list[Path], typer.Argument(metavar="CSV...", help="Columns of AnnoMI-simple.")
    ],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Where to write the model; without it, the one Attune uses is replaced."),
    ] = None,
) -> None:
    """Learn from the labelled dialogues of one or more files: a corpus, users' corrections."""
    from pipeline.console import watching
    from pipeline.phrasing.corpus import read_corpora
    from pipeline.phrasing.encoder import load_encoder
    from pipeline.phrasing.model import MODEL, save_model
    from pipeline.phrasing.training import train

    dialogues = read_corpora(files)
    with watching(files[0].name) as progress:
        model = train(dialogues, load_encoder(), progress=progress)
    save_model(model, out or MODEL)
    typer.echo(
        f"{len(dialogues)} dialogues, {model.facts['utterances']} utterances: {out or MODEL}"
    )


@phrasing_app.command("export")
def phrasing_export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file to write.")],
) -> None:
    """Write the labels that were corrected, of recordings whose every voice agreed to it."""
    from pipeline.console import out as console
    from pipeline.contribution import contribution
    from pipeline.errors import AttuneError
    from pipeline.phrasing.corpus import write_corpus
    from pipeline.places import data_dir
    from pipeline.store import Store

    with Store.open(data_dir()) as store:
        given = contribution(store)
    refused = (
        f"{given.without_consent} recordings were left out: not everybody heard in them has agreed "
        "to improving the model"
    )
    if not given.labels:
        raise AttuneError(
            "there is no corrected label to export"
            + (f"; {refused}" if given.without_consent else "; correct some on a session's page")
        )
    write_corpus(given.dialogues, out)
    console.print(f"{given.labels} labels of {len(given.dialogues)} practices: {out}")
    if given.without_consent:
        console.print(refused)


@phrasing_app.command("evaluate")
def phrasing_evaluate(
    corpus: Annotated[Path, typer.Argument(metavar="CSV", help="Columns of AnnoMI-simple.")],
    folds: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=2, help="Retrain so many times, each scored on videos it didn't see."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Score the model that Attune uses; with --folds, the way it is trained."""
    from pipeline.commands import write_json
    from pipeline.console import show_phrasing, warn, watching
    from pipeline.phrasing import scoring
    from pipeline.phrasing.corpus import read_corpus
    from pipeline.phrasing.encoder import load_encoder
    from pipeline.phrasing.model import shipped_model

    dialogues = read_corpus(corpus)
    with watching(corpus.name) as progress:
        data = (
            scoring.apply(shipped_model(), dialogues)
            if folds is None
            else scoring.cross_validate(dialogues, load_encoder(), folds=folds, progress=progress)
        )
    if data["note"]:
        warn(data["note"])
    if json_file != "-":
        show_phrasing(data)
    if json_file is not None:
        write_json(json_file, data)


def _serve(port: int, *, open_browser: bool) -> None:
    from dashboard.launch import serve

    serve(port, open_browser=open_browser)
