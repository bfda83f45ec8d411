"""Pictures of every page, to look at before anybody else has to.

``python -m dashboard.screenshots FOLDER`` starts the dashboard over the data folder (ATTUNE_HOME),
and writes each page at the size of a small laptop and of a phone.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import AttuneError

SIZES = {"laptop": (1280, 800), "phone": (390, 844)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
READY_AFTER = 60.0  # s that the server may take to start
DRAWN_AFTER = 60_000  # ms that a page may take to be drawn on a busy machine


def take(folder: Path, *, home: Path) -> tuple[Path, ...]:
    """Write the pictures; each page in full length.

    Raises:
        AttuneError: the server doesn't start, or there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    from pipeline.store import Store

    with Store.open(home) as store:
        sessions = store.sessions()
    paths = {"sessions": "/", "add": "/add"} | {
        f"session-{i + 1}": f"/session?recording={session.id}"
        for i, session in enumerate(sessions[:5])
    }
    folder.mkdir(parents=True, exist_ok=True)
    out: list[Path] = []
    with serving(home) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            page = chromium.new_page(viewport={"width": width, "height": height})
            for name, path in paths.items():
                page.goto(address + path)
                page.locator("h1").first.wait_for(timeout=DRAWN_AFTER)
                page.wait_for_timeout(2500)  # charts draw themselves after the text
                out.append(folder / f"{name}-{size}.png")
                tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                page.set_viewport_size({"width": width, "height": max(height, int(tall) + 60)})
                page.wait_for_timeout(800)
                page.screenshot(path=out[-1])
                page.set_viewport_size({"width": width, "height": height})
            page.close()
        chromium.close()
    return tuple(out)


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The dashboard over a data folder on a free port of 127.0.0.1, for as long as the block runs.

    Raises:
        AttuneError: it doesn't answer in time.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
        [sys.executable, "-c", f"from dashboard.launch import serve; serve({port}, False)"],
        env=os.environ | {"ATTUNE_HOME": str(home)},
        cwd=Path(__file__).resolve().parent.parent,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, server)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def browser_path() -> str:
    """Where the system's Chromium is.

    Raises:
        AttuneError: there is none.
    """
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise AttuneError(
        f"no Chromium (looked for {', '.join(BROWSERS)}); install the system's package chromium"
    )


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_AFTER
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise AttuneError(f"the dashboard ended at once (exit code {server.returncode})")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AttuneError(f"the dashboard didn't answer at {address} within {READY_AFTER:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    from pipeline.places import data_dir

    for picture in take(parser.parse_args().folder, home=data_dir()):
        sys.stdout.write(f"{picture}\n")
