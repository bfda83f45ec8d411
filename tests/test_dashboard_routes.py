import asyncio
import json
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.capability import UPLOAD, Capabilities, audio_path, playing
from dashboard.headers import SafeHeaders
from dashboard.routes import requested_range, routes
from pipeline.config import load_config
from pipeline.settings import DashboardConfig
from pipeline.store import Store
from tests import synthetic

ORIGIN = "http://testserver"
RIGHTS = Capabilities()
SOUND = bytes(range(256)) * 40


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def client(store):
    return serve(store, load_config().dashboard)


def serve(store, config):
    app = Starlette(routes=routes(lambda: store, rights=RIGHTS, config=config))
    return TestClient(app)


def keep(store, content=SOUND, name="practice.wav"):
    with store.receive(name) as file:
        file.write(content)
    return file.recording.id


def address(recording, seconds=60.0, rights=RIGHTS):
    return audio_path(recording, rights.mint(playing(recording), seconds=seconds))


def upload(client, content=SOUND, *, name="practice.wav", right=None, without=(), **headers):
    sent = {
        "Origin": ORIGIN,
        "X-Attune-Right": RIGHTS.mint(UPLOAD, seconds=60) if right is None else right,
        "X-Attune-Name": quote(name),
        "X-Attune-Setup": "two microphones",
        "X-Attune-Material": "acted role",
    } | headers
    kept = {key: value for key, value in sent.items() if key not in without}
    return client.put("/upload", content=content, headers=kept)


def test_the_whole_recording_with_its_kind_and_no_copy_in_caches(client, store):
    answer = client.get(address(keep(store)))
    assert answer.status_code == 200
    assert answer.content == SOUND
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-length"] == str(len(SOUND))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, len(SOUND) - 1),
        ("bytes=-10", len(SOUND) - 10, len(SOUND) - 1),
        ("bytes=10200-99999", 10200, len(SOUND) - 1),
    ],
)
def test_a_part_is_sent_as_asked(client, store, asked, first, last):
    answer = client.get(address(keep(store)), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(SOUND)}"
    assert answer.content == SOUND[first : last + 1]


def test_a_part_behind_the_end_is_refused_with_the_size(client, store):
    answer = client.get(address(keep(store)), headers={"Range": f"bytes={len(SOUND)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=-", "pages=1-2", "bytes=9-3", "bytes=0-1,5-6", "bytes=١-٢", "\t"]
)
def test_a_range_that_cannot_be_read_is_ignored(asked):
    assert requested_range(asked, 100) == (0, 99, False)


def test_head_tells_without_sending(client, store):
    answer = client.head(address(keep(store)), headers={"Range": "bytes=0-9"})
    assert answer.status_code == 206
    assert answer.headers["content-length"] == "10"
    assert answer.content == b""


def test_other_kinds_have_their_media_type(client, store):
    assert client.get(address(keep(store, b"x", "a.MP3"))).headers["content-type"] == "audio/mpeg"
    assert client.get(address(keep(store, b"y", "a.flac"))).headers["content-type"] == "audio/flac"
    assert client.get(address(keep(store, b"z", "a.m4a"))).headers["content-type"] == "audio/mp4"


def test_a_kind_that_browsers_cannot_play_is_told(client, store):
    answer = client.get(address(keep(store, b"<html>", "page.html")))
    assert answer.status_code == 415
    assert ".html" in answer.text


@pytest.mark.parametrize(
    "right", ["", "x", "9999999999.", "9999999999.abc", ".", "١٢.aa", "1e9.aa"]
)
def test_without_a_right_nothing_is_heard(client, store, right):
    answer = client.get(f"/recordings/{keep(store)}/audio", params={"right": right})
    assert answer.status_code == 403


def test_a_right_ends_and_belongs_to_one_recording_and_one_server(client, store):
    recording, other = keep(store), keep(store, b"other", "other.wav")
    assert client.get(address(recording, seconds=-1)).status_code == 403
    assert client.get(address(recording, rights=Capabilities())).status_code == 403
    moved = address(recording).replace(recording, other)
    assert client.get(moved).status_code == 403
    longer = address(recording).replace("right=1", "right=2")
    assert client.get(longer).status_code == 403


def test_a_right_to_upload_plays_nothing(client, store):
    right = RIGHTS.mint(UPLOAD, seconds=60)
    assert client.get(audio_path(keep(store), right)).status_code == 403


def test_an_unknown_recording_is_not_found(client):
    assert client.get(address("01ARZ3NDEKTSV4RRFFQ69G5FAV")).status_code == 404
    assert client.get(address("nothing")).status_code == 404


def test_an_upload_is_kept_byte_for_byte(client, store, tmp_path):
    sound = synthetic.wav(tmp_path / "a.wav", seconds=2).read_bytes()
    answer = upload(client, sound, name="Übung mit Çağla 三.wav")
    assert answer.status_code == 201
    recording = answer.json()["id"]
    assert store.source(recording).read_bytes() == sound
    kept = store.recording(recording)
    assert (kept.name, kept.setup, kept.material) == (
        "Übung mit Çağla 三.wav",
        "two microphones",
        "acted role",
    )
    assert kept.state == "received"


def test_the_same_file_again_is_the_same_recording(client, store):
    first, second = upload(client).json(), upload(client, name="again.wav").json()
    assert first["id"] == second["id"]
    assert len(store.sessions()) == 1


def test_a_name_loses_its_folders_and_control_characters(client):
    assert upload(client, b"1", name="../../etc/pass\x00wd\r\n.wav").json()["name"] == "passwd.wav"
    assert upload(client, b"2", name="C:\\sound\\me.wav").json()["name"] == "me.wav"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"without": ("Origin",)}, 403),
        ({"right": ""}, 403),
        ({"right": "9999999999.00"}, 403),
        ({"right": RIGHTS.mint(UPLOAD, seconds=-1)}, 403),
        ({"right": RIGHTS.mint(playing("01ARZ3NDEKTSV4RRFFQ69G5FAV"), seconds=60)}, 403),
        ({"name": ""}, 400),
        ({"without": ("X-Attune-Name",)}, 400),
        ({"X-Attune-Setup": "a drum"}, 400),
        ({"without": ("X-Attune-Setup",)}, 400),
        ({"X-Attune-Material": "real client"}, 400),
        ({"without": ("X-Attune-Material",)}, 400),
        ({"content": b""}, 400),
    ],
)
def test_what_is_not_right_is_refused_and_nothing_kept(client, store, changes, status):
    answer = upload(client, **changes)
    assert answer.status_code == status
    assert len(answer.text) > 20
    assert store.sessions() == ()


def test_posting_a_form_from_elsewhere_is_no_way_in(client):
    assert client.post("/upload", content=b"x").status_code == 405


def test_a_file_that_is_too_large_is_refused_by_what_it_says_and_by_what_comes(store, tmp_path):
    config = load_config().dashboard
    small = DashboardConfig(0.01, config.link_hours, config.chunk, config.poll, config.lead)
    client = serve(store, small)
    assert upload(client, b"x" * 20_000).status_code == 413

    def pieces():  # sent in chunks, without a declared length
        for _ in range(20):
            yield b"x" * 1000

    answer = upload(client, pieces())
    assert answer.status_code == 413
    assert "0 MB" in answer.text
    assert store.sessions() == ()
    assert not [p for p in (tmp_path / "home").rglob("*") if p.is_file() and "incoming" in p.name]


def test_an_upload_that_breaks_off_leaves_nothing(store, tmp_path):
    config = load_config().dashboard
    app = Starlette(routes=routes(lambda: store, rights=RIGHTS, config=config))
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/upload",
        "raw_path": b"/upload",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"origin", b"http://testserver"),
            (b"x-attune-right", RIGHTS.mint(UPLOAD, seconds=60).encode()),
            (b"x-attune-name", b"a.wav"),
            (b"x-attune-setup", b"unknown"),
            (b"x-attune-material", b"acted role"),
        ],
    }
    came = iter(
        [
            {"type": "http.request", "body": b"x" * 1000, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive():
        return next(came)

    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert b"broke off" in sent[1]["body"]
    assert next(came, None) is None
    assert store.sessions() == ()
    assert not [p for p in (tmp_path / "home").rglob("*") if p.is_file() and "incoming" in p.name]


def test_every_answer_carries_the_safe_headers(store):
    inner = Starlette(routes=routes(lambda: store, rights=RIGHTS, config=load_config().dashboard))
    answer = TestClient(SafeHeaders(inner)).get("/nothing")
    assert answer.status_code == 404
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_answer_to_an_upload_is_json(client):
    assert set(json.loads(upload(client).text)) == {"id", "name"}
