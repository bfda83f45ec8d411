#!/usr/bin/env python3
"""Make the sample role-plays from their scripts, with their exact truth.

    python sample_audio/make.py [NAME...] --out DIR

writes NAME.flac, NAME.rttm, NAME.truth.json and NAME.stm for each script of ``scripts/`` (all of
them where none is named). Needs numpy, scipy, soundfile and the speech synthesizer flite. The
same flite makes the same recording every time. README.md tells what the files hold.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import soundfile as sf
from microphones import record
from script import Script, ScriptError, read_script
from speech import RATE
from stage import Truth, stage

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "scripts"


def main() -> int:
    """Make what the command line names; the exit code is 1 where a script can't be staged."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", help="scripts to make, without .toml; all by default")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    asked = parser.parse_args()
    paths = [SCRIPTS / f"{name}.toml" for name in asked.names] or sorted(SCRIPTS.glob("*.toml"))
    if missing := [path.stem for path in paths if not path.is_file()]:
        known = ", ".join(sorted(path.stem for path in SCRIPTS.glob("*.toml")))
        parser.error(f"no script is named {', '.join(missing)}; there are {known}")
    asked.out.mkdir(parents=True, exist_ok=True)
    try:
        for path in paths:
            script = read_script(path)
            truth = make(script, asked.out)
            told = ", ".join(f"{n} {kind}" for kind, n in sorted(_tally(truth).items()))
            sys.stderr.write(f"{script.name}: {truth.duration:.0f} s, {told}\n")
    except ScriptError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def make(script: Script, out: Path) -> Truth:
    """Stage, record and write one role-play."""
    tracks, truth = stage(script)
    samples = record(tracks, script)
    sf.write(out / f"{script.name}.flac", samples, RATE, format="FLAC", subtype="PCM_16")
    (out / f"{script.name}.rttm").write_text(rttm(script.name, truth))
    (out / f"{script.name}.stm").write_text(stm(script.name, truth))
    (out / f"{script.name}.truth.json").write_text(truth_json(script, truth))
    return truth


def rttm(name: str, truth: Truth) -> str:
    """Speech of each voice, silences over 0.2 s taken out."""
    rows = sorted((s, e, who) for who, spans in truth.speech.items() for s, e in spans)
    return "".join(
        f"SPEAKER {name} 1 {s:.3f} {e - s:.3f} <NA> <NA> {who} <NA> <NA>\n" for s, e, who in rows
    )


def stm(name: str, truth: Truth) -> str:
    """NIST STM: one row a line, in lower case without punctuation, only what was heard."""
    rows = sorted((p.start, p.end, p.line.speaker, p.text) for p in truth.placed)
    return "".join(
        f"{name} 1 {who} {start:.3f} {end:.3f} <o,f0,unknown> {_bare(text)}\n"
        for start, end, who, text in rows
    )


def truth_json(script: Script, truth: Truth) -> str:
    """Talk, turns and events, and who was what in which section."""
    short = [(e.start, e.end, e.by) for e in truth.events if e.type == "backchannel"]
    talk = {
        who: sum(
            e - s for s, e in spans if not any(b <= s and e <= c and who == w for b, c, w in short)
        )
        for who, spans in truth.speech.items()
    }
    kept = {
        "title": script.title,
        "setup": script.setup,
        "channels": list(script.order) if script.setup == "two microphones" else ["mixed"],
        "duration": truth.duration,
        "roles": truth.sections[0]["roles"],
        "sections": truth.sections,
        "talk": talk,
        "turns": truth.turns,
        "events": [
            {"type": e.type, "start": e.start, "end": e.end, "by": e.by} for e in truth.events
        ],
    }
    return json.dumps(_rounded(kept), indent=1) + "\n"


def _tally(truth: Truth) -> dict[str, int]:
    kinds = [e.type for e in truth.events]
    return {kind: kinds.count(kind) for kind in kinds}


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower()).split())


def _rounded(value: object) -> object:
    """Seconds to the millisecond, all the way down."""
    if isinstance(value, float):
        return round(float(value), 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
