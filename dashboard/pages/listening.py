"""Telling the player where to play."""

import streamlit as st

from dashboard import data
from dashboard.pages.links import PARAMETER


def play(start: float) -> None:
    """Make the page's player play from just before a moment, as soon as the page is drawn."""
    number = st.session_state.get("commands", 0) + 1
    st.session_state["commands"] = number
    st.session_state["command"] = {
        "id": number,
        "start": max(0.0, start - data.config().dashboard.lead),
        "recording": st.query_params.get(PARAMETER, ""),
    }
