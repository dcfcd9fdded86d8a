"""Claims about the voting page in Chromium, before a real collector and real witnesses."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import LOCALES, Visit, choose, confirm, log_in, visit
from tests.e2e.serve import Serving


def require_no_fault(visited: Visit) -> None:
    assert visited.faults == []
    wide, shown = visited.page.evaluate("[document.body.scrollWidth, window.innerWidth]")
    assert wide <= shown, "the page is wider than the screen"


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", list(LOCALES))
def test_page_speaks_the_readers_language_without_a_fault(
    serving: Serving, chromium: Browser, language: str, width: int
) -> None:
    with visit(chromium, serving.voting, language, width) as visited:
        visited.at("")
        visited.page.locator("details.test-card summary").wait_for()
        assert visited.page.evaluate("document.documentElement.lang") == language
        assert visited.page.locator(".watermark").is_visible()
        require_no_fault(visited)


def test_vote_of_the_page_is_stored_as_chosen_and_its_receipt_holds(
    serving: Serving, chromium: Browser
) -> None:
    with visit(chromium, serving.voting, "ja", 320) as visited:
        log_in(visited, serving.test_card(1))
        choose(visited, serving, 1)
        require_no_fault(visited)
        confirm(visited)
        visited.at("receipt")
        require_no_fault(visited)
        with visited.page.expect_download() as saved:
            visited.page.locator("main .actions button").first.click()
        saved.value.save_as(serving.out / "browser-receipt.txt")
        code = visited.page.locator(".code-text").text_content()
    (serving.out / "browser-qr.txt").write_text(f"{code}\n")
    trusted = "--collector unix:collector.sock --trust trust"
    said = serving.run(f"voting verify-ballot {trusted} --qr browser-qr.txt")
    assert "2 TODO Shingo" in said
    assert "blank" in said
    assert "This is your latest ballot" in said
    receipt = serving.run("verifier receipt browser-receipt.txt --record election --trust trust")
    assert receipt.startswith("VERIFIED")


def test_ballot_that_the_network_lost_is_sent_again_after_a_reload(
    serving: Serving, chromium: Browser
) -> None:
    sent: list[bytes] = []
    with visit(chromium, serving.voting) as visited:
        page = visited.page
        log_in(visited, serving.test_card(2))
        choose(visited, serving, 2)
        page.on(
            "request",
            lambda request: (
                sent.append(request.post_data_buffer or b"")
                if request.url.endswith("/ballots")
                else None
            ),
        )
        page.route("**/ballots", lambda route: route.abort())
        confirm(visited)
        visited.at("unanswered")
        assert page.evaluate("Object.keys(sessionStorage)") == ["sukashi.owed"]
        page.unroute("**/ballots")
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("about:blank")  # leaving is asked about, and agreed to
        page.goto(f"{serving.voting}/")
        visited.at("")
        log_in(visited, serving.test_card(2))
        visited.at("receipt")
        assert page.locator(".code").count() == 0, "the seed was never written down"
        assert page.evaluate("sessionStorage.length") == 0
    assert len(sent) == 2
    assert sent[0] == sent[1] != b""


def test_receipt_of_another_ballot_is_an_alarm(serving: Serving, chromium: Browser) -> None:
    stored = (serving.out / "browser-receipt.txt").read_bytes()
    with visit(chromium, serving.voting) as visited:
        log_in(visited, serving.test_card(3))
        choose(visited, serving, 3)
        visited.page.route("**/ballots", lambda route: route.fulfill(status=201, body=stored))
        confirm(visited)
        visited.at("alarm")
        assert visited.page.locator("main .code").count() == 0
        assert "receipt" in (visited.page.locator(".check-id").text_content() or "")


def test_manifest_of_another_election_shows_nothing_of_it(
    serving: Serving, chromium: Browser
) -> None:
    manifest = (serving.out / "election" / "manifest.json").read_bytes()
    forged = manifest.replace("牧野".encode(), "牧原".encode())
    assert forged != manifest
    with visit(chromium, serving.voting, "ja") as visited:
        visited.page.route("**/manifest.json", lambda route: route.fulfill(body=forged))
        visited.page.reload()
        visited.at("broken")
        assert "牧原" not in visited.page.content()
        assert visited.page.locator("main button").count() == 0


def test_wrong_district_is_refused_in_words_with_a_way_on(
    serving: Serving, chromium: Browser
) -> None:
    with visit(chromium, serving.voting) as visited:
        log_in(visited, serving.test_card(4))
        elsewhere = next(n for n in range(1, 9) if serving.district(n) != serving.district(4))
        choose(visited, serving, elsewhere)
        confirm(visited)
        visited.at("refused")
        text = visited.page.locator("main").inner_text()
        assert "This ballot was not stored" in text
        assert "accept.style" in text
        assert visited.page.evaluate("sessionStorage.length") == 0


def test_pages_are_served_with_the_headers_that_protect_them(serving: Serving) -> None:
    for path in ("/", "/vote.js", "/vote.css", "/page.json"):
        headers = httpx.get(f"{serving.voting}{path}").raise_for_status().headers
        policy = dict(
            directive.strip().split(" ", 1)
            for directive in headers["content-security-policy"].split(";")
        )
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "'none'",
        }
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


def test_script_that_was_changed_does_not_run(serving: Serving, chromium: Browser) -> None:
    script = Path(serving.out / "nginx" / "vote" / "vote.js").read_bytes()
    with visit(chromium, serving.voting) as visited:
        visited.page.route("**/vote.js", lambda route: route.fulfill(body=script + b"//"))
        visited.page.reload()
        visited.page.wait_for_timeout(500)
        assert visited.page.locator("main").count() == 0
        assert any("integrity" in fault for fault in visited.faults)
