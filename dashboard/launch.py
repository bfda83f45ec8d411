"""Starting the dashboard: on this computer only, with nothing reported anywhere."""

from pathlib import Path

from pipeline.privacy import silence_telemetry

ADDRESS = "127.0.0.1"


def serve(port: int, open_browser: bool) -> None:
    """Run the web app on 127.0.0.1 until it is stopped.

    The settings beside the app (``.streamlit/config.toml``) hold wherever Attune is started from;
    only the port and the browser are the caller's.
    """
    silence_telemetry()
    from streamlit.web.cli import main

    main(
        [
            "run",
            str(Path(__file__).with_name("app.py")),
            f"--server.port={port}",
            f"--server.address={ADDRESS}",
            f"--server.headless={'false' if open_browser else 'true'}",
        ],
        standalone_mode=False,
    )
