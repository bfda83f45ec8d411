"""Charts as pure functions from view records to plotly figures.

Colours are Okabe and Ito's, pinned to the role and never alone: every row has its name beside it
and every kind of row its own pattern.
"""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard import wording
from dashboard.views import Lane, Moment, Share

ROLE_COLOURS: dict[str | None, str] = {
    "therapist": "#0072B2",
    "client": "#D55E00",
    "other": "#009E73",
    None: "#6B6B6B",
}
ROLE_PATTERNS: dict[str | None, str] = {"therapist": "", "client": "/", "other": "x", None: ""}
OVERLAP, SILENCE = "#333333", "#B8B8B8"
INK, GRID = "#1F2933", "#E3E6EA"
TICK_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # s, steps a clock is read in
MARKED = ("silence", "floor_taken", "overlap_floor_kept", "reflection", "question")
"""Kinds of moments that the timeline marks; the rest would crowd it and is in the list."""
SYMBOLS = {
    "silence": "square-open",
    "floor_taken": "triangle-up",
    "overlap_floor_kept": "diamond-open",
    "reflection": "star",
    "question": "circle-open",
}


def talk_share_bar(shares: Sequence[Share]) -> go.Figure:
    """Each person, overlap and silence as a share of the section's time, a row each.

    Time in which both speak counts for each of them and has a row of its own, so the rows don't add
    up to one and are drawn beside, not upon, each other.
    """
    figure = go.Figure()
    for share in shares:
        colour, pattern = _paint(share.role, share.kind)
        figure.add_bar(
            y=[share.name],
            x=[share.share],
            orientation="h",
            marker=_marker(colour, pattern),
            text=[f"{wording.percent(share.share)} · {wording.length(share.seconds)}"],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    figure.update_layout(**_layout(height=44 * len(shares) + 16), bargap=0.35)
    widest = max((share.share for share in shares), default=1.0)
    # room at the right for the figure beside the longest bar, also on a phone
    figure.update_xaxes(visible=False, range=[0, max(widest, 0.05) * 1.9], fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, ticks="", showgrid=False)
    return figure


def swimlane(
    lanes: Sequence[Lane], moments: Sequence[Moment], *, start: float, end: float
) -> go.Figure:
    """Who spoke when: a row for each person, overlap and silence, and one for the moments.

    Each bar and each marker carries its start in seconds as ``customdata[0]``, for the player.
    """
    figure = go.Figure()
    for lane in lanes:
        colour, pattern = _paint(lane.role, lane.kind)
        figure.add_bar(
            y=[lane.name] * len(lane.spans),
            x=[span.end - span.start for span in lane.spans],
            base=[span.start for span in lane.spans],
            customdata=[[span.start, span.end] for span in lane.spans],
            text=[
                f"{wording.clock(s.start)}, {wording.length(s.end - s.start)}" for s in lane.spans
            ],
            textposition="none",
            hovertemplate=f"{lane.name}, %{{text}}<extra></extra>",
            orientation="h",
            marker=_marker(colour, pattern),
            width=0.7,
            showlegend=False,
        )
    _mark(figure, moments)
    rows = [*(lane.name for lane in lanes), "Moments"]
    figure.update_layout(
        **_layout(height=38 * len(rows) + 70),
        barmode="overlay",
        legend={"orientation": "h", "y": -0.22, "x": 0, "itemclick": False},
    )
    ticks = _ticks(start, end)
    figure.update_xaxes(
        range=[start, end],
        tickvals=ticks,
        ticktext=[wording.clock(t) for t in ticks],
        gridcolor=GRID,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=rows,
        range=[len(rows) - 0.5, -0.5],
        fixedrange=True,
        ticks="",
        showgrid=False,
    )
    return figure


def _mark(figure: go.Figure, moments: Sequence[Moment]) -> None:
    for kind in MARKED:
        found = [moment for moment in moments if moment.kind == kind]
        if not found:
            continue
        figure.add_scatter(
            y=["Moments"] * len(found),
            x=[moment.start for moment in found],
            customdata=[[moment.start, moment.end] for moment in found],
            text=[f"{wording.clock(m.start)} {m.who}".strip() for m in found],
            hovertemplate=f"{found[0].label}, %{{text}}<extra></extra>",
            mode="markers",
            name=found[0].label,
            marker={"symbol": SYMBOLS[kind], "size": 11, "color": INK, "line": {"width": 1.5}},
        )


def _paint(role: str | None, kind: str) -> tuple[str, str]:
    if kind == "overlap":
        return OVERLAP, "\\"
    if kind == "silence":
        return SILENCE, "."
    return ROLE_COLOURS[role], ROLE_PATTERNS[role]


def _marker(colour: str, pattern: str) -> dict[str, Any]:
    return {
        "color": colour,
        "pattern": {"shape": pattern, "fgcolor": "#FFFFFF", "size": 6, "solidity": 0.25},
        "line": {"width": 0},
    }


def _layout(*, height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Source Sans, sans-serif", "size": 14, "color": INK},
        "dragmode": False,
        "hoverlabel": {"bgcolor": "#FFFFFF"},
    }


def _ticks(start: float, end: float) -> list[float]:
    """Round moments, few enough to be read on a phone."""
    step = next((s for s in TICK_STEPS if (end - start) / s <= 6), TICK_STEPS[-1])
    first = -(-start // step) * step
    return [first + i * step for i in range(int((end - first) // step) + 1)]
