"""The uploader: a file picker and drop field that streams one recording to our own route."""

from functools import cache
from pathlib import Path
from typing import Any

from pipeline.records import Setup
from pipeline.store.rows import Material


def uploader(*, right: str, setup: Setup, material: Material, most: float) -> str | None:
    """Put the uploader on the page; the recording's id once it has come in.

    Args:
        right: the page's right to upload.
        setup: how the recording was made.
        material: what is talked about in it.
        most: megabytes that a file may have.
    """
    result = _component()(
        key="uploader",
        data={
            "url": "/upload",
            "right": right,
            "setup": setup,
            "material": material,
            "most": most * 1e6,
            "hint": f"WAV, FLAC, MP3, M4A or OGG, up to {most / 1000:g} GB. "
            "It stays on this computer.",
        },
        on_uploaded_change=lambda: None,
    )
    uploaded: str | None = result.uploaded
    return uploaded


@cache
def _component() -> Any:
    import streamlit as st

    here = Path(__file__).parent
    return st.components.v2.component(
        "attune_uploader",
        html=(here / "uploader.html").read_text(encoding="utf-8"),
        css=(here / "uploader.css").read_text(encoding="utf-8"),
        js=(here / "uploader.js").read_text(encoding="utf-8"),
    )
