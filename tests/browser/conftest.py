"""A test election with its page, and a browser, once a session."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    ViewportSize,
    sync_playwright,
)

from tests.client.node import ROOT, node
from tests.e2e.demo import CONFIG, empty, free_port
from tests.e2e.serve import Serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LOCALES = {"ja": "ja-JP", "en": "en-GB", "et": "et-EE"}
WAIT = 120_000  # milliseconds that a busy machine may take


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The election, open, with its page."""
    subprocess.run([*node(), "voting/client/build.mjs"], cwd=ROOT, check=True)
    out = tmp_path_factory.mktemp("election")
    found = Serving(CONFIG, out, voters=8, ports=(free_port(), free_port()))
    empty(out)
    with found.opened():
        yield found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    assert CHROMIUM, "chromium is missing; on Debian: apt-get install chromium fonts-ipafont"
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@dataclass
class Visit:
    """A page of a new browser profile, and all that went wrong in it."""

    page: Page
    origins: tuple[str, ...]
    """Its own, and whom it may ask."""
    faults: list[str] = field(default_factory=list)

    def listen(self) -> None:
        def console(kind: str, text: str) -> None:
            if kind in ("error", "warning"):
                self.faults.append(text)

        self.page.on("console", lambda message: console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.see(request.url))

    def see(self, url: str) -> None:
        if not any(url.startswith((f"{of}/", f"blob:{of}/")) for of in self.origins):
            self.faults.append(f"a request to {url}")

    def at(self, screen: str) -> None:
        """Wait until this screen of the voting page is shown."""
        self.shows(f"#/{screen}")

    def shows(self, screen: str) -> None:
        self.page.wait_for_selector(f"main[data-screen='{screen}']", timeout=WAIT)


@contextmanager
def visit(
    chromium: Browser, origin: str, language: str = "en", width: int = 1280, *asked: str
) -> Iterator[Visit]:
    """A new profile that has never been anywhere, at the page of an origin, which may ask those of
    `asked` too."""
    size: ViewportSize = {"width": width, "height": 800}
    context: BrowserContext = chromium.new_context(
        viewport=size, locale=LOCALES[language], accept_downloads=True
    )
    context.set_default_timeout(WAIT)
    found = Visit(context.new_page(), (origin, *asked))
    found.listen()
    found.page.goto(f"{origin}/")
    yield found
    context.close()


def log_in(visited: Visit, card: Path) -> None:
    """With a test card, from the welcome on."""
    page = visited.page
    page.locator("details.test-card summary").click()
    page.locator("details.test-card textarea").fill(card.read_text())
    page.locator("details.test-card button").click()


def choose(
    visited: Visit,
    serving: Serving,
    number: int,
    look: Callable[[str], None] = lambda _: None,
) -> None:
    """From the district of this person to the confirmation: the second option of the first contest,
    and blank votes in all others. `look` is called at each screen, with its name."""
    page = visited.page
    visited.at("district")
    districts = [district["id"] for district in serving.election["districts"]]
    page.locator("main .actions button").nth(districts.index(serving.district(number))).click()
    contests = serving.style(number)["contests"]
    for place in range(1, len(contests) + 1):
        visited.at(f"ballot/{place}")
        options = page.locator("label.option")
        (options.nth(1) if place == 1 else options.last).click()
        look(f"ballot-{place}")
        page.locator("nav.actions button").first.click()
    visited.at("check")
    look("check")


def confirm(visited: Visit) -> None:
    visited.page.locator("main .actions button").first.click()


@dataclass(frozen=True)
class Code:
    """The code of a ballot as the voting page shows it."""

    text: str
    picture: bytes
    """PNG."""
    modules: frozenset[tuple[int, int]]
    """Where it is dark: column and row."""
    size: int
    """Columns and rows, with the border."""


def cast(chromium: Browser, serving: Serving, number: int) -> Code:
    """This person votes with the voting page, in a profile of its own; the code that it shows."""
    with visit(chromium, serving.voting) as visited:
        log_in(visited, serving.test_card(number))
        choose(visited, serving, number)
        confirm(visited)
        visited.at("receipt")
        drawing = visited.page.locator(".code svg")
        dark = re.findall(r"M(\d+) (\d+)h", drawing.locator("path").get_attribute("d") or "")
        return Code(
            visited.page.locator(".code-text").text_content() or "",
            drawing.screenshot(),
            frozenset((int(x), int(y)) for x, y in dark),
            int(drawing.locator("rect").get_attribute("width") or ""),
        )


def film(code: Code, path: Path) -> None:
    """A video (YUV4MPEG2) of the code held before a camera: what Chromium's fake one takes."""
    width, height, scale, frames = 640, 480, 6, 10
    left, top = (width - code.size * scale) // 2, (height - code.size * scale) // 2
    luma = bytearray(b"\xa0" * width * height)
    for y in range(code.size * scale):
        for x in range(code.size * scale):
            dark = (x // scale, y // scale) in code.modules
            luma[(top + y) * width + left + x] = 0x20 if dark else 0xE0
    frame = b"FRAME\n" + luma + b"\x80" * (width * height // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * frames)


@contextmanager
def second_device(
    chromium: Browser, serving: Serving, language: str = "en", width: int = 1280
) -> Iterator[Visit]:
    """The second device's page in a profile of its own, ready for a code."""
    with visit(chromium, serving.second, language, width, serving.voting) as visited:
        visited.shows("ready")
        yield visited


def paste(visited: Visit, code: str) -> None:
    """Give the second device's page a code as text."""
    visited.page.locator("main input[type=text]").fill(code)
    visited.page.locator("main .actions button").nth(1).click()
