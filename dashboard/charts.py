"""Charts as pure functions from view records to plotly figures.

Colours are Okabe and Ito's, pinned to the role and never alone: every row has its name beside it
and every kind of row its own pattern.
"""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard import wording
from dashboard.views import Lane, Moment, Share
from pipeline.durations import clock, length
from pipeline.timeline import Span

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
ROW_HEIGHT = 40  # pixels of a row of the timeline
LABEL_GAP = 6  # pixels between a row's name and its bars
MARK_ROW = 0.42  # rows between the marks of two kinds
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
            text=[f"{wording.percent(share.share)} · {length(share.seconds)}"],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    figure.update_layout(**_layout(height=44 * len(shares) + 16), bargap=0.35)
    widest = max((share.share for share in shares), default=1.0)
    # room at the right for the figure beside the longest bar, also on a phone
    figure.update_xaxes(visible=False, range=[0, max(widest, 0.05) * 1.9], fixedrange=True)
    figure.update_yaxes(
        autorange="reversed",
        fixedrange=True,
        automargin=True,
        ticks="",
        showgrid=False,
        ticklabelstandoff=LABEL_GAP,
    )
    return figure


def swimlane(
    lanes: Sequence[Lane], moments: Sequence[Moment], *, start: float, end: float
) -> go.Figure:
    """Who spoke when: a row for each person, overlap and silence, and below them the moments.

    Each bar and each mark carries its start in seconds as ``customdata[0]``, for the player.
    """
    figure = go.Figure()
    for row, lane in enumerate(lanes):
        colour, pattern = _paint(lane.role, lane.kind)
        figure.add_bar(
            y=[row] * len(lane.spans),
            x=[span.end - span.start for span in lane.spans],
            base=[span.start for span in lane.spans],
            customdata=[[span.start, span.end] for span in lane.spans],
            text=[_stretch(span) for span in lane.spans],
            textposition="none",
            hovertemplate=f"{lane.name}, %{{text}}<extra></extra>",
            orientation="h",
            marker=_marker(colour, pattern),
            width=0.7,
            showlegend=False,
        )
    kinds = [kind for kind in MARKED if any(moment.kind == kind for moment in moments)]
    for i, kind in enumerate(kinds):
        # marks of different kinds often start together, so each kind has a line of its own
        _mark(figure, [m for m in moments if m.kind == kind], row=len(lanes) - 0.2 + MARK_ROW * i)
    last = len(lanes) - 0.2 + MARK_ROW * max(0, len(kinds) - 1)
    names = [*(lane.name for lane in lanes), *(["Moments"] if kinds else [])]
    figure.update_layout(
        **_layout(height=int(ROW_HEIGHT * (last + 1.1)) + 52 + 22 * len(kinds)),
        barmode="overlay",
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0.01,
            "yanchor": "bottom",
            "x": 0,
            "itemclick": False,
        },
    )
    figure.update_xaxes(**_time_axis(start, end))
    figure.update_yaxes(
        tickvals=[*range(len(lanes)), (len(lanes) - 0.2 + last) / 2][: len(names)],
        ticktext=names,
        range=[last + 0.5, -0.6],
        fixedrange=True,
        automargin=True,
        ticklabelstandoff=LABEL_GAP,
        ticks="",
        showgrid=False,
        zeroline=False,
    )
    return figure


def _mark(figure: go.Figure, moments: Sequence[Moment], *, row: float) -> None:
    kind, label = moments[0].kind, moments[0].label
    figure.add_scatter(
        y=[row] * len(moments),
        x=[moment.start for moment in moments],
        customdata=[[moment.start, moment.end] for moment in moments],
        text=[f"{clock(m.start)} {m.who}".strip() for m in moments],
        hovertemplate=f"{label}, %{{text}}<extra></extra>",
        mode="markers",
        name=label,
        cliponaxis=False,
        marker={"symbol": SYMBOLS[kind], "size": 11, "color": INK, "line": {"width": 1.5}},
    )


def _stretch(span: Span) -> str:
    return f"{clock(span.start)}, {length(span.end - span.start)}"


def _time_axis(start: float, end: float) -> dict[str, Any]:
    ticks = _ticks(start, end)
    return {
        "range": [start, end],
        "tickvals": ticks,
        "ticktext": [clock(t) for t in ticks],
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
    }


def _paint(role: str | None, kind: str) -> tuple[str, str]:
    if kind == "overlap":
        return OVERLAP, "\\"
    if kind == "silence":
        return SILENCE, "."
    return ROLE_COLOURS[role], ROLE_PATTERNS[role]


def _marker(colour: str, pattern: str) -> dict[str, Any]:
    return {
        "color": colour,
        "pattern": {
            "shape": pattern,
            "bgcolor": colour,
            "fgcolor": "#FFFFFF",
            "size": 7,
            "solidity": 0.2,
        },
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
