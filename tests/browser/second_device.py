"""Claims about the second device's page in Chromium: it shows what a real collector stored, and
notices what a lying one shows."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, Playwright, Route

from crypto.sealed import open_
from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, LogProof, leaf_hash, sign_checkpoint
from tests.browser.conftest import (
    ARGUMENTS,
    CHROMIUM,
    LOCALES,
    Code,
    Visit,
    cast,
    film,
    paste,
    second_device,
)
from tests.browser.voting_page import require_no_fault
from tests.e2e.serve import Serving
from voting.ballot.ballot import QrCode, fetch_token
from voting.election.manifest import Manifest

Answer = dict[str, object]


@dataclasses.dataclass(frozen=True)
class Stored:
    """A ballot that was cast with the voting page, and what the collector shows of it."""

    shown: Code
    answer: Answer

    @property
    def code(self) -> str:
        return self.shown.text

    @property
    def receipt(self) -> LogProof:
        return LogProof.parse(str(self.answer["receipt"]).encode())


def manifest(serving: Serving) -> Manifest:
    return Manifest.parse((serving.out / "election" / "manifest.json").read_bytes())


def stored(chromium: Browser, serving: Serving, number: int) -> Stored:
    shown = cast(chromium, serving, number)
    read = QrCode.parse(shown.text)
    token = fetch_token(read.seed, manifest(serving).digest).hex()
    asked = {"sequence": read.sequence, "token": token}
    body = json.dumps(asked, separators=(",", ":"))
    answer = httpx.post(f"{serving.voting}/verification", content=body).raise_for_status()
    return Stored(shown, answer.json())


@pytest.fixture(scope="module")
def mine(chromium: Browser, serving: Serving) -> Stored:
    return stored(chromium, serving, 5)


@pytest.fixture(scope="module")
def anothers(chromium: Browser, serving: Serving) -> Stored:
    return stored(chromium, serving, 6)


def shows(visited: Visit, answer: Answer) -> None:
    """The collector lies: this is what it shows from now on."""

    def lie(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
        route.fulfill(status=200, headers=headers, body=json.dumps(answer))

    visited.page.route("**/verification", lie)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", list(LOCALES))
def test_page_speaks_the_readers_language_without_a_fault(
    serving: Serving, chromium: Browser, language: str, width: int
) -> None:
    with second_device(chromium, serving, language, width) as visited:
        assert visited.page.evaluate("document.documentElement.lang") == language
        assert visited.page.locator(".watermark").is_visible()
        assert manifest(serving).digest.hex() in visited.page.locator("main").inner_text()
        require_no_fault(visited)


def test_stored_ballot_is_genuine_and_shown_with_name_and_every_choice(
    serving: Serving, chromium: Browser, mine: Stored
) -> None:
    with second_device(chromium, serving, "en", 320) as visited:
        paste(visited, mine.code)
        visited.shows("genuine")
        said = visited.page.locator("main").inner_text()
        assert "Genuine: this ballot is stored" in said
        assert "TODO Shingo" in said
        assert "Blank vote" in said
        assert "this is your latest ballot" in said
        assert visited.page.locator("h2.signer").inner_text() == f"Signed by {name(serving, 5)}"
        require_no_fault(visited)
        kept = visited.page.evaluate(
            "[localStorage.length, sessionStorage.length, document.cookie, location.href]"
        )
        assert kept == [0, 0, "", f"{serving.second}/"]


def name(serving: Serving, number: int) -> str:
    """On the card of that person."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    card = x509.load_pem_x509_certificates(serving.test_card(number).read_bytes())[0]
    return str(card.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_seed_is_sent_to_nobody(serving: Serving, chromium: Browser, mine: Stored) -> None:
    sent: list[str] = []
    with second_device(chromium, serving) as visited:
        visited.page.on("request", lambda of: sent.append(f"{of.url} {of.post_data} {of.headers}"))
        shows(visited, mine.answer)
        paste(visited, mine.code)
        visited.shows("genuine")
    assert any("/verification" in request for request in sent)
    assert not any(QrCode.parse(mine.code).seed.hex() in request for request in sent)


def test_later_ballot_of_the_same_card_is_told(serving: Serving, chromium: Browser) -> None:
    first = cast(chromium, serving, 7).text
    cast(chromium, serving, 7)
    with second_device(chromium, serving) as visited:
        paste(visited, first)
        visited.shows("genuine")
        assert visited.page.locator(".verdict.fault").count() == 1
        assert "this is not your latest ballot" in visited.page.locator("main").inner_text()


def test_picture_of_the_code_is_read(serving: Serving, chromium: Browser, mine: Stored) -> None:
    picture: FilePayload = {"name": "a.png", "mimeType": "image/png", "buffer": mine.shown.picture}
    with second_device(chromium, serving) as visited:
        shows(visited, mine.answer)
        visited.page.locator("main input[type=file]").set_input_files(picture)
        visited.shows("genuine")
        require_no_fault(visited)
    nothing: FilePayload = {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    with second_device(chromium, serving) as visited:
        visited.page.locator("main input[type=file]").set_input_files(nothing)
        visited.page.locator(".notice.warning").wait_for()
        assert "no code of a ballot in that picture" in visited.page.locator("main").inner_text()


def test_code_before_the_camera_is_read(
    playwright: Playwright, serving: Serving, mine: Stored, tmp_path: Path
) -> None:
    video = tmp_path / "code.y4m"
    film(mine.shown, video)
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *camera])
    try:
        with second_device(browser, serving, "ja", 320) as visited:
            shows(visited, mine.answer)
            visited.page.context.grant_permissions(["camera"], origin=serving.second)
            visited.page.locator("main .actions button").first.click()
            visited.shows("genuine")
            require_no_fault(visited)
            assert "TODO" not in visited.page.locator("main").inner_text()
    finally:
        browser.close()


def test_camera_that_is_not_allowed_leaves_the_other_ways(
    serving: Serving, chromium: Browser
) -> None:
    with second_device(chromium, serving) as visited:
        visited.page.locator("main .actions button").first.click()
        visited.page.locator(".notice.warning").wait_for()
        visited.shows("ready")
        assert "The camera cannot be used" in visited.page.locator("main").inner_text()


# -- a collector that lies ----------------------------------------------------------------------


def lies(
    serving: Serving, mine: Stored, anothers: Stored
) -> Iterator[tuple[str, str, str, Answer]]:
    """What is claimed, the check that notices, the code, and what the collector shows."""
    code, answer = mine.code, mine.answer
    swapped = {**answer, "container": anothers.answer["container"]}
    yield "another's ballot under my receipt", "receipt", code, swapped
    yield "another's ballot and receipt", "verify.receipt", code, anothers.answer
    seed, place = QrCode.parse(code).seed, QrCode.parse(anothers.code).sequence
    told = QrCode(place, seed).text()
    yield "another's ballot at the place of the code", "verify.opening", told, anothers.answer
    container = base64.b64decode(str(answer["container"]))
    changed = container.replace(b'"style":"style-', b'"style":"style+', 1)
    assert changed != container
    shown = {**answer, "container": base64.b64encode(changed).decode()}
    yield "a ballot that was changed", "receipt", code, shown
    proof = mine.receipt
    for claim, receipt in {
        "a receipt with another root": forged(proof),
        "a receipt of a fork that the log signed": fork(serving, proof),
        "a receipt without witnesses": unwitnessed(proof),
    }.items():
        yield claim, "receipt", code, {**answer, "receipt": receipt.encode().decode()}
    yield "no receipt", "receipt", code, {**answer, "receipt": "text"}


def forged(proof: LogProof) -> LogProof:
    """The root is changed in the text that others signed."""
    origin, size, root, _ = proof.checkpoint.text.split("\n")
    other = base64.b64encode(bytes([base64.b64decode(root)[0] ^ 1]) + base64.b64decode(root)[1:])
    text = f"{origin}\n{size}\n{other.decode()}\n"
    return dataclasses.replace(proof, checkpoint=dataclasses.replace(proof.checkpoint, text=text))


def fork(serving: Serving, proof: LogProof) -> LogProof:
    """A log of this entry alone, signed by the collector and by no witness."""
    origin = manifest(serving).origin
    head = Checkpoint(origin, 1, leaf_hash(proof.extra or b""))
    return dataclasses.replace(
        proof, checkpoint=sign_checkpoint(head, log_key(serving)), index=0, hashes=()
    )


def unwitnessed(proof: LogProof) -> LogProof:
    note = proof.checkpoint
    kept = dataclasses.replace(note, signatures=note.signatures[:1])
    return dataclasses.replace(proof, checkpoint=kept)


def log_key(serving: Serving) -> SigningKey:
    passphrase = (serving.out / "secrets/passphrase.txt").read_text().strip()
    box = (serving.out / "homes/collector/key.sealed").read_bytes()
    return SigningKey(open_(box, passphrase, "key"))


def test_every_lie_of_a_collector_is_noticed_and_said(
    serving: Serving, chromium: Browser, mine: Stored, anothers: Stored
) -> None:
    for claim, check_id, code, answer in lies(serving, mine, anothers):
        with second_device(chromium, serving) as visited:
            shows(visited, answer)
            paste(visited, code)
            visited.shows("false")
            said = visited.page.locator("main").inner_text()
            assert "Not genuine" in said, claim
            assert visited.page.locator(".check-id").inner_text().endswith(f": {check_id}"), claim
            assert visited.page.locator("dl.choices").count() == 0, claim
            require_no_fault(visited)


def test_manifest_that_the_officials_did_not_sign_shows_nothing_of_it(
    serving: Serving, chromium: Browser
) -> None:
    signed = (serving.out / "election" / "manifest.asice").read_bytes()
    forged = signed.replace("牧野".encode(), "牧原".encode())
    assert forged != signed
    with second_device(chromium, serving, "ja") as visited:
        headers = {"Access-Control-Allow-Origin": "*"}
        visited.page.route(
            "**/manifest.asice", lambda route: route.fulfill(headers=headers, body=forged)
        )
        visited.page.reload()
        visited.shows("broken")
        assert "牧原" not in visited.page.content()
        assert visited.page.locator("main button").count() == 0


def test_code_that_the_collector_does_not_know_is_no_verdict_on_a_ballot(
    serving: Serving, chromium: Browser, mine: Stored
) -> None:
    with second_device(chromium, serving) as visited:
        paste(visited, QrCode(QrCode.parse(mine.code).sequence, bytes(32)).text())
        visited.shows("unseen")
        said = visited.page.locator("main").inner_text()
        assert "Could not be checked" in said
        assert "wrong, too old, or was used too often" in said
        visited.page.locator("main .actions button").click()
        visited.shows("ready")
        visited.page.route("**/verification", lambda route: route.abort())
        paste(visited, mine.code)
        visited.shows("unseen")
        assert "does not answer" in visited.page.locator("main").inner_text()


def test_text_that_is_no_code_is_not_asked_about(serving: Serving, chromium: Browser) -> None:
    with second_device(chromium, serving) as visited:
        paste(visited, "https://elsewhere.example/")
        visited.page.locator(".notice.warning").wait_for()
        assert "not the code of a ballot" in visited.page.locator("main").inner_text()
        require_no_fault(visited)


def test_page_is_served_with_the_headers_that_protect_it(serving: Serving) -> None:
    names = ("", "verify.js", "verify.css", "verify.webmanifest", "trust.json", "page.json")
    for path in names:
        headers = httpx.get(f"{serving.second}/{path}").raise_for_status().headers
        policy = dict(
            directive.strip().split(" ", 1)
            for directive in headers["content-security-policy"].split(";")
        )
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "manifest-src": "'self'",
            "connect-src": f"'self' {serving.voting}",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "'none'",
        }
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
    for path in ("state", "ballots", "verification", "election/manifest.json"):
        assert httpx.get(f"{serving.second}/{path}").status_code == 404
