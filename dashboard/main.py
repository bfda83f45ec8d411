"""The script that Streamlit runs for every page view: which pages there are, and which is shown."""

import streamlit as st

from dashboard.pages import session, sessions, upload

st.set_page_config(page_title="Attune", page_icon=":material/hearing:", layout="wide")

list_page = st.Page(
    sessions.show, title="Sessions", url_path="sessions", icon=":material/list:", default=True
)
upload_page = st.Page(upload.show, title="Add a recording", url_path="add", icon=":material/add:")
session_page = st.Page(session.show, title="Session", url_path="session", visibility="hidden")

st.navigation([list_page, upload_page, session_page], position="top").run()
