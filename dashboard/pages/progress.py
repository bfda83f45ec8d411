"""How far an analysis is: looked at every few seconds, and not at all when nothing runs."""

import streamlit as st

from dashboard import data, wording


def follow(recording_id: str) -> None:
    """Show a running analysis until it ends, then draw the whole page anew."""

    @st.fragment(run_every=data.config().dashboard.poll)
    def look() -> None:
        summary = data.summary(recording_id)
        if summary is None or summary.state != "analysing":
            st.rerun(scope="app")
            return
        job = data.job(recording_id)
        if job is not None and job.cancel:
            st.text("Stopping …")
            return
        if job is not None and job.state == "queued":
            st.text("Waiting to be tried again …" if job.error else "Waiting for its turn …")
            if job.error:
                st.caption(job.error)
            _stop(recording_id)
            return
        stage = wording.STAGES.get(summary.stage, summary.stage.capitalize()) or "Starting"
        st.progress(summary.fraction, text=f"{stage} …")
        st.caption(
            "This takes a few minutes. You can leave this page; the analysis goes on "
            "while Attune is running."
        )
        _stop(recording_id)

    look()


def _stop(recording_id: str) -> None:
    st.button(
        "Stop the analysis", key=f"stop-{recording_id}", on_click=data.cancel, args=(recording_id,)
    )


def refresh_while_running() -> None:
    """Draw the page anew every few seconds; for a list on which something is being analysed."""

    @st.fragment(run_every=data.config().dashboard.poll)
    def look() -> None:
        now = [(s.id, s.state, s.stage, s.fraction) for s in data.sessions()]
        if st.session_state.get("states_seen") != now:
            st.session_state["states_seen"] = now
            st.rerun(scope="app")

    st.session_state["states_seen"] = [
        (s.id, s.state, s.stage, s.fraction) for s in data.sessions()
    ]
    look()
