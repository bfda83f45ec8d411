import re
import wave
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from dashboard.screenshots import browser_path, serving
from pipeline.audio import read_recording
from pipeline.config import load_config
from pipeline.session import analyze
from pipeline.store import Store
from tests import synthetic

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 60_000  # ms; the machine may be busy with other tests


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    sound = synthetic.wav(tmp_path_factory.mktemp("sound") / "practice.wav")
    with Store.open(folder) as store:
        for name, report in (
            ("Practice with Sam.wav", synthetic.report()),
            ("Unsure <b>who</b>.wav", synthetic.report(role_confidence=0.4, words="draft")),
        ):
            with store.receive(name, setup="two microphones") as file:
                file.write(sound.read_bytes() + name.encode())
            store.save(file.recording.id, report)
        analysed(store, tmp_path_factory.mktemp("spoken"))
    return folder


def analysed(store, folder):
    """A spoken half minute, really analysed: a swap needs what the stages left behind."""
    source = PROJECT / "sample_audio" / "02_two_microphones.flac"
    sound = read_recording(source, load_config().audio)
    path = folder / "spoken.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(16000)
        pieces = np.asarray(sound.samples)[:, : 30 * 16000]
        out.writeframes(pieces.T.astype("<i2").tobytes())
    recording = store.ingest(path, name="Swap me.wav", setup="two microphones")
    report = analyze(
        store.source(recording.id),
        load_config(),
        artefacts=store.artefacts(recording.id),
        setup="two microphones",
        therapist="left",
    )
    store.save(recording.id, report)


@pytest.fixture(scope="module")
def address(home):
    with serving(home) as found:
        yield found


@pytest.fixture(scope="module")
def chromium():
    path = browser_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, address):
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    page.close()
    assert not elsewhere, "the page asked another server for something"


def open_session(page, name):
    page.get_by_role("link", name=name).click()
    expect(page.locator("h1", has_text=name)).to_be_visible()
    page.wait_for_function(
        """() => [...document.querySelectorAll('*')].some(
            (e) => e.shadowRoot?.querySelector('audio')?.readyState > 0)"""
    )
    return page.locator("audio")


def seconds(audio):
    return audio.evaluate("(a) => a.currentTime")


def wait_until_at(page, audio, first, last):
    page.wait_for_function(
        """([first, last]) => [...document.querySelectorAll('*')].some((e) => {
            const now = e.shadowRoot?.querySelector('audio')?.currentTime;
            return now >= first && now < last; })""",
        arg=[first, last],
    )


def test_a_click_on_a_line_plays_from_there_and_marks_it(page):
    audio = open_session(page, "Practice with Sam.wav")
    assert seconds(audio) == 0
    line = page.get_by_role("button", name=re.compile("I haven't told anybody that"))
    line.click()
    wait_until_at(page, audio, 36, 41)
    expect(line).to_have_attribute("aria-current", "true")
    assert not audio.evaluate("(a) => a.paused")


def test_a_click_on_a_moment_plays_from_just_before_it(page):
    audio = open_session(page, "Practice with Sam.wav")
    page.locator(".moments").get_by_role("button", name=re.compile("Silence")).click()
    wait_until_at(page, audio, 29.5, 33)


def test_keys_pause_move_and_jump_between_moments(page):
    audio = open_session(page, "Practice with Sam.wav")
    line = page.get_by_role("button", name=re.compile("Thanks for coming in"))
    line.click()
    wait_until_at(page, audio, 1, 5)
    line.press("Space")
    assert audio.evaluate("(a) => a.paused")
    before = seconds(audio)
    line.press("ArrowRight")
    assert seconds(audio) == pytest.approx(before + 5, abs=0.5)
    line.press("ArrowLeft")
    assert seconds(audio) == pytest.approx(before, abs=0.5)
    line.press("j")  # the reflection at 19.6 s, two seconds of lead-in
    wait_until_at(page, audio, 17.5, 20)
    line.press("j")  # the silence at 31.5 s
    wait_until_at(page, audio, 29.4, 32)
    line.press("k")
    wait_until_at(page, audio, 17.5, 20)


def test_a_figure_opens_its_moments_and_the_player_keeps_its_place(page):
    audio = open_session(page, "Practice with Sam.wav")
    source = audio.get_attribute("src")
    tile = page.get_by_test_id("stVerticalBlock").filter(has_text="started while the client")
    tile.get_by_role("button", name="1 moment").last.click()
    page.get_by_role("button", name=re.compile("0:57, 1.0 s")).click()
    wait_until_at(page, audio, 55, 59)
    assert page.locator("audio").get_attribute("src") == source


def test_a_mark_of_the_timeline_plays(page):
    audio = open_session(page, "Practice with Sam.wav")
    mark = page.locator(".scatterlayer .point").first  # the silence
    mark.evaluate("(e) => e.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(500)  # the page's scrolling has its own pace
    box = mark.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 30, y)
    page.mouse.move(x, y, steps=5)
    page.wait_for_timeout(500)  # plotly looks for what lies under the mouse a little later
    page.mouse.click(x, y, delay=50)
    wait_until_at(page, audio, 29.5, 33)


def test_words_are_shown_as_text(page):
    open_session(page, "Practice with Sam.wav")
    expect(page.get_by_role("list", name="Transcript")).to_contain_text(
        "she would want to hear it <now>."
    )
    page.get_by_role("link", name="All sessions").click()
    open_session(page, "Unsure <b>who</b>.wav")


def test_unsure_roles_are_asked_for_before_the_figures_and_drafts_are_called_so(page):
    open_session(page, "Unsure <b>who</b>.wav")
    question, figures = page.get_by_text("Who is the therapist?"), page.get_by_text("Figures").first
    assert question.bounding_box()["y"] < figures.bounding_box()["y"]
    expect(page.get_by_role("heading", name="Draft words")).to_be_visible()
    expect(page.get_by_text("Posture, faces and warmth are not in these figures")).to_be_visible()
    expect(page.get_by_text("Turns in which the therapist may reflect: ")).to_be_visible()


def test_one_click_swaps_the_roles_and_every_figure(page):
    open_session(page, "Swap me.wav")
    expect(page.get_by_text("The therapist is the left voice")).to_be_visible()
    tile = page.get_by_test_id("stVerticalBlock").filter(has_text="Therapist’s longest turn").last
    therapist, client = re.search(
        r"longest turn\s+(.+?)\s+Client’s longest: (.+)", tile.inner_text()
    ).groups()
    assert therapist != client
    page.get_by_role("button", name="Swap the two").click()
    expect(page.get_by_text("The therapist is the right voice")).to_be_visible()
    expect(tile).to_contain_text(f"Client’s longest: {therapist}")
    expect(tile.get_by_test_id("stMetricValue")).to_have_text(client)
    page.reload()
    expect(page.get_by_text("The therapist is the right voice")).to_be_visible()


def test_a_recording_comes_in_through_the_page(page, tmp_path):
    sound = synthetic.wav(tmp_path / "Küche.wav", seconds=2)
    page.get_by_role("link", name="Add a recording").first.click()
    page.get_by_text("Two microphones, one for each person").click()
    page.locator("input[type=file]").set_input_files(sound)
    page.get_by_role("button", name="Upload and analyse").click()
    expect(page.get_by_text("Your recording has come in")).to_be_visible()
    page.get_by_role("link", name="Sessions").first.click()
    expect(page.get_by_role("link", name=re.compile("Küche"))).to_be_visible()


def test_the_page_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    open_session(page, "Practice with Sam.wav")
    wide = page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]');"
        " return m.scrollWidth - m.clientWidth; }"
    )
    assert wide <= 0
