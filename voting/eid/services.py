"""Asking a time-stamping authority and an OCSP responder, over HTTP (RFC 3161, section 3.4; RFC
6960, appendix A.1). What they answer is checked by who uses it.
"""

from __future__ import annotations

from crypto.errors import EncodingError, SukashiError
from voting.console import UsageFault
from voting.eid import answers, timestamps
from voting.eid.ocsp import Question, parse
from voting.http_client import NoAnswerError, Server, TooLongError

TIMEOUT = 5.0  # seconds; a voter waits for the answer
_ANSWERED = (200, 201)  # some authorities say of a time-stamp that it was created


class UnavailableError(SukashiError):
    """The service did not answer, or with nothing that could be used: try again later."""


class Service:
    """One service at `http://host:port/path`, `https://…`, or `unix:/path/to/socket`. Safe for
    threads; close it when it is needed no more."""

    def __init__(self, name: str, address: str, media: str, timeout: float = TIMEOUT) -> None:
        """Raises UsageFault for what is no address."""
        self._name = name
        self._headers = {"Content-Type": f"application/{media}"}
        try:
            self._server = Server(address, timeout)
        except ValueError:
            raise UsageFault(
                f"{address!r} is no address of {name}: write http://… or unix:…"
            ) from None
        at_socket = address.startswith("unix:")
        self._path = f"/{media.split('-', maxsplit=1)[0]}" if at_socket else self._server.path

    def close(self) -> None:
        self._server.close()

    def ask(self, request: bytes) -> bytes:
        """The body of the answer, at most `answers.LIMIT` bytes. Raises UnavailableError."""
        try:
            reply = self._server.ask("POST", self._path, answers.LIMIT, request, self._headers)
        except TooLongError:
            raise UnavailableError(f"{self._name} answered at too great length") from None
        except NoAnswerError as fault:
            raise UnavailableError(f"{self._name} cannot be reached ({fault})") from None
        if reply.status not in _ANSWERED:
            raise UnavailableError(f"{self._name} answered {reply.status}")
        return reply.body


class TimeStamping:
    """A time-stamping authority."""

    def __init__(self, address: str, timeout: float = TIMEOUT) -> None:
        self._service = Service("the time-stamping authority", address, "timestamp-query", timeout)

    def close(self) -> None:
        self._service.close()

    def stamp(self, data: bytes) -> bytes:
        """A token over SHA-256 of these bytes, with the nonce of this request. Who signed it is
        not looked at. Raises UnavailableError."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = (
            TimestampRequestBuilder()
            .data(data)
            .hash_algorithm(HashAlgorithm.SHA256)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            token = timestamps.of_response(self._service.ask(request.as_bytes()))
            nonce = timestamps.parse(token).nonce
        except EncodingError as fault:
            raise UnavailableError(f"the time-stamping authority: {fault}") from fault
        if nonce != request.nonce:
            raise UnavailableError("the time-stamping authority answered another request")
        return token


class Responder:
    """An OCSP responder."""

    def __init__(self, address: str, timeout: float = TIMEOUT) -> None:
        self._service = Service("the OCSP responder", address, "ocsp-request", timeout)

    def close(self) -> None:
        self._service.close()

    def ask(self, question: Question) -> bytes:
        """A successful answer; who signed it and what it says is not looked at.
        Raises UnavailableError."""
        data = self._service.ask(question.encode())
        try:
            parse(data)
        except EncodingError as fault:
            raise UnavailableError(f"the OCSP responder: {fault}") from fault
        return data
