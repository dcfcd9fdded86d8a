"""Where a collector listens: a Unix socket or a port, taken before anybody is told of it.

Two collectors at one address would divide the voters between them unseen, so the second is refused.
"""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voting.console import Refused, Unfinished

_BACKLOG = 2048  # as many waiting connections as uvicorn takes


@contextmanager
def listen_at(path: Path | None, host: str, port: int) -> Iterator[tuple[str, socket.socket]]:
    """A listening socket, at the path if there is one, and how people call its place.

    Raises:
        Refused, Unfinished: as the two below.
    """
    where = f"unix:{path}" if path else f"http://{host}:{port}"
    with listen_at_socket(path) if path else listen_at_port(host, port) as listener:
        yield where, listener


@contextmanager
def listen_at_socket(path: Path) -> Iterator[socket.socket]:
    """A listening Unix socket; its file is removed at the end, another server's never.

    A file that a killed collector left behind is no obstacle.

    Raises:
        Refused: another collector answers there, or the path is something else.
        Unfinished: the socket cannot be made there.
    """
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with listener:
        try:
            listener.bind(str(path))
        except OSError as fault:
            raise Unfinished(
                f"unix:{path} cannot be made ({fault.strerror or fault}), so no votes are"
                " collected; name a socket with a short path in a folder that exists"
            ) from None
        made = path.stat()
        path.chmod(0o666)  # the TLS server in front runs under another user
        listener.listen(_BACKLOG)
        try:
            yield listener
        finally:
            if path.exists() and path.stat().st_ino == made.st_ino:
                path.unlink()


def _clear(path: Path) -> None:
    """Remove a socket at which nobody answers."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise Refused(f"{path} exists and is no socket; nothing was changed, name another --socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise Refused(
        f"another collector answers at unix:{path}, and it goes on. Stop it first, or name another"
        " --socket."
    )


@contextmanager
def listen_at_port(host: str, port: int) -> Iterator[socket.socket]:
    """A listening TCP socket.

    Raises:
        Unfinished: the address is taken, or not one of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
    except OSError as fault:
        raise _not_listening(host, port, fault) from None
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError as fault:
            raise _not_listening(host, port, fault) from None
        yield listener


def _not_listening(host: str, port: int, fault: OSError) -> Unfinished:
    return Unfinished(
        f"http://{host}:{port} cannot be served ({fault.strerror or fault}), so no votes are"
        " collected. Another program may hold the port, perhaps another collector: stop it, or name"
        " another --port or --host."
    )
