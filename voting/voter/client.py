"""A voter's conversation with a collector, which is not trusted.

What comes from the collector is used only after it is checked against the trust that came from
elsewhere: the manifest by the officials' signatures, everything else by the manifest.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from crypto.errors import EncodingError, SukashiError, VerificationError
from crypto.tlog import Checkpoint, LogProof, verify_cosignatures
from crypto.tlog.checkpoint import open_checkpoint
from voting.acceptance import CHECK_IDS, COLLECTOR_IDS
from voting.acceptance.sentences import LOG_FORKED, LOG_IN_IDS, RECORDED, period, sentences
from voting.console import Refused, Unfinished, UsageFault
from voting.eid.cards import Card
from voting.eid.profile import EidProfile
from voting.eid.web_eid import LOCAL, make_token
from voting.election.documents import canonical, digest
from voting.election.entries import BallotEntry, parse_entry
from voting.election.manifest import Manifest
from voting.election.orders import open_order, order_name
from voting.election.signatures import Trust, check_signed_manifest

_FILES = ("manifest.json", "manifest.asice", "manifest.trustees.json")
_LIMIT = 1 << 24
_TOLERANCE = dt.timedelta(minutes=5)  # between the clocks of collector and witnesses
_PATIENCE, _LONGEST = 5, 60  # how often it waits where it came too often, and seconds at most
WAITS = (1, 2, 4, 8)  # seconds after which the receipt of a ballot is asked for again
_NO_RECEIPT = (
    "So the collector says; without a receipt nothing proves it. Run the same command again: it"
    " sends the same ballot. If no receipt comes, tell the election office, or vote on paper."
)
_AGAIN = "nothing is known to be stored; run the same command again, it sends the same ballot"


@dataclass(frozen=True)
class Receipt:
    """A checked receipt: the entry, its place and the log that vouches for it."""

    data: bytes
    sequence: int
    entry: BallotEntry
    checkpoint: Checkpoint


class Client:
    """One election at one collector. Not safe for concurrent use."""

    def __init__(self, address: str, trust: Trust) -> None:
        """Connect and check the manifest.

        `address` is http://host:port, https://…, or unix:/path/to/socket.

        Raises:
            UsageFault: that is no address.
            Unfinished: the collector cannot be reached.
            VerificationError, Refused: what it serves is not the trusted election.
        """
        if not address.startswith(("unix:", "http://", "https://")):
            raise UsageFault(
                f"--collector {address!r} is no address: write unix:{address} for a socket, or"
                f" http://{address} for a server"
            )
        try:
            if address.startswith("unix:"):
                transport = httpx.HTTPTransport(uds=address.removeprefix("unix:"))
                self._http = httpx.Client(
                    transport=transport, base_url="http://collector", timeout=60
                )
            else:
                self._http = httpx.Client(base_url=address, timeout=60)
        except httpx.InvalidURL as fault:
            raise UsageFault(f"{address!r} is no address: {fault}") from None
        self._origin = _origin(address)
        self._bearer = ""
        files = {name: self._get(f"/election/{quote(name)}") for name in _FILES}
        self.manifest: Manifest = check_signed_manifest(files, trust)

    def close(self) -> None:
        self._http.close()

    # -- requests ---------------------------------------------------------------------------------

    def _get(self, path: str) -> bytes:
        try:
            response = self._http.get(path)
        except httpx.HTTPError as fault:
            raise Unfinished(
                f"the collector cannot be reached ({fault}); try again later"
            ) from None
        if response.status_code != 200 or len(response.content) > _LIMIT:
            raise Unfinished(f"{_answered(response)} for {path}; try again later")
        return response.content

    def profile(self) -> EidProfile:
        """The eID profile, checked against the manifest's digests."""
        files = {}
        for name, expected in self.manifest.digests.eid_profile.items():
            files[name] = self._get(f"/election/eid_profile/{quote(name)}")
            if digest(files[name]) != expected:
                raise VerificationError("cast.profile", name, "it is not the manifest's")
        return EidProfile.parse(files)

    def roll_version(self) -> int:
        """The current version of the roll, and that voting is open. Raises Refused."""
        state = _json(self._get("/state"))
        phase, version = state.get("phase"), state.get("roll_version")
        if phase == "suspended":
            raise Refused(self._suspended(state.get("orders")))
        if phase != "open" or type(version) is not int or version < 1:
            raise Refused(f"voting is not open (the collector says {phase!r}). {self.period('en')}")
        return version

    def _suspended(self, number: object) -> str:
        """Why voting is suspended, in the words that officials signed.

        Raises VerificationError where they signed nothing of the kind.
        """
        name = order_name("suspended", number if type(number) is int else 0)
        order, _ = open_order(self._get(f"/orders/{name}.asice"), name, self.manifest)
        if (order.name, order.election) != (name, self.manifest.digest.hex()):
            raise VerificationError("log.orders", name, "it is an order of another election")
        return f"{sentences('accept.suspended')['en']} The officials say: {order.reason}"

    def period(self, language: str) -> str:
        """When this election takes ballots, in words."""
        of = self.manifest.period
        return period(language, of.opens, of.closes)

    def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, signed by the log of this election and enough witnesses."""
        note = self._get("/log/checkpoint")
        checkpoint = open_checkpoint(note, self.manifest.log_key)
        verify_cosignatures(note, self.manifest.witness_keys, self._witnesses_required)
        return checkpoint

    def log_in(self, card: Card, language: str) -> None:
        """Begin a session of the person whose card this is: the one that logs in, not the one that
        signs.

        Raises:
            Refused: the collector does not let the card in; the message says what to do.
            Unfinished: no answer.
        """
        asked = self._ask("/session/challenge", b"", 200, language)
        session, nonce = str(asked.get("session")), str(asked.get("nonce"))
        token = make_token(card, self._origin, nonce).decode()
        request = canonical({"nonce": nonce, "session": session, "token": token})
        self._bearer = str(self._ask("/session", request, 201, language).get("bearer"))

    def _ask(self, path: str, request: bytes, wanted: int, language: str) -> dict[str, object]:
        """The collector's answer to a question that may be asked again."""
        response = self._post(path, request)
        if response.status_code == wanted:
            return _json(response.content)
        check_id = _refused_by(response, (*COLLECTOR_IDS, *LOG_IN_IDS))
        if check_id is None:
            raise Unfinished(f"{_answered(response)}; try again")
        raise Refused(f"{check_id}: {sentences(check_id)[language]}")

    def _post(self, path: str, content: bytes) -> httpx.Response:
        """The answer; where this address comes too often, it waits as it is told. Raises
        Unfinished."""
        headers = {"Authorization": f"Bearer {self._bearer}"} if self._bearer else {}
        for _ in range(_PATIENCE):
            try:
                response = self._http.post(path, content=content, headers=headers)
            except httpx.HTTPError as fault:
                raise Unfinished(f"no answer from the collector ({fault}): {_AGAIN}") from None
            seconds = response.headers.get("retry-after", "")
            if response.status_code != 429 or not seconds.isdecimal():
                return response
            time.sleep(min(int(seconds), _LONGEST))
        raise Unfinished(f"too many requests come from this network: {_AGAIN}")

    def send(self, container: bytes, language: str) -> Receipt:
        """Send a ballot of the person who is logged in; its checked receipt.

        Raises:
            Refused: the collector refused it; the message says what to do.
            Unfinished: no answer, or no receipt yet; sending the same bytes again is safe.
            VerificationError: the answer is not a receipt for these bytes.
        """
        response = self._post("/ballots", container)
        for seconds in WAITS:
            if response.status_code != 202:
                break
            time.sleep(seconds)
            response = self._post("/ballots", container)
        if response.status_code == 202:
            raise Unfinished(f"{RECORDED}: {sentences(RECORDED)[language]} {_NO_RECEIPT}")
        if response.status_code in (200, 201):
            return self.check_receipt(response.content, container)
        known = (*CHECK_IDS, *COLLECTOR_IDS, "session.required", LOG_FORKED)
        check_id = _refused_by(response, known)
        if check_id == "session.required":  # the ballot was not looked at
            raise Unfinished(f"{check_id}: {sentences(check_id)[language]} {_AGAIN}")
        if check_id is not None:
            said = f"{check_id}: {sentences(check_id)[language]}"
            if check_id == "accept.open":
                said = f"{said} {self.period(language)}"
            raise Refused(said) if response.status_code == 422 else Unfinished(said)
        raise Unfinished(f"{_answered(response)}: {_AGAIN}")

    def fetch(self, sequence: int, token: bytes) -> tuple[bytes, bytes, bool | None]:
        """The stored container, its receipt, and whether it is the voter's latest ballot: None once
        voting is closed, when it would tell the holder of a code which ballot is counted.

        Raises:
            Refused: unknown, wrong, expired or read too often; the collector does not say which.
        """
        request = canonical({"sequence": sequence, "token": token.hex()})
        try:
            response = self._http.post("/verification", content=request)
        except httpx.HTTPError as fault:
            raise Unfinished(f"the collector cannot be reached ({fault}); try again") from None
        if response.status_code == 404:
            raise Refused(
                "the collector shows no ballot for this code: it is wrong, too old, or was read"
                " too often. If you have just voted, vote again and check at once."
            )
        if response.status_code != 200:
            raise Unfinished(f"{_answered(response)}; try again")
        found = _json(response.content)
        latest = found.get("latest", "")
        if not (latest is None or isinstance(latest, bool)):
            raise EncodingError("the collector's answer is malformed")
        try:
            container = base64.b64decode(str(found.get("container")), validate=True)
            receipt = str(found.get("receipt")).encode()
        except (binascii.Error, ValueError):
            raise EncodingError("the collector's answer is malformed") from None
        return container, receipt, latest

    # -- the own record, of the person who is logged in -------------------------------------------

    def own_ballots(self) -> list[Receipt]:
        """The receipts of the own ballots, each checked, in order.

        Raises:
            Unfinished: no answer, the session is over, or a receipt waits for witnesses.
            EncodingError, VerificationError: the answer is not of this election.
        """
        page = _json(self._own("/my"))
        rows = page.get("ballots")
        if page.get("election") != self.manifest.digest.hex() or not isinstance(rows, list):
            raise EncodingError("the collector's answer is not of this election")
        receipts = [row.get("receipt", "") if isinstance(row, dict) else "" for row in rows]
        if None in receipts:
            raise Unfinished(
                f"{receipts.count(None)} of {len(receipts)} ballots are recorded, not confirmed by"
                " witnesses yet, says the collector; ask again in a moment"
            )
        return [self.open_receipt(str(receipt).encode()) for receipt in receipts]

    def own_access_log(self) -> tuple[bytes, int]:
        """access.json and how many accesses it holds; `verifier access` judges it. Raises as
        `own_ballots`."""
        data = self._own("/my/access")
        log = _json(data)
        rows, waiting = log.get("rows"), log.get("waiting")
        if log.get("election") != self.manifest.digest.hex():
            raise EncodingError("the collector's answer is not of this election")
        if not isinstance(rows, list) or not isinstance(waiting, list):
            raise EncodingError("the collector's answer is no access log")
        return data, len(rows) + len(waiting)

    def _own(self, path: str) -> bytes:
        try:
            answer = self._http.get(path, headers={"Authorization": f"Bearer {self._bearer}"})
        except httpx.HTTPError as fault:
            raise Unfinished(f"the collector cannot be reached ({fault}); try again") from None
        if answer.status_code != 200 or len(answer.content) > _LIMIT:
            raise Unfinished(f"{_answered(answer)} for {path}; try again")
        return answer.content

    def object(self, remark: str, language: str) -> int:
        """Tell the election office "this was not me"; the number of the case.

        Raises:
            Unfinished: no answer, or none with a number: it is not known that the office has it.
        """
        said = self._ask("/my/not-me", canonical({"remark": remark}), 201, language)
        number = said.get("number")
        if type(number) is not int:
            raise Unfinished("the collector's answer names no case; tell the office yourself")
        return number

    # -- receipts ---------------------------------------------------------------------------------

    @property
    def _witnesses_required(self) -> int:
        return self.manifest.parties.witnesses.required

    def check_receipt(self, data: bytes, container: bytes) -> Receipt:
        """The receipt, if it shows that exactly this container stands in this election's log, and
        that enough witnesses have seen that log.

        Raises:
            VerificationError: (`receipt`) it does not.
        """
        receipt = self.open_receipt(data)
        if receipt.entry.container != digest(container):
            raise VerificationError("receipt", "receipt", "it is the receipt of another ballot")
        return receipt

    def open_receipt(self, data: bytes) -> Receipt:
        """The receipt of a ballot that stands in this election's log, whoever's it is.

        Raises:
            VerificationError: (`receipt`) it shows no such thing.
        """
        try:
            proof = LogProof.parse(data)
            entry = parse_entry(proof.extra or b"", "receipt")
            checkpoint = proof.verify(
                proof.extra or b"",
                self.manifest.log_key,
                witnesses=self.manifest.witness_keys,
                required=self._witnesses_required,
                not_before=int((dt.datetime.fromisoformat(entry.time) - _TOLERANCE).timestamp()),
                check_id="receipt",
            )
        except EncodingError as fault:
            raise VerificationError("receipt", "receipt", str(fault)) from fault
        if entry.kind != "ballot" or entry.sequence != proof.index:
            raise VerificationError("receipt", "receipt", "it is not the receipt of a ballot")
        return Receipt(data, proof.index, entry, checkpoint)


def _origin(address: str) -> str:
    """What a browser at that address calls the site; this machine has one name."""
    if address.startswith("unix:"):
        return LOCAL
    return address.rstrip("/").replace("http://127.0.0.1", LOCAL)


def _answered(response: httpx.Response) -> str:
    """What its status says; its words are not trusted."""
    if response.status_code == 503:
        return "the collector cannot do its work just now (it answered 503)"
    return f"the collector answered {response.status_code}"


def _refused_by(response: httpx.Response, known: Collection[str]) -> str | None:
    """The id of the refusal, if it is a known one: what the collector says of it is not trusted, so
    it is said in our own words."""
    if response.status_code not in (400, 401, 422, 429, 503):
        return None
    try:
        error = _json(response.content).get("error")
    except SukashiError:
        return None
    check_id = error.get("id") if isinstance(error, dict) else None
    return check_id if isinstance(check_id, str) and check_id in known else None


def _json(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise SukashiError("the collector's answer is not JSON") from None
    if not isinstance(value, dict):
        raise SukashiError("the collector's answer is not an object")
    return value
