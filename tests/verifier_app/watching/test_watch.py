"""Whoever watches a log from outside raises an alarm where it is not one log that only grows."""

from __future__ import annotations

import datetime as dt
import functools
import http.server
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crypto.signing import SigningKey
from crypto.tlog import (
    Checkpoint,
    Tree,
    VerifierKey,
    cosign,
    leaf_hash,
    sign_checkpoint,
    tile_files,
    witness_key,
)
from verifier_app.cosigners import WitnessPolicy
from verifier_app.evidence import Evidence
from verifier_app.watching import look as looking
from verifier_app.watching.look import Alarm, Seen
from verifier_app.watching.source import Source
from verifier_app.watching.state import State, StateError
from verifier_app.watching.watcher import Watcher
from voting.election.documents import canonical
from voting.election.entries import NO_PREVIOUS

E = bytes(32)
ORIGIN = f"log.example/{E.hex()}"
LOG_KEY = SigningKey(bytes([1]) * 32)
WITNESSES = [SigningKey(bytes([n]) * 32) for n in (2, 3, 4)]
NAMES = [f"w{n}.example" for n in (1, 2, 3)]
POLICY = WitnessPolicy(
    2, tuple(witness_key(n, k.public_key) for n, k in zip(NAMES, WITNESSES, strict=True))
)
NOW = dt.datetime(2027, 4, 2, 12, 0, tzinfo=dt.UTC)
LATE = dt.timedelta(minutes=70)


def log_of(size: int, kinds: Sequence[str] = (), **changes: object) -> list[bytes]:
    """A chain of entries, one each minute until now; `changes` are of the last one."""
    raw: list[bytes] = []
    for sequence in range(size):
        kind = "manifest" if not sequence else "opened" if sequence == 2 else "ballot"
        if sequence == 1:
            kind = "roll"
        if sequence < len(kinds):
            kind = kinds[sequence]
        more: dict[str, dict[str, object]] = {
            "manifest": {"manifest": E.hex()},
            "roll": {"version": 1, "digest": "1" * 64},
            "opened": {"order": "3" * 64},
            "closed": {"order": "4" * 64},
            "ballot": {"container": f"{sequence:064x}", "qualification": "2" * 64},
        }
        entry = {
            "kind": kind,
            "sequence": sequence,
            "time": f"{NOW - dt.timedelta(minutes=size - sequence):%Y-%m-%dT%H:%M:%SZ}",
            "previous": leaf_hash(raw[-1]).hex() if raw else NO_PREVIOUS,
            **more.get(kind, {}),
        }
        if sequence == size - 1:
            entry |= changes
        raw.append(canonical(entry))
    return raw


def write(
    folder: Path,
    raw: Sequence[bytes],
    *,
    witnesses: Sequence[int] = (0, 1, 2),
    key: SigningKey = LOG_KEY,
    root: bytes | None = None,
) -> None:
    """What `voting collector log` writes: static files for any web server."""
    tree = Tree(map(leaf_hash, raw))
    head = Checkpoint(ORIGIN, len(raw), root or tree.root())
    lines = [cosign(head, WITNESSES[n], NAMES[n], 1_800_000_000) for n in witnesses]
    note = sign_checkpoint(head, key).with_signatures(*lines)
    for path, data in {**tile_files(raw), "checkpoint": note.encode()}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Python's plain file server."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/log"
        server.shutdown()
        thread.join()


class Scene:
    """A log in a folder, a web server over it, and its watcher."""

    def __init__(self, folder: Path, url: str) -> None:
        self.log, self.url, self.path = folder / "log", url, folder / "watched.json"
        manifest = SimpleNamespace(
            log_key=VerifierKey(ORIGIN, LOG_KEY.public_key), witnesses=POLICY, E=E
        )
        self.evidence = cast("Evidence", manifest)
        self.watcher = self.fresh_watcher()

    def fresh_watcher(self) -> Watcher:
        """One that starts from the file."""
        return Watcher(Source(self.url), self.evidence, self.path, LATE)

    def show(self, raw: Sequence[bytes], **how: Any) -> Seen:
        """What the watcher sees when the log is so."""
        write(self.log, raw, **how)
        return self.watcher.look(NOW)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_bytes())
        return found


def ids(seen: Seen) -> list[str]:
    return [alarm.id for alarm in seen.alarms]


def test_growing_log_raises_no_alarm(scene: Scene) -> None:
    whole = log_of(600)
    for size in (2, 3, 3, 10, 255, 256, 257, 512, 513, 600):
        seen = scene.show(whole[:size])
        assert seen.alarms == () or size < 600  # a short log is an old one
        assert [i for i in ids(seen) if i != looking.LATE] == []
        assert (seen.size, seen.witnesses, seen.state.size) == (size, 3, size)
    assert scene.fresh_watcher().look(NOW).state == scene.watcher.look(NOW).state


def test_log_that_only_grew_is_followed_across_many_tiles_at_once(scene: Scene) -> None:
    whole = log_of(600)
    scene.show(whole[:300])
    assert scene.show(whole).alarms == ()


def test_partial_tile_that_is_gone_is_read_from_the_full_one(scene: Scene) -> None:
    whole = log_of(300)
    write(scene.log, whole)
    checkpoint = (scene.log / "checkpoint").read_bytes()
    longer = log_of(600)
    write(scene.log, [*whole, *longer[300:]])
    for kind in ("0", "entries"):
        for path in (scene.log / "tile" / kind / "001.p").iterdir():
            path.unlink()
    (scene.log / "checkpoint").write_bytes(checkpoint)
    assert scene.watcher.look(NOW).alarms == ()


def test_fork_is_an_alarm_and_both_checkpoints_are_kept(scene: Scene) -> None:
    whole = log_of(20)
    scene.show(whole[:10])
    forked = log_of(19)
    seen = scene.show(forked)
    assert ids(seen) == [looking.FORK]
    state = scene.state()
    assert state["size"] == 10
    assert state["contradictions"] == [(scene.log / "checkpoint").read_text()]
    assert ids(scene.fresh_watcher().look(NOW)) == [looking.FORK]  # for ever, and kept once
    assert len(scene.state()["contradictions"]) == 1


def test_second_root_of_one_size_is_a_fork(scene: Scene) -> None:
    scene.show(log_of(10))
    assert ids(scene.show(log_of(10, container="f" * 64))) == [looking.FORK]


def test_rollback_is_an_alarm(scene: Scene) -> None:
    whole = log_of(10)
    scene.show(whole)
    seen = scene.show(whole[:9])
    assert ids(seen) == [looking.ROLLBACK]
    assert "10 before" in seen.alarms[0].why
    assert scene.show(whole).alarms == ()


@pytest.mark.parametrize("witnesses", [(), (1,)])
def test_missing_cosignatures_are_an_alarm(scene: Scene, witnesses: Sequence[int]) -> None:
    whole = log_of(10)
    scene.show(whole[:5])
    seen = scene.show(whole, witnesses=witnesses)
    assert ids(seen) == [looking.WITNESSES]
    assert seen.state.size == 5  # what is not cosigned is not what everybody sees
    assert scene.show(whole, witnesses=(0, 2)).alarms == ()


def test_fork_that_nobody_cosigned_is_an_alarm_twice(scene: Scene) -> None:
    scene.show(log_of(20)[:10])
    assert ids(scene.show(log_of(19), witnesses=())) == [looking.WITNESSES, looking.FORK]


def test_checkpoint_of_another_key_or_none_is_an_alarm(scene: Scene) -> None:
    assert ids(scene.show(log_of(5), key=SigningKey.generate())) == [looking.CHECKPOINT]
    (scene.log / "checkpoint").write_bytes(b"<html>")
    assert ids(scene.watcher.look(NOW)) == [looking.CHECKPOINT]


@pytest.mark.parametrize(
    "changes",
    [{"previous": "0" * 64}, {"sequence": 7}, {"time": "2020-01-01T00:00:00Z"}, {"kind": "vote"},
     {"more": 1}, {"kind": "manifest", "manifest": E.hex(), "container": None}],
)  # fmt: skip
def test_broken_chain_is_an_alarm(scene: Scene, changes: dict[str, Any]) -> None:
    scene.show(log_of(5))
    assert ids(scene.show([*log_of(5), log_of(6, **changes)[-1]])) == [looking.CHAIN]


def test_log_of_another_manifest_is_an_alarm(scene: Scene) -> None:
    assert ids(scene.show(log_of(1, manifest="1" * 64))) == [looking.CHAIN]


def test_entry_that_is_not_as_deep_as_it_says_breaks_the_chain_after_a_restart(
    scene: Scene,
) -> None:
    """What is remembered of the chain is in the file."""
    scene.show(log_of(5))
    scene.watcher = scene.fresh_watcher()
    assert scene.show(log_of(5) + log_of(3)[2:]).alarms != ()


def test_damaged_or_missing_tiles_are_an_alarm(scene: Scene) -> None:
    write(scene.log, log_of(10))
    tile = scene.log / "tile/0/000.p/10"
    honest = tile.read_bytes()
    for data in (honest[:-1], bytes(320), b""):
        tile.write_bytes(data)
        assert ids(scene.watcher.look(NOW)) == [looking.TILES]
    tile.write_bytes(honest)
    (scene.log / "tile/entries/000.p/10").unlink()
    assert ids(scene.watcher.look(NOW)) == [looking.TILES]


def test_entries_of_another_tree_are_no_continuation(scene: Scene) -> None:
    assert ids(scene.show(log_of(10), root=b"\1" * 32)) == [looking.FORK]


def test_open_log_that_does_not_grow_is_late(scene: Scene) -> None:
    scene.show(log_of(10))
    for minutes, alarms in ((60, []), (69, []), (71, [looking.LATE]), (600, [looking.LATE])):
        seen = scene.watcher.look(NOW + dt.timedelta(minutes=minutes))
        assert ids(seen) == alarms
    assert "minutes old" in seen.alarms[0].why


@pytest.mark.parametrize("kinds", [("manifest", "roll"), ("manifest", "roll", "opened", "closed")])
def test_log_that_is_not_open_may_rest(scene: Scene, kinds: Sequence[str]) -> None:
    scene.show(log_of(len(kinds), kinds))
    assert scene.watcher.look(NOW + dt.timedelta(days=3)).alarms == ()


def test_entry_of_the_future_is_an_alarm(scene: Scene) -> None:
    scene.show(log_of(10))
    for minutes, alarms in ((1, []), (5, [looking.FUTURE])):
        assert ids(scene.watcher.look(NOW - dt.timedelta(minutes=1 + minutes))) == alarms


def test_state_of_another_log_or_a_damaged_one_is_refused(scene: Scene, tmp_path: Path) -> None:
    scene.show(log_of(5))
    with pytest.raises(StateError, match="another one than before"):
        State.load(scene.path, "another.example")
    changes: list[dict[str, object]] = [
        {"size": 6}, {"schema": "sukashi/watch/2"}, {"subtrees": []}, {"checkpoint": ""},
    ]  # fmt: skip
    for change in changes:
        (tmp_path / "other.json").write_bytes(canonical({**scene.state(), **change}))
        with pytest.raises(StateError):
            State.load(tmp_path / "other.json", ORIGIN)


def test_alarm_is_one_sentence(scene: Scene) -> None:
    scene.show(log_of(10))
    (alarm,) = scene.show(log_of(9)).alarms
    assert isinstance(alarm, Alarm)
    assert "\n" not in alarm.why
