"""Two things you did and one to try, each with a button that plays it."""

import streamlit as st

from dashboard import wording
from dashboard.pages.listening import play
from dashboard.views import SectionView

TITLES = {
    "did": "What you did",
    "experiment": "Something to experiment with, if it fits your approach",
    "note": "Good to know",
}


def show_feedback(section: SectionView) -> None:
    """Draw the sentences by kind; nothing where there is none."""
    for kind, title in TITLES.items():
        own = [sentence for sentence in section.feedback if sentence.kind == kind]
        if own:
            st.subheader(title, anchor=False)
        for i, sentence in enumerate(own):
            with st.container(border=True, key=f"feedback-{kind}-{i}"):
                st.markdown(wording.literal(sentence.text))
                with st.container(horizontal=True):
                    for j, moment in enumerate(sentence.moments):
                        st.button(
                            f"Hear it at {moment.label.split(',')[0]}",
                            key=f"feedback-{kind}-{i}-{j}",
                            icon=":material/play_arrow:",
                            on_click=play,
                            args=(moment.start,),
                        )
