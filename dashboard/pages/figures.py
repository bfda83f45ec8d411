"""The figures as tiles, each with its meaning and the moments behind it."""

import streamlit as st

from dashboard import wording
from dashboard.pages.listening import play
from dashboard.views import SectionView, Tile

TILE_WIDTH = 270
"""Pixels that a tile needs at least; fewer stand beside each other on a small screen."""

ROUGH = {"low": "rough", "draft": "draft"}


def show_figures(section: SectionView) -> None:
    """Draw the tiles, then what could not be told, then what the figures don't hold."""
    st.subheader("Figures", anchor=False)
    if section.tiles:
        with st.grid("auto", min_column_width=TILE_WIDTH, border=True) as grid:
            for tile in section.tiles:
                with grid.cell():
                    _tile(tile)
    if section.abstained:
        with st.container(border=True, key="abstained"):
            st.markdown("**Not enough to tell**")
            for tile in section.abstained:
                st.markdown(f"{tile.title}: {tile.note or 'there was too little of it.'}")
    st.caption(f"{wording.SCOPE} No figure is good or bad by itself: listen to the moments.")


def _tile(tile: Tile) -> None:
    rough = ROUGH.get(tile.certainty)
    st.metric(
        tile.title,
        tile.value + (f" ({rough})" if rough else ""),
        help=f"It can’t tell {tile.cannot_tell}.",
    )
    if tile.detail:
        st.markdown(tile.detail)
    st.caption(f"{tile.explain} {tile.note}".strip())
    if tile.moments:
        with st.popover(_moments(tile), type="tertiary"):
            for i, moment in enumerate(tile.moments):
                st.button(
                    moment.label,
                    key=f"{tile.key}-{i}",
                    icon=":material/play_arrow:",
                    on_click=play,
                    args=(moment.start,),
                    help=moment.detail or None,
                )


def _moments(tile: Tile) -> str:
    if tile.stretches == 1:
        return "1 moment"
    if tile.stretches > len(tile.moments):
        return f"The {len(tile.moments)} longest of {tile.stretches} moments"
    return f"{tile.stretches} moments"
