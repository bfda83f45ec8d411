"""Adding a recording: how it was made, what it is, the file; then its analysis."""

import streamlit as st

from dashboard import data, wording
from dashboard.pages import links, progress
from dashboard.uploader import uploader
from pipeline.store.rows import Material

MATERIALS: dict[Material, str] = {
    "acted role": "An acted role: the client’s story is made up",
    "partner's own": "My partner talked about something of their own",
}


def show() -> None:
    """Draw the questions and the uploader, or the analysis of what came in."""
    st.title("Add a recording")
    config = data.config().dashboard
    setup = st.radio(
        "How was it recorded?",
        list(wording.SETUPS),
        format_func=lambda value: wording.SETUPS[value],
        help="It decides how well the voices can be told apart, and what a call’s software alters.",
        index=len(wording.SETUPS) - 1,
    )
    material = st.radio(
        "What is in it?", list(MATERIALS), format_func=lambda value: MATERIALS[value]
    )
    if material == "partner's own":
        st.info("Only you will see it. It can’t be shared unless your partner agrees.")
    st.caption("Recordings of real clients don’t belong here.")
    uploaded = uploader(
        right=links.upload_right(hours=config.link_hours),
        setup=setup or "unknown",
        material=material or "acted role",
        most=config.upload_max,
    )
    if uploaded:
        _begin(uploaded)
    _latest()


def _begin(recording_id: str) -> None:
    """Analyse what has come in; the same file again is the recording that is there already."""
    summary = data.summary(recording_id)
    if summary is None:
        return
    st.session_state["uploaded"] = recording_id
    if summary.state in ("received", "failed"):
        data.analyse(recording_id)


def _latest() -> None:
    """What became of the recording that this page took in last."""
    recording_id = st.session_state.get("uploaded")
    summary = data.summary(recording_id) if recording_id else None
    if summary is None:
        return
    with st.container(border=True, key="latest"):
        st.markdown("**Your recording has come in**")
        st.text(summary.name)
        if summary.state == "analysing":
            progress.follow(summary.id)
        elif summary.state == "failed":
            st.error(f"It could not be analysed: {summary.error}")
            if st.button("Try again"):
                data.analyse(summary.id)
                st.rerun()
        elif summary.state == "ready":
            st.success("It is analysed.")
            links.to_session(summary.id, "Look at the session")
