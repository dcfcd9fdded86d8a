"""What the collector tells its operator: events as lines of JSON, which never lead to a voter.

An event has a name and members of fixed kinds (`_MEMBERS`); anything else is refused before it is
written, so that no identifier, digest, code, address or content of a ballot can slip into a log.
The log of entries is public and has the second of every ballot: an event about one ballot therefore
has no time finer than the minute, and lines about refusals say what was refused, never whose.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

# member → what it may be. Numbers count; texts are ids of this program, never a voter's.
_MEMBERS: dict[str, type] = {
    "check": str,  # the id of a refusal
    "fault": str,  # the name of an exception
    "what": str,  # a sentence of this program without a voter's data
    "count": int,
    "size": int,
    "seconds": float,
    "process": str,  # a name of this program: api-1, sequencer
    "where": str,  # the address at which a process listens, or a line of a program
    "election": str,  # the election's name
    "epoch": int,
}
# Events of single requests: their minute is enough, and their order is that of the file.
_OF_ONE_REQUEST = {"ballot_refused", "ballot_not_stored", "request_failed"}


class UnsafeEventError(Exception):
    """A line was about to be written that could lead to a voter: a defect of this program."""


def configure(stream: TextIO | None = None) -> None:
    """Send every event of this process to a stream, one JSON object a line."""
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _with_time,
            structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False),
        ],
        logger_factory=lambda *_: _Writer(stream),
        cache_logger_on_first_use=False,
    )


class _Writer:
    """Lines to a stream, or to whatever standard error is at the moment.

    A voter's answer never depends on them: a line that cannot be written (the disk of the logs is
    full, the pipe's reader is gone) is lost, and `/metrics` still counts what it was about.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: the stream is closed
            stream = self._stream or sys.stderr
            stream.write(f"{line}\n")
            stream.flush()

    info = warning = error = msg


class _Libraries(logging.Handler):
    """What libraries log: only the kind of the fault and where it was, since their messages may
    hold what a request held."""

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        trace = fault.__traceback__ if fault else None
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{record.module}:{record.lineno}"
        if trace is not None:
            where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        alarm("library", fault=type(fault).__name__ if fault else record.levelname, where=where)


def event(name: str, **members: Any) -> None:
    """Something that went as it should."""
    structlog.get_logger().info(name, **_known(members))


def warning(name: str, **members: Any) -> None:
    """Something that an operator looks at when it happens often."""
    structlog.get_logger().warning(name, **_known(members))


def alarm(name: str, **members: Any) -> None:
    """Something that needs a person now."""
    structlog.get_logger().error(name, **_known(members))


def _known(members: dict[str, Any]) -> dict[str, Any]:
    for name, value in members.items():
        if type(value) is not _MEMBERS.get(name):
            raise UnsafeEventError(f"an event may not have the member {name!r}")
    return members


def _with_time(
    _logger: object, _method: str, members: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    now = dt.datetime.now(dt.UTC)
    form = "%Y-%m-%dT%H:%MZ" if members["event"] in _OF_ONE_REQUEST else "%Y-%m-%dT%H:%M:%SZ"
    members["time"] = now.strftime(form)
    return members
