"""The options that say where work is done; places.py reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Executor = Annotated[
    str,
    typer.Option(
        "--executor",
        help="Where to compute: `serial` (this process), `process` (one for each core; for many"
        " lists), or `dask:tls://HOST:PORT` (docs/cluster.md).",
    ),
]
TlsCa = Annotated[
    Path | None,
    typer.Option("--tls-ca", envvar="SUKASHI_TLS_CA", help="The cluster's CA certificate."),
]
TlsCert = Annotated[
    Path | None,
    typer.Option("--tls-cert", envvar="SUKASHI_TLS_CERT", help="This machine's certificate."),
]
TlsKey = Annotated[
    Path | None,
    typer.Option("--tls-key", envvar="SUKASHI_TLS_KEY", help="The key of that certificate."),
]
