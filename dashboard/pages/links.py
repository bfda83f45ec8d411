"""The ways between the pages. Pages find each other by name here, so that none imports another."""

import streamlit as st

from dashboard.capability import UPLOAD, audio_path, playing, server_capabilities

PARAMETER = "recording"
"""Name of the address's part that says which recording a session page shows."""


def to_session(recording_id: str, label: str) -> None:
    """A link to a recording's page."""
    from dashboard.pages import session

    st.page_link(
        st.Page(session.show, title="Session", url_path="session"),
        label=label,
        query_params={PARAMETER: recording_id},
        icon=":material/chevron_right:",
        icon_position="right",
    )


def to_upload(label: str) -> None:
    """A link to the page that takes a recording in."""
    from dashboard.pages import upload

    st.page_link(
        st.Page(upload.show, title="Add a recording", url_path="add"),
        label=label,
        icon=":material/add:",
    )


def to_list(label: str) -> None:
    """A link to the list."""
    from dashboard.pages import sessions

    st.page_link(
        st.Page(sessions.show, title="Sessions", url_path="sessions"),
        label=label,
        icon=":material/arrow_back:",
    )


def audio_address(recording_id: str, *, hours: float) -> str:
    """Where this page may fetch the recording's sound: minted once, so that it stays the same."""
    rights: dict[str, str] = st.session_state.setdefault("rights", {})
    if recording_id not in rights:
        allows = playing(recording_id)
        rights[recording_id] = server_capabilities().mint(allows, seconds=hours * 3600)
    return audio_path(recording_id, rights[recording_id])


def upload_right(*, hours: float) -> str:
    """The right of this page to upload."""
    if "upload_right" not in st.session_state:
        right = server_capabilities().mint(UPLOAD, seconds=hours * 3600)
        st.session_state["upload_right"] = right
    return str(st.session_state["upload_right"])
