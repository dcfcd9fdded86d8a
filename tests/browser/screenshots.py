"""Every screen of a vote and of the second device, in each language and width, as pictures to look
at."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from playwright.sync_api import Browser, Route, sync_playwright

from tests.browser.conftest import (
    ARGUMENTS,
    CHROMIUM,
    Visit,
    choose,
    confirm,
    log_in,
    paste,
    second_device,
    visit,
)
from tests.e2e.demo import ROOT, DemoError, empty, free_port
from tests.e2e.serve import Serving

WIDTHS = (320, 1280)
LIES: Mapping[str, Mapping[str, object]] = {
    "not-latest": {"latest": False},
    "false": {"receipt": "none"},
}
# Kawabe is in Japanese and English, Metsavalla in Estonian and English.
ELECTIONS = {"kawabe-2027": ("ja", "en"), "metsavalla-2027": ("et",)}


class Album:
    """The pictures of one language and width, numbered in the order of a vote."""

    def __init__(self, folder: Path, visited: Visit, of: str = "") -> None:
        self._folder, self._visited, self._of, self._count = folder, visited, of, 0
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, name: str) -> None:
        self._count += 1
        path = self._folder / f"{self._of}{self._count:02d}-{name}.png"
        self._visited.page.screenshot(path=path, full_page=True)


def photograph(
    serving: Serving, chromium: Browser, out: Path, language: str, width: int, number: int
) -> None:
    """One vote of this person, and a refused log-in before it."""
    with visit(chromium, serving.voting, language, width) as visited:
        album, page = Album(out / language / str(width), visited), visited.page
        visited.at("")
        page.locator("details.test-card summary").wait_for()
        album.take("welcome")
        page.locator("details.test-card summary").click()
        page.locator("details.test-card textarea").fill("no card")
        page.locator("details.test-card button").click()
        page.locator(".notice.fault").wait_for()
        album.take("no-card")
        page.reload()
        log_in(visited, serving.test_card(number))
        visited.at("district")
        album.take("district")
        choose(visited, serving, number, album.take)
        page.route("**/ballots", lambda route: route.abort())
        confirm(visited)
        visited.at("unanswered")
        album.take("unanswered")
        page.unroute("**/ballots")
        page.locator("main .actions button").first.click()
        visited.at("receipt")
        album.take("receipt")
        page.emulate_media(color_scheme="dark")
        album.take("receipt-dark")
        page.emulate_media(color_scheme="light", media="print")
        album.take("receipt-printed")
        code = page.locator(".code-text").text_content() or ""
    look(serving, chromium, out, language, width, code)


def look(
    serving: Serving, chromium: Browser, out: Path, language: str, width: int, code: str
) -> None:
    """The second device with that vote's code, then with lies about it, then without network."""
    with second_device(chromium, serving, language, width) as visited:
        page = visited.page
        album = Album(out / language / str(width), visited, "second-")
        album.take("ready")
        paste(visited, "no code")
        page.locator(".notice.warning").wait_for()
        album.take("no-code")
        paste(visited, code)
        visited.shows("genuine")
        album.take("genuine")
        page.emulate_media(color_scheme="dark")
        album.take("genuine-dark")
        page.emulate_media(color_scheme="light")

        for name, lie in LIES.items():
            page.locator("main .actions button").last.click()
            page.route("**/verification", lying(lie))
            paste(visited, code)
            page.locator(".verdict.fault").wait_for()
            album.take(name)
            page.unroute("**/verification")
        page.locator("main .actions button").last.click()
        page.route("**/verification", lambda route: route.abort())
        paste(visited, code)
        visited.shows("unseen")
        album.take("unseen")


def lying(lie: Mapping[str, object]) -> Callable[[Route], None]:
    """Shows what the collector shows, but for these members."""

    def answer(route: Route) -> None:
        said = route.fetch()
        route.fulfill(response=said, json={**said.json(), **lie})

    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/screenshots"))
    out = parser.parse_args().out.resolve()
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for name, languages in ELECTIONS.items():
                config = ROOT / "election_configs" / f"{name}.yaml"
                folder = out / "elections" / name
                serving = Serving(config, folder, voters=8, ports=(free_port(), free_port()))
                empty(folder)
                with serving.opened():
                    pairs = [(language, width) for language in languages for width in WIDTHS]
                    for number, (language, width) in enumerate(pairs, 1):
                        photograph(serving, chromium, out, language, width, number)
    except DemoError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
