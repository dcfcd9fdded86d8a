"""The server file: where a collector runs and listens. It says nothing about the election.

TOML; every member has a default, so a collector needs no file at all. `server.toml` in the
collector's home is read where no other is named.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from crypto.errors import EncodingError
from voting.collector.limits import Proxies
from voting.console import UsageFault
from voting.eid.web_eid import require_origin
from voting.election.forms import in_words
from voting.files import read_bounded

NAME = "server.toml"
LAST_BACKUP = "backup.txt"  # in the home: made anew after each copy that is whole
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the numbers of several processes meet
_LIMIT = 1 << 16


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


def _postgresql(url: str) -> str:
    if not url.startswith("postgresql://"):
        raise ValueError("write postgresql://… or leave it out, for SQLite in the home")
    return url


def _origin(origin: str) -> str:
    try:
        return require_origin(origin)
    except EncodingError as fault:
        raise ValueError(str(fault)) from None


def _address(url: str) -> str:
    """Of a witness. What it says of another history is not signed: nobody may say it instead."""
    parts = urlsplit(url)
    at_socket = url.removeprefix("unix:") not in ("", url)
    if not at_socket and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("write https://… or unix:/path, or http://… on this machine")
    _ = parts.port  # a number, or ValueError
    if parts.scheme == "http" and not _is_this_machine(str(parts.hostname)):
        raise ValueError(
            "write https://…: with http://… whoever is on the line could answer as the witness, and"
            " stop the election; http://… is for a witness on this machine"
        )
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _networks(names: tuple[str, ...]) -> tuple[str, ...]:
    Proxies(names)
    return names


class Database(_Section):
    """`url`: where PostgreSQL is, such as postgresql:///sukashi?host=/run/postgresql; by default
    the database is a file of SQLite in the home. It may hold a password, so it is never shown."""

    url: Annotated[str, AfterValidator(_postgresql)] | None = Field(default=None, repr=False)


class Api(_Section):
    """Where voters' requests arrive: at a Unix socket if one is named, otherwise at a port."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    socket: str | None = None
    processes: Annotated[int, Field(ge=1, le=256)] = 1


class Sequencer(_Section):
    """The one process that stores ballots. Without `host` it is reached on this machine alone;
    otherwise by the collector's other machines, with `tls`, as `name`, which is in its certificate.
    `lease_seconds`: after how long another takes over when it is gone without a word.
    `receipt_seconds`: how long a ballot waits for the log's witnesses, before the voter is told
    that it is stored and that its receipt follows."""

    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 5.0
    receipt_seconds: Annotated[float, Field(ge=0.1, le=60)] = 5.0
    host: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 8443
    name: str | None = None


class Witness(_Section):
    """Where a witness of the log is: https://…, unix:/path, or http://… on this machine. Who it is,
    and how many must cosign, are facts of the election: the manifest says so, and names it by
    `key_name`."""

    key_name: str
    url: Annotated[str, AfterValidator(_address)]


class Tls(_Section):
    """Files (PEM) by which the collector's machines know each other: this machine's certificate
    with its key, and the authority that made them for all and for nobody else."""

    certificate: str
    key: str
    authority: str


class Services(_Section):
    """Where the services of the eID are: http://…, https://… or unix:/path. Which of them are asked
    is a fact of the election: the eID profile says so."""

    timestamps: str | None = None
    ocsp: str | None = None


class Metrics(_Section):
    """Where Prometheus scrapes, apart from voters' requests; nowhere if neither is named."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    socket: str | None = None


class Login(_Section):
    """`origin`: the voting page's, as browsers write it: https://vote.example. By default the
    address at which the collector listens, which only this machine can reach so."""

    origin: Annotated[str, AfterValidator(_origin)] | None = None


class Limits(_Section):
    """How many ballots and log-ins an address may send: so many at once, then so many a minute.

    `trusted_proxies`: the TLS servers in front, as addresses, networks, or `unix` for the
    collector's own socket; what they report as the client's address is believed.
    """

    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    trusted_proxies: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_networks)] = ()


class Notices(_Section):
    """Where notices to voters leave: a mail server, and a secret that signs what webhooks get."""

    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 25
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    sender: str | None = None
    webhook_key_file: str | None = None


class Settings(_Section):
    """A whole server file."""

    database: Database = Database()
    api: Api = Api()
    metrics: Metrics = Metrics()
    sequencer: Sequencer = Sequencer()
    tls: Tls | None = None
    services: Services = Services()
    witnesses: Annotated[tuple[Witness, ...], Field(strict=False)] = ()
    login: Login = Login()
    limits: Limits = Limits()
    notices: Notices = Notices()

    @model_validator(mode="after")
    def _known_to_each_other(self) -> Settings:
        if self.sequencer.host is not None and (self.tls is None or self.sequencer.name is None):
            raise ValueError("a sequencer for other machines needs its name and the section tls")
        if len(self.witness_addresses) != len(self.witnesses):
            raise ValueError("a witness stands in it twice")
        return self

    @property
    def witness_addresses(self) -> dict[str, str]:
        """Key name → address."""
        return {witness.key_name: witness.url for witness in self.witnesses}

    def require_files(self) -> None:
        """Raises UsageFault: a file of the section tls is missing, or not this user's to read."""
        for name, path in (self.tls.model_dump() if self.tls else {}).items():
            try:
                Path(path).open("rb").close()
            except OSError as fault:
                raise UsageFault(f"tls.{name}: {path} cannot be read ({fault.strerror})") from None


def read_settings(home: Path, file: Path | None) -> Settings:
    """The settings in `file`, or in the home's own file, or the defaults.

    Raises:
        UsageFault: the file is missing, no TOML, or has a member that there is not.
        FileFaultError: it is no file, or too large.
    """
    path = file or home / NAME
    if file is None and not path.exists():
        return Settings()
    try:
        members = tomllib.loads(read_bounded(path, _LIMIT).decode("utf-8"))
        return Settings.model_validate(members)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise UsageFault(f"{path} is not readable as TOML: {fault}") from None
    except ValidationError as fault:
        first = fault.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        why = _no_such(first["loc"]) if first["type"] == "extra_forbidden" else in_words(first)
        raise UsageFault(f"{path}: {place}: {why}") from None


def _no_such(place: tuple[int | str, ...]) -> str:
    """What there is instead of a setting that there is not."""
    section: type[_Section] = Settings
    for part in place[:-1]:
        if isinstance(part, str):
            section = _section_in(section.model_fields[part].annotation) or section
    names = list(section.model_fields)
    near = difflib.get_close_matches(str(place[-1]), names, 1)
    said = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    return f"there is no such setting; {said}"


def _section_in(annotation: object) -> type[_Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, _Section):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)
