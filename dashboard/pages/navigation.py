"""The script that Streamlit runs for every page view: which pages there are, and which is shown.

It lies among the pages and not beside them: Streamlit would take a folder ``pages`` next to its
script for pages of its own making, and answer a link to a session with an empty page.
"""

from pathlib import Path

import streamlit as st

from dashboard.pages import session, sessions, upload

# a file of ours: a Material icon or an emoji in this place is fetched from the web
ICON = str(Path(__file__).parent.parent / "icon.svg")

st.set_page_config(page_title="Attune", page_icon=ICON, layout="wide")

list_page = st.Page(
    sessions.show, title="Sessions", url_path="sessions", icon=":material/list:", default=True
)
upload_page = st.Page(upload.show, title="Add a recording", url_path="add", icon=":material/add:")
session_page = st.Page(session.show, title="Session", url_path="session", visibility="hidden")

st.navigation([list_page, upload_page, session_page], position="top").run()
