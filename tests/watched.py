"""Runs a command and everything it starts with the network watched, and blocked.

An audit hook in a ``sitecustomize`` module sees every look-up and connection of Python code in the
command and in the Python processes below it. What isn't the machine itself is written down and
refused, so that a test of privacy gives nothing away when it fails.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

HOOK = """\
import os, sys

LOG = os.environ["WATCHED_LOG"]
HOST = {
    "socket.getaddrinfo": lambda args: args[0],
    "socket.gethostbyname": lambda args: args[0],
    "socket.gethostbyaddr": lambda args: args[0],
    "socket.connect": lambda args: args[1],
    "socket.sendto": lambda args: args[1],
    "socket.sendmsg": lambda args: args[1],
}
HERE = (None, "", "localhost", "::1", "0.0.0.0", "::")


def watch(event, args):
    if event not in HOST:
        return
    address = HOST[event](args)
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, bytes):
        host = host.decode("latin-1")
    unix = event in ("socket.connect", "socket.sendto") and not isinstance(address, tuple)
    if unix or host in HERE or host.startswith("127."):
        return
    file = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{event} {host}\\n".encode())
    os.close(file)
    raise OSError(f"{event} of {host} is blocked by a test")


sys.addaudithook(watch)
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """How a command ended, and whom it tried to reach: ``socket.getaddrinfo example.org``."""

    status: int
    output: str
    contacts: tuple[str, ...]


def run_watched(command, *, folder, environment=None, timeout=240):
    """Run ``command`` (a list) in the checkout; ``folder`` takes the hook and its log."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    log = folder / "contacts.log"
    answer = subprocess.run(
        command,
        cwd=ROOT,
        env={
            **os.environ,
            **(environment or {}),
            "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
            "WATCHED_LOG": str(log),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    contacts = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return Watched(answer.returncode, answer.stdout, tuple(contacts))
