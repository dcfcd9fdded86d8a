"""protInfo.xml: the parameters that all servers agreed on.

The fields stand in the order of Verificatum 3.1.0's schema. Read with expat and nothing allowed
but elements, text and comments: no document type, hence no entities; no attributes, no processing
instructions, no CDATA sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from crypto.errors import EncodingError
from crypto.proofs.parameters import ProofParameters
from crypto.random_oracle import DIGEST_BYTES, HashName

MAX_BYTES = 1 << 20
MAX_SERVERS = 25
MIN_BITS = 256
"""Challenges and batching exponents: Verificatum's mix-net works with no fewer bits either."""

Rule = str | tuple[int, int]
_NAME = r"[A-Za-z][A-Za-z0-9_ \-]{1,255}"
_DESCRIPTION = r"|[A-Za-z][A-Za-z0-9:;?!.()\[\] ]{0,4000}"
_TEXT = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]{1,200000}"
_LABEL = "[a-z0-9]+(?:-+[a-z0-9]+)*"
_ADDRESS = rf"(?=.{{1,512}}\Z){_LABEL}(?:\.{_LABEL})*:[0-9]{{1,5}}"
_BULLETIN_BOARD = "com.verificatum.protocol.com.BullBoardBasicHTTPW"
_ANY = (1, (1 << 31) - 1)
_FIELDS: dict[str, Rule] = {
    "version": re.escape(ProofParameters.version),
    "sid": r"[A-Za-z][A-Za-z0-9]{1,1023}",
    "name": _NAME,
    "descr": _DESCRIPTION,
    "nopart": (1, MAX_SERVERS),
    "statdist": (0, 256),
    "bullboard": re.escape(_BULLETIN_BOARD),  # it decides what parties have: http and hint
    "thres": (1, MAX_SERVERS),
    "pgroup": _TEXT,
    "keywidth": _ANY,
    "vbitlen": (1, 2048),
    "vbitlenro": (MIN_BITS, 2048),
    "ebitlen": (1, 2048),
    "ebitlenro": (MIN_BITS, 2048),
    "prg": _TEXT,
    "rohash": _TEXT,
    "corr": "noninteractive",
    "width": _ANY,
    "maxciph": (0, (1 << 31) - 1),
}
_PARTY: dict[str, Rule] = {
    "name": _NAME,
    "srtbyrole": r"[A-Za-z0-9][A-Za-z0-9]{1,63}",
    "descr": _DESCRIPTION,
    "pkey": _TEXT,
    "http": f"http://{_ADDRESS}",
    "hint": _ADDRESS,
}


@dataclass(frozen=True)
class ProtocolInfo:
    """What a proof depends on, and how many servers there are. The other fields are checked for
    their form and forgotten: no proof binds them."""

    sid: str
    servers: int
    threshold: int
    pgroup: str
    key_width: int
    width: int
    n_r: int
    n_v: int
    n_e: int
    prg: HashName
    rohash: HashName

    def parameters(self, auxsid: str) -> ProofParameters:
        """The parameters of a proof in the session ``auxsid``."""
        return ProofParameters(
            sid=self.sid,
            auxsid=auxsid,
            pgroup=self.pgroup,
            n_r=self.n_r,
            n_v=self.n_v,
            n_e=self.n_e,
            prg=self.prg,
            rohash=self.rohash,
        )

    @classmethod
    def read(cls, data: bytes) -> ProtocolInfo:
        """Raises EncodingError for whatever is not such a file, or not consistent in itself."""
        events = iter(_Elements(data).found)
        _take(events, "protocol", opens=True)
        text = {tag: _field(events, tag, rule) for tag, rule in _FIELDS.items()}
        number = {tag: int(text[tag]) for tag, rule in _FIELDS.items() if not isinstance(rule, str)}
        for _ in range(number["nopart"]):
            _take(events, "party", opens=True)
            for tag, rule in _PARTY.items():
                _field(events, tag, rule)
            _take(events, "party", opens=False)
        _take(events, "protocol", opens=False)
        if number["thres"] > number["nopart"]:
            raise EncodingError("thres: more servers than there are")
        return cls(
            sid=text["sid"],
            servers=number["nopart"],
            threshold=number["thres"],
            pgroup=text["pgroup"],
            key_width=number["keywidth"],
            width=number["width"],
            n_r=number["statdist"],
            n_v=number["vbitlenro"],
            n_e=number["ebitlenro"],
            prg=_hash(text["prg"], "prg"),
            rohash=_hash(text["rohash"], "rohash"),
        )


@dataclass(frozen=True)
class _Tag:
    """An element that opens or closes, with the text since the tag before it."""

    name: str
    opens: bool
    text: str


class _Elements:
    """The tags of an XML file, in their order."""

    def __init__(self, data: bytes) -> None:
        """Raises EncodingError."""
        if len(data) > MAX_BYTES:
            raise EncodingError(f"larger than {MAX_BYTES} bytes")
        self.found: list[_Tag] = []
        self._text: list[str] = []
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ProcessingInstructionHandler = self._refuse
        parser.StartCdataSectionHandler = self._refuse
        try:
            parser.Parse(data.decode("utf-8"), True)  # expat itself would also take UTF-16
        except (UnicodeDecodeError, expat.ExpatError) as error:
            raise EncodingError(f"not well-formed XML: {error}") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if attributes:
            raise EncodingError(f"<{name}> has attributes")
        self._add(name, opens=True)

    def _end(self, name: str) -> None:
        self._add(name, opens=False)

    def _add(self, name: str, *, opens: bool) -> None:
        self.found.append(_Tag(name, opens, "".join(self._text)))
        self._text.clear()

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            raise EncodingError("not in UTF-8")

    def _refuse(self, *_: object) -> NoReturn:
        raise EncodingError("more than elements, text and comments")


def _take(events: Iterator[_Tag], name: str, *, opens: bool) -> None:
    """The next tag is this one, with nothing but white space before it."""
    what = f"<{name}>" if opens else f"</{name}>"
    found = next(events, None)
    if found is None or (found.name, found.opens) != (name, opens):
        here = "nothing" if found is None else f"<{'' if found.opens else '/'}{found.name[:40]}>"
        raise EncodingError(f"{here} where {what} was expected")
    if found.text.strip(" \t\r\n"):
        raise EncodingError(f"text before {what}")


def _field(events: Iterator[_Tag], name: str, rule: Rule) -> str:
    """The text of the next element, which is this one, as its rule wants it."""
    _take(events, name, opens=True)
    closing = next(events, None)
    if closing is None or closing.opens:
        raise EncodingError(f"<{name}> holds more than text")
    text = closing.text
    if isinstance(rule, str):
        if not re.fullmatch(rule, text):
            raise EncodingError(f"{name}: {text[:40]!r} is not allowed")
    elif not re.fullmatch("0|[1-9][0-9]{0,9}", text) or not rule[0] <= int(text) <= rule[1]:
        raise EncodingError(f"{name}: {text[:40]!r} is not a number from {rule[0]} to {rule[1]}")
    return text


def _hash(name: str, where: str) -> HashName:
    for known in DIGEST_BYTES:
        if name == known:
            return known
    raise EncodingError(f"{where}: {name[:40]!r} is not one of {', '.join(DIGEST_BYTES)}")
