"""How figures and moments are said to a person: calm, plain, and never better than they are."""

import math
from collections.abc import Mapping

from pipeline.bands import Band
from pipeline.meanings import MEANINGS
from pipeline.records import EventType, Grade, Measure

EVENTS: Mapping[EventType, tuple[str, str]] = {
    "silence": ("Silences", "No words here; there may be tears, breath or laughter."),
    "floor_taken": (
        "Started while the other was speaking, and went on alone",
        "Moments to hear, not verdicts: you may have cut in, they may have finished, they may have "
        "welcomed it.",
    ),
    "overlapping_start": ("Started while the other was speaking", ""),
    "overlap_floor_kept": ("Spoke alongside the other, who went on", ""),
    "dual_start": ("Both started at once", ""),
    "backchannel": ("Listening sounds", "Told by their length and place, not by their words."),
    "question": ("Questions", ""),
    "reflection": ("Possible reflections", "Candidates; listen before you count them."),
    "information": ("Information or advice", ""),
    "affirmation": ("Possible affirmations", ""),
    "summary": ("Possible summaries", ""),
}

GRADES: Mapping[Grade, str] = {
    "good": "clear",
    "low": "hard to hear: these figures are rough",
    "draft": "draft words: rough",
    "abstained": "not enough to tell",
}

_RANGES: Mapping[str, str] = {
    "errors": "if this tool errs as it did on its test recordings",
    "turns": "if the turns had fallen a little differently",
}

_PARTS: Mapping[str, str] = {
    "corrected": "{:.0f} of them corrected by you",
    "sessions": "{:.0f} sessions together",
    "left_out": "{:.0f} left out",
    "per_10_min": "{:.1f} per 10 minutes",
    "per_min": "{:.1f} per minute",
    "words": "{:.0f} words",
    "count_1s": "{:.0f} of 1 second or more",
    "seconds": "{:.1f} s in all",
    "mean": "{mean} on average",
    "hertz": "around {:.0f} Hz",
    "below_0": "{:.0f} % overlapped",
    "to_0.2": "{:.0f} % within 0.2 s",
    "to_1": "{:.0f} % from 0.2 to 1 s",
    "to_3": "{:.0f} % from 1 to 3 s",
    "from_3": "{:.0f} % after 3 s or more",
}

_SILENT = ("q1", "q3", "count", "count_low", "count_high", "exposure")
"""Parts that are told with others, or only serve to add sessions."""


def measure_name(name: str) -> str:
    """A measure's name in words; an unknown one's with its underscores taken out."""
    known = MEANINGS.get(name)
    return known.title if known else name.replace("_", " ").capitalize()


def figure(value: float | None, unit: str) -> str:
    """A value with its unit, rounded to what a reader can use."""
    if value is None or not math.isfinite(value):
        return "Not enough to tell"
    if unit == "share":
        return f"{value * 100:.0f} %"
    if unit == "s":
        return f"{value:.1f} s" if value < 60 else f"{int(value) // 60} min {int(value) % 60} s"
    if unit == "count":
        return f"{value:.0f}"
    if unit == "ratio":
        return f"{value:.2g} to 1"
    return f"{value:.1f} {unit.replace('min', 'minutes' if '10' in unit else 'minute')}"


def figure_of(measure: Measure) -> str:
    """A measure's value, or that there is not enough to tell."""
    return figure(None if measure.certainty == "abstained" else measure.value, measure.unit)


def details_of(measure: Measure) -> tuple[str, ...]:
    """What stands below a figure: its range, its parts, and the note."""
    out: list[str] = []
    if measure.certainty != "abstained" and measure.value is not None:
        if measure.interval:
            low, high = (figure(bound, measure.unit) for bound in measure.interval)
            out.append(f"{low} to {high} {_RANGES[measure.interval_of]}")
        out += _parts(measure)
        if measure.certainty != "good":
            out.append(_sentence(GRADES[measure.certainty]))
    note = measure.note.removeprefix("not enough to tell: ").strip()
    if note and note != "not enough to tell":
        out.append(_sentence(note))
    return tuple(out)


def band(where: Band, unit: str) -> str:
    """A band in words, with where it comes from."""
    low, high = figure(where.low, unit), figure(where.high, unit)
    return f"Half of {where.sessions} lie between {low} and {high}: {where.caption}."


def _parts(measure: Measure) -> list[str]:
    parts = measure.parts
    out: list[str] = []
    if "count_low" in parts:
        least, most = parts["count_low"], parts["count_high"]
        turns = measure.denominator or 0.0
        out.append(f"about {parts['count']:.0f} ({least:.0f} to {most:.0f}) of {turns:.0f} turns")
    if "q1" in parts and "q3" in parts:
        low, high = (figure(parts[name], measure.unit) for name in ("q1", "q3"))
        unit = " " + high.partition(" ")[2]  # said once where both have it
        out.append(f"middle half {low.removesuffix(unit)} to {high}")
    for name, value in parts.items():
        if name in _PARTS:
            form = _PARTS[name]
            mean = figure(value, measure.unit)
            out.append(form.format(value * 100 if "%" in form else value, mean=mean))
        elif measure.unit == "share" and name not in _SILENT:
            out.append(f"{name} {value * 100:.0f} %")
    return [", ".join(out)] if out else []


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
