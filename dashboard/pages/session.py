"""A session: who was who, how sure it is, the figures, and the sound behind each of them."""

from typing import Any

import streamlit as st

from dashboard import charts, data, wording
from dashboard.pages import links, progress
from dashboard.pages.feedback import show_feedback
from dashboard.pages.figures import show_figures
from dashboard.pages.listening import play
from dashboard.player import player
from dashboard.views import SectionView, SessionView, Voice
from pipeline.durations import clock, length
from pipeline.errors import AttuneError
from pipeline.store.rows import SessionSummary


def show() -> None:
    """Draw the session that the address names."""
    recording_id = st.query_params.get(links.PARAMETER, "")
    summary = data.summary(recording_id) if recording_id else None
    links.to_list("All sessions")
    if summary is None:
        st.title("No such session")
        st.write("It may have been deleted. Choose another one from the list.")
        return
    st.title(summary.name.replace("\n", " "), anchor=False)
    if summary.state == "analysing":
        progress.follow(summary.id)
        return
    if summary.state == "failed":
        st.error(f"This recording could not be analysed: {summary.error}")
        st.button("Try again", on_click=data.analyse, args=(summary.id,))
    elif summary.state == "received":
        st.write("This recording has not been analysed yet.")
        st.button("Analyse it", on_click=data.analyse, args=(summary.id,))
    view = data.session(summary.id)
    if view is not None:
        _session(summary, view)
    _delete(summary)


def _session(summary: SessionSummary, view: SessionView) -> None:
    section = _choose_section(view)
    st.caption(
        f"{length(section.end - section.start)} · {wording.setup(view.setup)}"
        " · only you can see this"
    )
    _roles(summary.id, section)
    _certainty(view)
    if section.note:
        st.caption(section.note)
    show_feedback(section)
    st.subheader("How the time was used", anchor=False)
    if section.shares:
        st.plotly_chart(
            charts.talk_share_bar(section.shares),
            theme=None,
            config={"displayModeBar": False},
            key="shares",
            alt="; ".join(f"{s.name} {wording.percent(s.share)}" for s in section.shares),
        )
        st.caption(
            "Shares of the whole practice. Time in which both speak counts for each of them, so "
            "the rows don’t add up to 100 %."
        )
    else:
        st.write("Not enough to tell: the voices could not be told apart well enough.")
    show_figures(section)
    _timeline(section)
    _listen(summary.id, section, view)


def _choose_section(view: SessionView) -> SectionView:
    if len(view.sections) == 1:
        return view.sections[0]
    titles = {section.id: section.title for section in view.sections}
    chosen = st.segmented_control(
        "Practices in this recording",
        list(titles),
        format_func=lambda name: titles[name],
        default=view.sections[0].id,
        required=True,
    )
    return next(s for s in view.sections if s.id == chosen)


def _roles(recording_id: str, section: SectionView) -> None:
    """Who is the therapist, and one click that changes it; a question where that is unsure."""
    therapist = next((v for v in section.voices if v.label == section.therapist), None)
    if section.ask or therapist is None:
        with st.container(border=True, key="ask-roles"):
            st.markdown(
                "**Who is the therapist?** Attune is not sure, and every figure depends on it."
            )
            for voice in section.voices:
                _offer(recording_id, voice, taken=voice is therapist)
        return
    with st.container(horizontal=True, vertical_alignment="center", key="roles"):
        st.markdown(f"The therapist is **{therapist.heard_as}**.", width="content")
        for voice in section.voices:
            if voice is not therapist:
                label = (
                    "Swap the two" if len(section.voices) == 2 else f"No, it is {voice.heard_as}"
                )
                st.button(
                    label,
                    key=f"swap-{voice.label}",
                    on_click=_swap,
                    args=(recording_id, voice.label),
                    help=f"Make {voice.heard_as} the therapist; every figure is counted anew.",
                )
    _told("swap_problem")


def _offer(recording_id: str, voice: Voice, *, taken: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            voice.heard_as[0].upper() + voice.heard_as[1:] + (" (Attune’s guess)" if taken else ""),
            width="content",
        )
        if voice.sample is not None:
            st.button(
                f"Hear it at {clock(voice.sample.start)}",
                key=f"hear-{voice.label}",
                icon=":material/play_arrow:",
                on_click=play,
                args=(voice.sample.start,),
            )
        st.button(
            "This is the therapist",
            key=f"therapist-{voice.label}",
            on_click=_swap,
            args=(recording_id, voice.label),
        )


def _swap(recording_id: str, label: str) -> None:
    st.session_state.pop("swap_problem", None)
    try:
        data.choose_therapist(recording_id, label)
    except AttuneError as error:
        st.session_state["swap_problem"] = f"The roles could not be swapped: {error}"


def _told(key: str) -> None:
    if key in st.session_state:
        st.error(st.session_state[key])


def _certainty(view: SessionView) -> None:
    sure = view.voices == "good" and view.words == "good"
    text = "  \n".join(sentence.replace("\n", " ") for sentence in view.certainty)
    if sure:
        st.caption(text)
    else:
        st.warning(text, icon=":material/info:")


def _timeline(section: SectionView) -> None:
    st.subheader("Who spoke when", anchor=False)
    st.caption("Click a bar or a mark to hear it.")
    st.plotly_chart(
        charts.swimlane(section.lanes, section.moments, start=section.start, end=section.end),
        theme=None,
        config={"displayModeBar": False},
        key=f"timeline-{section.id}",
        on_select=lambda: _picked(f"timeline-{section.id}"),
        selection_mode="points",
        alt="When each person spoke, with overlaps, silences and moments; the table below says it "
        "in words.",
    )
    with st.expander("The same as a table"):
        st.dataframe(data.timeline_table(section), hide_index=True)


def _picked(key: str) -> None:
    points = st.session_state[key].selection.points
    if points and points[0].get("customdata"):
        play(points[0]["customdata"][0])


def _listen(recording_id: str, section: SectionView, view: SessionView) -> None:
    st.subheader("Listen", anchor=False)
    config = data.config().dashboard
    command: dict[str, Any] | None = st.session_state.get("command")
    player(
        section,
        src=links.audio_address(recording_id, hours=config.link_hours),
        key=f"{recording_id}-{section.id}-{hash(section)}",
        lead=config.lead,
        draft=view.words == "draft",
        words=wording.WORDS[view.words],
        command=command if command and command["recording"] == recording_id else None,
    )
    if view.unattributed:
        st.caption(f"Words that no voice could be given, left out: {view.unattributed}.")
    with st.expander("How this was made"):
        for engine in view.engines:
            st.text(engine)


def _delete(summary: SessionSummary) -> None:
    with st.popover("Delete this recording", type="tertiary", icon=":material/delete:"):
        st.write("The sound, the words and all figures are removed from this computer for good.")
        if st.button("Delete it for good", key="delete", type="primary"):
            data.delete(summary.id)
            st.session_state.pop("uploaded", None)
            st.query_params.clear()
            st.rerun()
