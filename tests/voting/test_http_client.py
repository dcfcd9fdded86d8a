"""Claims about asking a server: whatever it answers, it costs no more time and memory than was
given for it, and ends as an answer or as none."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from voting.http_client import NoAnswerError, Server, TooLongError

Pieces = Callable[[], Iterable[bytes]]  # what is sent, one after the other
LIMIT = 100
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def answering(pieces: Pieces, *, stays: bool = False) -> Iterator[tuple[str, list[int]]]:
    """A server of any manners: its address, and how many bytes it got rid of by connection."""
    sent: list[int] = []

    def answer(connection: socket.socket) -> None:
        sent.append(0)
        with connection:
            try:
                while asked := connection.recv(1 << 16):
                    if not asked.endswith(b"question"):
                        continue
                    for piece in pieces():
                        connection.sendall(piece)
                        sent[-1] += len(piece)
                    if not stays:
                        return
            except OSError:
                return

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=run, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", sent
        listener.shutdown(socket.SHUT_RDWR)


def ask(pieces: Pieces, seconds: float = 20) -> bytes:
    with answering(pieces) as (address, _):
        return Server(address, seconds).ask("POST", "/", LIMIT, b"question").body


def body(*parts: bytes) -> Pieces:
    return lambda: (CHUNKED, *parts)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((b"5\r\nhello\r\n", b"0\r\n\r\n"), b"hello"),
        ((b"5\r\nhel", b"lo\r\n1\r\n!\r\n0\r\n\r\n"), b"hello!"),
        ((b'00a;name="x" \r\nhello hell\r\n0;y\r\nTrailer: z\r\n\r\n',), b"hello hell"),
        ((b"64\r\n" + b"x" * LIMIT + b"\r\n0\r\n\r\n",), b"x" * LIMIT),
        ((b"0\r\n\r\n",), b""),
    ],
)
def test_chunks_are_put_together(parts: tuple[bytes, ...], said: bytes) -> None:
    assert ask(body(*parts)) == said


def test_connection_is_kept_after_chunks_and_after_a_length() -> None:
    answers = itertools.cycle(
        [CHUNKED + b"2\r\nab\r\n0\r\n\r\n", OK + b"Content-Length: 1\r\n\r\nc"]
    )
    with answering(lambda: (next(answers),), stays=True) as (address, sent):
        server = Server(address, 20)
        said = [server.ask("POST", "/", LIMIT, b"question").body for _ in range(4)]
        server.close()
    assert (said, len(sent)) == ([b"ab", b"c"] * 2, 1)


@pytest.mark.parametrize(
    "size",
    [b"-1", b"-5", b"+5", b"0x5", b"1_0", b"", b" 5", b"5 5", b"5\x00", b"f" * 17, b"5" * 9999],
)
def test_size_of_a_chunk_that_is_no_hexadecimal_number_is_no_answer(size: bytes) -> None:
    with pytest.raises(NoAnswerError) as fault:
        ask(body(size + b"\r\nhello\r\n0\r\n\r\n"))
    assert not isinstance(fault.value, TooLongError)


@pytest.mark.parametrize(
    "rest",
    [
        b"5\r\nhel",
        b"5\r\nhelloXX0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"5\r\nhello\r\n0\r\n",
        b"5\nhello\n0\n\n",
        b"0\r\n" + b"Trailer: x\r\n" * 10_000 + b"\r\n",
        b"0\r\nTrailer: " + b"x" * 100_000 + b"\r\n\r\n",
        b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_are_none_are_no_answer(rest: bytes) -> None:
    with pytest.raises(NoAnswerError):
        ask(body(rest))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x16\x03\x01\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    ],
)
def test_what_is_no_whole_answer_is_no_answer(head: bytes) -> None:
    with pytest.raises(NoAnswerError):
        ask(lambda: (head,))


@pytest.mark.parametrize(
    "first", [CHUNKED + b"-1\r\n", CHUNKED + b"fffffffff\r\n", OK + b"\r\n", OK + b"X: "]
)
def test_answer_without_end_is_not_read_to_its_end(first: bytes) -> None:
    """What is not read fills the buffers of the two sockets, and no more."""
    many = 64
    flood = lambda: itertools.chain((first,), itertools.repeat(b"x" * (1 << 20), many))  # noqa: E731
    with answering(flood) as (address, sent):
        with pytest.raises(NoAnswerError):
            Server(address, 20).ask("POST", "/", LIMIT, b"question")
        time.sleep(0.2)
    assert sent[0] < many << 19


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b"H"),
        (OK + b"X: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (OK + b"Content-Length: 90\r\n\r\n", b"a"),
        (CHUNKED, b"1\r\na\r\n"),
        (CHUNKED + b"5;", b"a"),
        (CHUNKED + b"0\r\n", b"a"),
    ],
)
def test_server_that_drips_has_the_time_of_one_answer(first: bytes, again: bytes) -> None:
    def pieces() -> Iterator[bytes]:
        yield first
        for _ in range(60):  # longer than is waited for, and an end
            time.sleep(0.05)
            yield again

    began = time.monotonic()
    with pytest.raises(NoAnswerError, match="TimeoutError"):
        ask(pieces, seconds=0.5)
    assert 0.4 < time.monotonic() - began < 2


def test_time_begins_anew_with_each_question() -> None:
    def pieces() -> Iterator[bytes]:
        time.sleep(0.3)
        yield OK + b"Content-Length: 2\r\n\r\nok"

    with answering(pieces, stays=True) as (address, sent):
        server = Server(address, 0.8)
        said = [server.ask("POST", "/", LIMIT, b"question").body for _ in range(4)]
        server.close()
    assert (said, len(sent)) == ([b"ok"] * 4, 1)


def test_time_is_for_reaching_the_server_too() -> None:
    """Behind a port that takes connections and never answers them stands no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match="TimeoutError"):
            Server(f"https://127.0.0.1:{listener.getsockname()[1]}", 0.5).ask("GET", "/", LIMIT)
        assert 0.4 < time.monotonic() - began < 2
