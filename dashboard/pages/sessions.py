"""The list: every recording, newest first."""

import streamlit as st

from dashboard import data, wording
from dashboard.pages import links, progress
from pipeline.durations import length
from pipeline.store.rows import SessionSummary

PAGE = 20
"""Rows shown at once; more come on request."""


NAME_SHOWN = 36
"""Characters of a name that fit on a phone."""


def show() -> None:
    """Draw the list, or what to do while there is nothing in it."""
    st.title("Your sessions")
    sessions = data.sessions()
    if not sessions:
        _empty()
        return
    st.caption("Everything here stays on this computer.")
    shown = st.session_state.setdefault("shown", PAGE)
    for session in sessions[:shown]:
        _row(session)
    if len(sessions) > shown and st.button(f"Show more ({len(sessions) - shown})"):
        st.session_state["shown"] = shown + PAGE
        st.rerun()
    if any(session.state == "analysing" for session in sessions):
        progress.refresh_while_running()


def _empty() -> None:
    with st.container(border=True):
        st.subheader("Nothing here yet")
        st.write(
            "Record a practice session: two people, one of them in the role of the client. "
            "A phone on the table will do; two microphones, or a call with a track for each "
            "person, tell the voices apart best. Then add the recording here."
        )
        links.to_upload("Add a recording")
        st.write(
            "No recording at hand? Close Attune and type `attune demo` in the terminal: it "
            "analyses the role-plays that come with it, and you can look around."
        )


def _row(session: SessionSummary) -> None:
    with st.container(border=True, key=f"row-{session.id}"):
        name, facts, state = st.columns([5, 5, 3], vertical_alignment="center")
        with name:
            links.to_session(session.id, f"**{wording.literal(_short(session.name))}**")
            st.caption(_when(session))
        with facts:
            st.write(_facts(session))
        with state:
            st.write(_state(session))
            if session.state == "analysing":
                st.progress(session.fraction)


def _when(session: SessionSummary) -> str:
    moment = session.created.astimezone()
    day = f"{moment.day} {moment:%B %Y, %H:%M}"
    return f"{day} · {length(session.duration)}" if session.duration else day


def _facts(session: SessionSummary) -> str:
    if session.state == "failed":
        return "Open it to see why, and to try again."
    if session.state != "ready":
        return ""
    if session.talk_share is None:
        return "Share of the talking: not enough to tell"
    return f"The therapist spoke {wording.percent(session.talk_share)} of the talking time"


def _state(session: SessionSummary) -> str:
    if session.state == "analysing":
        stage = wording.STAGES.get(session.stage, session.stage)
        return f"{wording.STATES['analysing']}{f': {stage.lower()}' if stage else ''}"
    if session.state != "ready" or session.voices is None or session.words is None:
        return wording.STATES[session.state]
    return (
        f"Voices: {wording.CERTAINTIES[session.voices]}  \n"
        f"Words: {wording.CERTAINTIES[session.words]}"
    )


def _short(name: str) -> str:
    """A name that fits a line, with both its ends: dates and numbers are often at the end."""
    if len(name) <= NAME_SHOWN:
        return name
    half = NAME_SHOWN // 2
    return f"{name[: half + 2]} … {name[-half + 5 :]}"
