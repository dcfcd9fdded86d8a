"""Log-in with Web eID (docs/specification.md section 7.1): challenges, sessions, and who is there.

A challenge is kept nowhere: its nonce carries its time and a code that only this collector's
processes can make, bound to the session it is for. A session is kept as the hash of its secret, so
that nobody who reads the database can use it, and no longer than it lives: it says who was there
and when. A nonce that was used is refused as long as that is kept, and afterwards as too old.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import VerificationError
from voting.collector import accesses, store
from voting.collector.entries import TIME_FORMAT
from voting.eid.web_eid import LoginProfile, Revocation, verify_token

CHALLENGE_LIFE = dt.timedelta(minutes=5)
SESSION_LIFE = dt.timedelta(minutes=15)  # since it was used last
LONGEST_LIFE = dt.timedelta(hours=4)  # however much it is used
_NOTED = dt.timedelta(minutes=1)  # use is written down at most so often
_SECRET, _TIME, _RANDOM, _CODE = 32, 8, 24, 16  # bytes
_TABLE = store.sessions.c
_SESSION = sa.select(_TABLE.who, _TABLE.began, _TABLE.seen, _TABLE.ended).where(
    _TABLE.handle == sa.bindparam("handle")
)


@dataclass(frozen=True, repr=False)
class Challenge:
    """What a card is asked to sign, and the session that it is for."""

    session: str
    nonce: str


class Sessions:
    """The sessions of one collector. Safe for threads."""

    def __init__(
        self,
        engine: Engine,
        profile: LoginProfile,
        origin: str,
        revocation: Revocation,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """`origin`: the web site's, as voters' browsers write it."""
        self._engine, self._profile, self._origin = engine, profile, origin
        self._revocation, self._clock = revocation, clock
        self._key = _challenge_key(engine)

    def challenge(self) -> Challenge:
        """A new one; nothing is stored."""
        session = secrets.token_hex(_SECRET)
        stamp = int(self._clock().timestamp()).to_bytes(_TIME, "big")
        content = stamp + secrets.token_bytes(_RANDOM)
        nonce = base64.b64encode(content + self._code(session, content)).decode()
        return Challenge(session, nonce)

    def log_in(self, challenge: Challenge, token: bytes) -> str:
        """A new session's secret, for the person whose card signed this challenge.

        The session and its row in the access log are on disk when this returns.

        Raises:
            VerificationError: `login.nonce`, or as `verify_token`.
        """
        self._check_challenge(challenge)
        now = self._clock()
        who = verify_token(
            token,
            origin=self._origin,
            nonce=challenge.nonce,
            profile=self._profile,
            revocation=self._revocation,
            now=now,
        )
        secret = secrets.token_bytes(_SECRET)
        values = {
            "handle": _handle(secret),
            "challenge": hashlib.sha256(challenge.nonce.encode()).hexdigest(),
            "who": who,
            "began": now.strftime(TIME_FORMAT),
            "seen": now.strftime(TIME_FORMAT),
            "ended": 0,
        }
        try:
            with store.writing(self._engine) as connection:
                connection.execute(sa.insert(store.sessions).values(**values))
                accesses.record(connection, who, "login", now)
        except sa.exc.IntegrityError:
            raise VerificationError("login.nonce", "token", "it was used before") from None
        return secret.hex()

    def person(self, secret: str) -> str:
        """The roll identifier of the person whose session this is; its life begins again.

        Raises VerificationError (`session.required`): unknown, ended, or too old.
        """
        handle, now = _handle(_bytes(secret)), self._clock()
        with store.looking(self._engine) as connection:
            row = _session(connection, handle)
        if row is None or row.ended or _is_over(row, now):
            raise VerificationError("session.required", "session", "there is no such session")
        if now - _moment(row.seen) > _NOTED:
            change = sa.update(store.sessions).where(store.sessions.c.handle == handle)
            with store.writing(self._engine) as connection:
                connection.execute(change.values(seen=now.strftime(TIME_FORMAT)))
        who: str = row.who
        return who

    def log_out(self, secret: str) -> None:
        """End the session; whose it was is forgotten at once. Raises as `person`."""
        self.person(secret)
        known = store.sessions.c.handle == _handle(_bytes(secret))
        with store.writing(self._engine) as connection:
            connection.execute(sa.update(store.sessions).where(known).values(ended=1, who=""))

    def _check_challenge(self, challenge: Challenge) -> None:
        try:
            found = base64.b64decode(challenge.nonce, validate=True)
        except (binascii.Error, ValueError):
            found = b""
        if base64.b64encode(found).decode() != challenge.nonce:  # else one could be used twice
            raise VerificationError("login.nonce", "token", "it is not of this session")
        content, code = found[:-_CODE], found[-_CODE:]
        expected = self._code(challenge.session, content)
        if len(content) != _TIME + _RANDOM or not hmac.compare_digest(code, expected):
            raise VerificationError("login.nonce", "token", "it is not of this session")
        age = self._clock().timestamp() - int.from_bytes(content[:_TIME], "big")
        if not 0 <= age + 1 <= CHALLENGE_LIFE.total_seconds() + 1:
            raise VerificationError("login.nonce", "token", "it is too old")

    def _code(self, session: str, content: bytes) -> bytes:
        message = len(content).to_bytes(4, "big") + content + session.encode()
        return hmac.digest(self._key, message, "sha256")[:_CODE]


def end_all(connection: Connection, who: str) -> None:
    """End every session of a person; whose they were is forgotten at once."""
    theirs = store.sessions.c.who == who
    connection.execute(sa.update(store.sessions).where(theirs).values(ended=1, who=""))


def _is_over(row: Any, now: dt.datetime) -> bool:
    return now - _moment(row.seen) > SESSION_LIFE or now - _moment(row.began) > LONGEST_LIFE


def forget(engine: Engine, now: dt.datetime) -> int:
    """Remove the sessions that are over; how many. A session's row also keeps its nonce from being
    used again, and outlives the nonce: nothing is forgotten that would still be refused for it."""
    over = sa.or_(
        store.sessions.c.seen < (now - SESSION_LIFE).strftime(TIME_FORMAT),
        store.sessions.c.began < (now - LONGEST_LIFE).strftime(TIME_FORMAT),
    )
    with store.reading(engine) as connection:  # where there are none, nobody waits for the lock
        if connection.scalar(sa.select(sa.exists().where(over))) in (0, False):
            return 0
    with store.writing(engine) as connection:
        return connection.execute(sa.delete(store.sessions).where(over)).rowcount


def _challenge_key(engine: Engine) -> bytes:
    """The key that all processes of the collector have; made by the first."""
    query = sa.select(store.challenge_key.c.key)
    with store.reading(engine) as connection:
        key = connection.scalar(query)
    if key is None:
        with store.writing(engine) as connection:
            key = connection.scalar(query)
            if key is None:
                key = secrets.token_bytes(_SECRET)
                connection.execute(sa.insert(store.challenge_key).values(id=1, key=key))
    return bytes(key)


def _session(connection: Connection, handle: str) -> Any:
    """Who, since when, when it was seen last, and whether it ended; None where there is no such
    session."""
    return connection.execute(_SESSION, {"handle": handle}).one_or_none()


def _moment(time: str) -> dt.datetime:
    return dt.datetime.fromisoformat(time)


def _bytes(secret: str) -> bytes:
    """Empty where it is no secret: no session has the hash of that."""
    try:
        found = bytes.fromhex(secret)
    except ValueError:
        return b""
    return found if len(found) == _SECRET else b""


def _handle(secret: bytes) -> str:
    """How a session is kept."""
    return hashlib.sha256(secret).hexdigest()
