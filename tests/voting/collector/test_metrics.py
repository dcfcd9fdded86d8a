"""Claims about numbers for monitoring: they count what happened, apart from voters' requests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from tests.voting.election.office import PASSPHRASE
from tests.voting.polls import (
    CHILD,
    KITA,
    MINAMI,
    Clock,
    Collector,
    Polls,
    identifier,
    now,
    reopen,
)
from tests.voting.serving import browser
from voting.acceptance import CHECK_IDS
from voting.collector import metrics, notices, store
from voting.collector.backup import backup
from voting.collector.listening import listen_at_socket
from voting.collector.reconciliation import reconcile_and_tell
from voting.collector.settings import METRICS_FOLDER
from voting.console import Refused, Unfinished

PROGRAM = Path(sys.executable).parent / "voting"


DATABASE_GONE = {
    "SQLite": sa.exc.OperationalError("SELECT", {}, Exception("gone")),
    "PostgreSQL": Unfinished("the database does not answer"),
}


@pytest.fixture
def scrape(collector: Collector, tmp_path: Path) -> Iterator[httpx.Client]:
    """A monitoring program at the metrics' own socket."""
    path = tmp_path / "m"
    with (
        listen_at_socket(path) as listener,
        metrics.served(
            listener,
            collector.home.engine,
            collector.polls.manifest,
            collector.home.path,
            collector.home.path,
        ),
        browser(path) as client,
    ):
        yield client


def numbers(scrape: httpx.Client) -> dict[str, float]:
    text = scrape.get("/metrics").text
    found = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in found}


def test_answers_to_ballots_are_counted_by_outcome_and_check(
    scrape: httpx.Client, collector: Collector, served: Path
) -> None:
    before = numbers(scrape)
    limit = collector.polls.manifest.limits.container_bytes
    with browser(served) as web:
        ballot = collector.ballot(KITA)
        for container in (ballot, ballot, collector.ballot(MINAMI), collector.ballot(CHILD)):
            collector.post(web, container)
        collector.post(web, b"x")
        collector.post(web, b"x" * (limit + 1))
    after = numbers(scrape)
    grown = {name: after[name] - before.get(name, 0) for name in after}
    outcomes = {name: grown[f'sukashi_ballots_total{{outcome="{name}"}}'] for name in (
        "stored", "repeated", "refused", "too_large", "unavailable")}  # fmt: skip
    assert outcomes == {
        "stored": 2, "repeated": 1, "refused": 2, "too_large": 1, "unavailable": 0,
    }  # fmt: skip
    assert grown['sukashi_refusals_total{check="accept.roll"}'] == 1
    assert grown['sukashi_refusals_total{check="accept.grammar"}'] == 1
    assert grown["sukashi_ballot_seconds_count"] == 5
    ledger = collector.home.ledger()
    assert after["sukashi_log_entries"] == after["sukashi_checkpoint_size"] == ledger.size
    assert after["sukashi_stored_ballots"] == 2
    assert after["sukashi_log_last_entry_timestamp_seconds"] == pytest.approx(
        ledger.time_of(ledger.size - 1).timestamp()
    )
    assert after["sukashi_database_up"] == 1
    assert after["sukashi_disk_free_bytes"] > 0


def test_notices_that_wait_and_how_long_are_numbers(
    scrape: httpx.Client, collector: Collector
) -> None:
    found = numbers(scrape)
    names = ("sukashi_notices_waiting", "sukashi_notices_oldest_seconds")
    assert [found[name] for name in names] == [0, 0]
    contacts = f"identifier,channel,address,language\n{identifier(KITA)},email,a@b.example,en\n"
    with store.writing(collector.home.engine) as connection:
        notices.replace_contacts(connection, notices.read_contacts(contacts.encode()))
    collector.clock.turn(minutes=-10)
    with store.writing(collector.home.engine) as connection:
        time_then = f"{collector.clock():%Y-%m-%dT%H:%M:%SZ}"
        notices.enqueue(connection, identifier(KITA), "view", time_then)
    found = numbers(scrape)
    assert found[names[0]] == 1
    assert 590 < found[names[1]] < 900
    with store.writing(collector.home.engine) as connection:
        connection.execute(sa.update(store.outbox).values(sent=1))
    assert [numbers(scrape)[name] for name in names] == [0, 0]


def test_age_of_the_last_backup_is_known(
    scrape: httpx.Client, collector: Collector, tmp_path: Path
) -> None:
    assert numbers(scrape)["sukashi_backup_timestamp_seconds"] == 0
    backup(collector.home, tmp_path / "backup")
    assert time.time() - numbers(scrape)["sukashi_backup_timestamp_seconds"] < 60
    with pytest.raises(Refused):
        backup(collector.home, tmp_path / "backup")  # what failed is none


ALERTS = Path(__file__).parents[3] / "deploy" / "alerts.yml"


def test_every_number_that_wakes_somebody_exists(
    scrape: httpx.Client, collector: Collector
) -> None:
    reconcile_and_tell(collector.home.engine, collector.home.manifest)
    found = {name.split("{")[0] for name in numbers(scrape)}
    named = set(re.findall(r"sukashi_[a-z_]+", ALERTS.read_text(encoding="utf-8")))
    assert len(named) > 6
    assert named <= found


def test_rules_are_what_prometheus_reads() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("not run: there is no promtool (Debian: apt-get install prometheus)")
    command = [promtool, "check", "rules", str(ALERTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_refusal_is_counted_from_the_start(scrape: httpx.Client) -> None:
    found = numbers(scrape)
    assert {f'sukashi_refusals_total{{check="{check}"}}' for check in CHECK_IDS} <= found.keys()


def test_numbers_name_nobody(scrape: httpx.Client, collector: Collector) -> None:
    collector.submit(collector.ballot(KITA))
    text = scrape.get("/metrics").text
    assert identifier(KITA) not in text
    assert not re.search(r"[0-9a-f]{32}", text)


@pytest.mark.parametrize("fault", DATABASE_GONE.values(), ids=DATABASE_GONE)
def test_database_that_does_not_answer_is_a_number_too(
    scrape: httpx.Client, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_connection: object) -> None:
        raise fault

    monkeypatch.setattr(metrics, "_log", gone)
    found = numbers(scrape)
    assert found["sukashi_database_up"] == 0
    assert "sukashi_log_entries" not in found


def test_numbers_are_not_served_to_voters(served: Path) -> None:
    with browser(served) as web:
        assert web.get("/metrics").status_code == 404


COUNT = """
from voting.collector import metrics
metrics.BALLOTS.labels("stored").inc(3)
"""


@pytest.mark.e2e
def test_numbers_of_several_processes_are_added(tmp_path: Path) -> None:
    environment = {**os.environ, METRICS_FOLDER: str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNT], check=True, env=environment)
    added = """
from pathlib import Path
import sqlalchemy as sa
from starlette.testclient import TestClient
from voting.collector import metrics
app = metrics.make_metrics(sa.create_engine("sqlite://"), None, None, Path("/nowhere"))
print(TestClient(app).get("/metrics").text)
"""
    done = subprocess.run(
        [sys.executable, "-c", added], check=True, env=environment, capture_output=True, text=True
    )
    assert 'sukashi_ballots_total{outcome="stored"} 6.0' in done.stdout
    assert "sukashi_database_up 0.0" in done.stdout


@pytest.mark.e2e
def test_numbers_of_all_processes_of_a_running_collector_meet_at_one_address(
    polls: Polls, sqlite_home: Path
) -> None:
    collector = Collector(polls, reopen(sqlite_home), Clock(now()))
    (sqlite_home / "pass.txt").write_text(PASSPHRASE)
    with tempfile.TemporaryDirectory() as folder:
        api, own = Path(folder) / "s", Path(folder) / "m"
        (sqlite_home / "server.toml").write_text(
            f'[api]\nsocket = "{api}"\nprocesses = 2\n[metrics]\nsocket = "{own}"\n'
        )
        secret = ("--passphrase-file", sqlite_home / "pass.txt")
        process = subprocess.Popen(
            [PROGRAM, "collector", "serve", "--home", sqlite_home, *secret],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert "collecting votes" in process.stdout.readline()
            with browser(api) as web, browser(own) as scrape:
                for voter in (KITA, MINAMI):
                    sent = collector.post(web, collector.ballot(voter))
                    assert sent.status_code == 201
                assert collector.post(web, b"x").status_code == 422
                for _ in range(200):  # the sequencer's process reconciles when it has started
                    found = numbers(scrape)
                    if "sukashi_reconciliation_differences" in found:
                        break
                    time.sleep(0.05)
        finally:
            process.terminate()
            _, err = process.communicate(timeout=60)
    assert found['sukashi_ballots_total{outcome="stored"}'] == 2
    assert found['sukashi_refusals_total{check="accept.grammar"}'] == 1
    assert found["sukashi_reconciliation_differences"] == 0
    assert found["sukashi_lease_epoch"] == 1
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert "ballot_refused" in events
    assert not {"process_ended", "request_failed", "library"} & set(events)
    collector.audit_everything()
    collector.home.engine.dispose()
