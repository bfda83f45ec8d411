"""A stand-in for the model hub on the loopback interface, answering what the real client asks."""

import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub(monkeypatch, files, *, refuse=None, corrupt=()):
    """Serve ``files`` (name -> bytes) as every repository; point the hub's client here.

    ``refuse`` is a status every request gets, ``corrupt`` names files that arrive changed.
    Yields the list of ``(path, authorization)`` that were asked for.
    """
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            path = self.path.partition("?")[0]
            asked.append((path, self.headers.get("authorization")))
            if refuse:
                self.answer(b"{}", status=refuse, headers={"X-Error-Code": "GatedRepo"})
            elif match := re.fullmatch(r"/[^/]+/[^/]+/resolve/\w+/(.+)", path):
                content = files[match[1]]
                sent = content[::-1] if match[1] in corrupt else content
                self.answer(sent, headers={"X-Repo-Commit": COMMIT, "ETag": f'"{sha(content)}"'})
            elif "/tree/" in path:
                self.answer(json.dumps([entry(name, files) for name in files]).encode())
            else:
                siblings = [{"rfilename": n, **entry(n, files)} for n in files]
                self.answer(json.dumps({"id": "o/n", "sha": COMMIT, "siblings": siblings}).encode())

        def answer(self, body, *, status=200, headers=None):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    point_to(monkeypatch, f"http://127.0.0.1:{server.server_port}")
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def point_to(monkeypatch, endpoint):
    from huggingface_hub import constants

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        endpoint + "/{repo_id}/resolve/{revision}/{filename}",
    )


def entry(name, files):
    content = files[name]
    lfs = {"oid": sha(content), "sha256": sha(content), "size": len(content), "pointerSize": 130}
    kind = {"lfs": lfs} if name.endswith(".bin") else {}
    return {"type": "file", "path": name, "size": len(content), "oid": sha(content)[:40], **kind}


def sha(content):
    return hashlib.sha256(content).hexdigest()
