"""Files that hold secrets or name voters, and whether others on this machine may read them.

What counts is the mode: that of the file and of every folder above it. A file that its group may
read is the operator's own arrangement. On a file system without modes everybody may read what it is
mounted with, and a mount for this user alone (umask=077) is what makes it private.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import make_url

from voting.collector.home import DATABASE
from voting.collector.settings import Settings
from voting.console import UsageFault


def require_private(files: Iterable[Path | None]) -> None:
    """Raises UsageFault with the names of those that others may read; files that are missing are
    somebody else's fault to find."""
    there = [file for file in files if file is not None and file.exists()]
    if open_ := sorted({str(file) for file in there if _others_may_read(file)}):
        raise UsageFault(
            f"others on this machine may read {', '.join(open_)}; nothing was done. Say chmod o="
            f" {' '.join(open_)}, and if other people have been on this machine, make new secrets."
        )


def secret_files(
    home: Path, config: Path, settings: Settings, passphrase: Path | None
) -> list[Path | None]:
    """What is read that others must not read. `home`: with the key, and the database if it is
    there; `config`: the file that the settings are of."""
    found = [passphrase, home / "key.sealed", home / DATABASE]
    if _has_password(settings.database.url):
        found.append(config)
    if settings.tls is not None:
        found.append(Path(settings.tls.key))
    if settings.notices.webhook_key_file is not None:
        found.append(Path(settings.notices.webhook_key_file))
    return found


def _has_password(url: str | None) -> bool:
    if url is None:
        return False
    parts = make_url(url)
    return parts.password is not None or "password" in parts.query


def _others_may_read(file: Path) -> bool:
    real = file.resolve()
    return bool(real.stat().st_mode & stat.S_IROTH) and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in real.parents
    )
