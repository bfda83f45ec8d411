"""The player: sound, moments and transcript in one component, so that a click plays at once.

Its three files lie beside this module. ``src`` must stay the same for a page's life (a changed one
restarts the sound); words reach the page as text, never as HTML.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dashboard import wording
from dashboard.views import Line, Moment, SectionView
from pipeline.durations import clock

KEY_MOMENTS = (
    "silence",
    "floor_taken",
    "overlap_floor_kept",
    "reflection",
    "affirmation",
    "summary",
)
"""The kinds that the list of moments starts with; the rest is a choice away."""


def player(
    section: SectionView,
    *,
    src: str,
    key: str,
    lead: float,
    draft: bool,
    words: str,
    command: dict[str, Any] | None,
) -> None:
    """Put the player of a section on the page.

    Args:
        section: whose moments and lines are listed.
        src: where the sound is.
        key: changes whenever the lists' content does.
        lead: seconds played before a moment.
        draft: whether the words are a draft and have to be called so.
        words: how far the words can be trusted, in a sentence.
        command: ``{"id": number, "start": seconds}``; a new id makes the player play from there.
    """
    _component()(
        key="player",
        data={
            "src": src,
            "key": key,
            "lead": lead,
            "start": section.start,
            "title": "Draft words" if draft else "Transcript",
            "note": words if draft else "",
            "moments": [_moment(moment) for moment in section.moments],
            "kinds": _kinds(section.moments),
            "key_moments": list(KEY_MOMENTS),
            "lines": [_line(line) for line in section.lines],
            "command": command,
        },
    )


def _kinds(moments: Sequence[Moment]) -> list[tuple[str, str]]:
    """Choices of the filter, each with its count."""
    counts: dict[str, int] = {}
    for moment in moments:
        counts[moment.kind] = counts.get(moment.kind, 0) + 1
    keys = sum(counts.get(kind, 0) for kind in KEY_MOMENTS)
    each = [
        (kind, f"{label} ({counts[kind]})")
        for kind, label in wording.EVENTS.items()
        if kind in counts
    ]
    return [("key", f"Key moments ({keys})"), ("all", f"All moments ({len(moments)})"), *each]


def _moment(moment: Moment) -> dict[str, Any]:
    return {
        "kind": moment.kind,
        "start": moment.start,
        "end": moment.end,
        "clock": clock(moment.start),
        "label": moment.label,
        # whose silence it is depends on who breaks it, which the detail says
        "who": "" if moment.kind == "silence" else moment.who,
        "role": None if moment.kind == "silence" else moment.role,
        "detail": moment.detail,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "start": line.start,
        "end": line.end,
        "clock": clock(line.start),
        "who": line.who,
        "role": line.role,
        "text": line.text or "(no words)",
        "more": {"backchannel": "listening sound", "embedded": "while the other speaks"}.get(
            line.kind, ""
        ),
    }


@cache
def _component() -> Any:
    import streamlit as st

    here = Path(__file__).parent
    return st.components.v2.component(
        "attune_player",
        html=(here / "player.html").read_text(encoding="utf-8"),
        css=(here / "player.css").read_text(encoding="utf-8"),
        js=(here / "player.js").read_text(encoding="utf-8"),
    )
