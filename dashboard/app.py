"""The web app: Streamlit's pages with our own routes and headers around them.

``streamlit run`` finds ``app`` here; ``launch.serve`` starts it. Run only ever on 127.0.0.1 unless
an institution puts a proxy with a login in front of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dashboard import analysis, data
from dashboard.capability import server_capabilities
from dashboard.headers import SafeHeaders
from dashboard.routes import routes
from pipeline.privacy import silence_telemetry

silence_telemetry()


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Open the store and start a worker before the first page; end it after the last."""
    store = await run_in_threadpool(data.store)
    await run_in_threadpool(analysis.adopt, store, data.config())
    attendant = analysis.Attendant()
    attendant.start()
    yield
    await run_in_threadpool(attendant.stop)


app = st.App(
    Path(__file__).parent / "pages" / "navigation.py",
    lifespan=lifespan,
    routes=routes(data.store, rights=server_capabilities(), config=data.config().dashboard),
    middleware=[
        # a page elsewhere whose name was pointed at this computer must not reach it
        Middleware(
            TrustedHostMiddleware,
            allowed_hosts=st.get_option("server.allowedHosts") or ["127.0.0.1", "localhost"],
        ),
        Middleware(SafeHeaders),
    ],
)
