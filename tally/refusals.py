"""What trustees and mixers have promised for ever: one election per key, one selection per
election, one list per count.

A promise is a small file in the party's home, written durably before anything is signed or
computed. It is only ever created; removing outputs does not remove it, and nothing here changes
or deletes one.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from voting.console import Refused
from voting.election.documents import canonical, digest


def promise_election(home: Path, key: str, election: str) -> None:
    """Promise that this key (y, as hex) serves this election (E, as hex) and no other.

    Raises Refused if another election was promised before.
    """
    content = {"schema": "sukashi/promise-election/1", "key": key, "election": election}
    if not _promise(_for_key(home, key, ""), canonical(content)):
        raise Refused(
            "Your home already holds your promise that this key serves another election. One key"
            " serves one election for ever, so nothing was signed or decrypted. Check with the"
            " other trustees which election is the right one; a new election needs a new ceremony."
        )


def require_election(home: Path, key: str, election: str) -> None:
    """Raises Refused unless `promise_election` was given for exactly this key and election."""
    content = {"schema": "sukashi/promise-election/1", "key": key, "election": election}
    path = _for_key(home, key, "")
    if not path.is_file() or path.read_bytes() != canonical(content):
        raise Refused(
            f"You have not signed the manifest of the election {election[:16]}… with this home, so"
            " nothing was decrypted. Sign it first with `tally ceremony sign`, or use the home with"
            " which you did."
        )


def promise_selection(home: Path, election: str, selection: str) -> None:
    """Promise that this is the one selection (H(selection.json), as hex) of this election (E).

    Mixers and trustees promise it before they work on its lists: two selections of one election,
    both counted, would reveal single votes by their difference, also through counts that the other
    does not have. Raises Refused if another selection was promised before.
    """
    content = {
        "schema": "sukashi/promise-selection/1",
        "election": election,
        "selection": selection,
    }
    if not _promise(home / "promises" / f"{election}.json", canonical(content)):
        raise Refused(
            "You have worked on another selection of this election before. A second one could"
            " reveal how single people voted, so nothing was done, and it is refused for ever. Keep"
            " everything and call the auditors: somebody shows two histories of one election."
        )


def promise_list(home: Path, key: str, election: str, count: int, ciphertexts: str) -> None:
    """Promise that this is the one list (its digest, as hex) decrypted for this count.

    A trustee promises the last mixer's output, also where enough others have decrypted it.

    Raises Refused if another list was promised before.
    """
    content = {
        "schema": "sukashi/promise-list/1",
        "key": key,
        "election": election,
        "count": count,
        "ciphertexts": ciphertexts,
    }
    if not _promise(_for_key(home, key, f"-{count:04d}"), canonical(content)):
        raise Refused(
            f"You have already promised another list for count {count}. A second list for one count"
            " could reveal how single people voted, so this is refused for ever. Keep everything"
            " and call the auditors: somebody shows two histories of one election."
        )


def _for_key(home: Path, key: str, what: str) -> Path:
    """By the key's digest: a key of a large group is longer than a file's name may be."""
    return home / "promises" / f"{digest(key.encode())}{what}.json"


def _promise(path: Path, content: bytes) -> bool:
    """Create the file with this content, durably, or find it so; False if it holds another."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sync(path.parent.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # fails where the promise exists: never replaces one
    except FileExistsError:
        return path.read_bytes() == content
    finally:
        draft.unlink(missing_ok=True)
        _sync(path.parent)
    return True


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
