"""A role-play as it is written: who speaks, what they say, and where each line is placed.

A script is a TOML file::

    title = "..."
    setup = "one microphone"              # or "two microphones": one voice per channel
    order = ["B", "A"]                    # two microphones only: left channel first
    seed = 1
    [voices.A]
    flite = "slt"                         # the voice's name in flite
    stretch = 1.05                        # of its durations
    pitch = 180                           # Hz, mean; left out where the voice has its own

    [[parts]]                             # a practice section; without roles: chat, feedback
    roles = { A = "therapist", B = "client" }
    lines = [
      { A = "What has this week been like?" },
      { B = "Long. I have been so tired that I fall asleep at the table.", gap = 0.6 },
      { A = "mm-hm", within = "so tired" },
    ]

Placement of a line, one of:

    gap      seconds after the floor holder's line ended (-0.35 to 2.0); drawn where left out
    silence  the same, 3.3 to 8.0 s
    within   starts where these words of the floor holder's line end, and takes no floor
    cut      the floor holder breaks off after these words; this line starts ``overlap`` (0.7 to
             1.6 s) before that
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GAP = (-0.35, 2.0)  # s; beyond, an ordinary change of turns would look like an event
SILENCE = (3.3, 8.0)  # s; a silence is listed from 3 s on, clear of that edge
OVERLAP = (0.7, 1.6)  # s; a floor counts as taken at 0.5 to 2 s of overlap, clear of both edges
PLACEMENTS = ("gap", "silence", "within", "cut")
SETUPS = ("one microphone", "two microphones")
ROLES = ("therapist", "client", "other")


class ScriptError(ValueError):
    """A script contradicts itself or can't be spoken; the message names the line."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How flite speaks for somebody; ``pitch`` in Hz, None keeps the voice's own."""

    flite: str
    stretch: float = 1.0
    pitch: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Something said, with at most one placement set; ``part`` counts from 0."""

    speaker: str
    text: str
    part: int
    gap: float | None = None
    silence: float | None = None
    within: str | None = None
    cut: str | None = None
    overlap: float = 0.9


@dataclass(frozen=True, slots=True)
class Room:
    """What the microphones add; levels in dB re full scale, speech being at -28.

    Attributes:
        reverberation: seconds to fall by 60 dB; 0 for none.
        crosstalk_db: level of the other voice in a channel, re its own channel.
    """

    noise_db: float = -68.0
    reverberation: float = 0.0
    crosstalk_db: float = -30.0


@dataclass(frozen=True, slots=True)
class Script:
    """A role-play; ``roles`` holds one mapping a part, empty for what is no practice."""

    name: str
    title: str
    setup: str
    seed: int
    order: tuple[str, ...]
    voices: Mapping[str, Voice]
    room: Room
    roles: tuple[Mapping[str, str], ...]
    lines: tuple[Line, ...]


def read_script(path: Path) -> Script:
    """The script in a TOML file.

    Raises:
        ScriptError: a key is unknown, a value out of range, or a line names no voice.
    """
    with path.open("rb") as file:
        raw = tomllib.load(file)
    voices = {label: Voice(**voice) for label, voice in raw["voices"].items()}
    parts = raw["parts"]
    script = Script(
        name=path.stem,
        title=raw["title"],
        setup=raw["setup"],
        seed=raw["seed"],
        order=tuple(raw.get("order", voices)),
        voices=voices,
        room=Room(**raw.get("room", {})),
        roles=tuple(part.get("roles", {}) for part in parts),
        lines=tuple(
            _line(entry, part=i, voices=voices)
            for i, part in enumerate(parts)
            for entry in part["lines"]
        ),
    )
    _check(script)
    return script


def _line(entry: dict[str, Any], *, part: int, voices: Mapping[str, Voice]) -> Line:
    """One inline table: ``{ SPEAKER = TEXT, placement }``."""
    speakers = [key for key in entry if key in voices]
    placement = {key: value for key, value in entry.items() if key not in voices}
    unknown = set(placement) - {*PLACEMENTS, "overlap"}
    if len(speakers) != 1 or unknown or len(set(placement) & set(PLACEMENTS)) > 1:
        raise ScriptError(f"{entry}: write one voice's text and at most one of {PLACEMENTS}")
    line = Line(speaker=speakers[0], text=entry[speakers[0]], part=part, **placement)
    for what, value, (low, high) in (
        ("gap", line.gap, GAP),
        ("silence", line.silence, SILENCE),
        ("overlap", line.overlap, OVERLAP),
    ):
        if value is not None and not low <= value <= high:
            raise ScriptError(f"{entry}: {what} = {value} s must lie within {low} to {high} s")
    return line


def _check(script: Script) -> None:
    """Raise where the script as a whole makes no recording."""
    if script.setup not in SETUPS:
        raise ScriptError(f"{script.name}: setup {script.setup!r} must be one of {SETUPS}")
    if sorted(script.order) != sorted(script.voices):
        raise ScriptError(f"{script.name}: order must name every voice once")
    if any(role not in ROLES for roles in script.roles for role in roles.values()):
        raise ScriptError(f"{script.name}: a role must be one of {ROLES}")
    holder: Line | None = None
    for line in script.lines:
        phrase = line.within or line.cut
        if phrase is not None:
            if holder is None or holder.speaker == line.speaker:
                raise ScriptError(f"{script.name}: {line.text!r} needs another's line before it")
            if phrase not in holder.text:
                raise ScriptError(f"{script.name}: {phrase!r} is not in {holder.text!r}")
        if line.within is None:
            holder = line
