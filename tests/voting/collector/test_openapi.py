"""Claims about the description of requests: it is the application's, which obeys it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi import checks as of_schemathesis
from starlette.routing import Route

from tests.openapi import FILE
from tests.voting.polls import KITA, Collector
from tests.voting.serving import browser
from voting.acceptance import CHECK_IDS, COLLECTOR_IDS
from voting.acceptance.sentences import LOG_IN_IDS
from voting.collector.app import ASICE, MESSAGES
from voting.collector.openapi import as_text, document

# A ballot is more than its form: what the description allows, the collector may still refuse.
MORE = [of_schemathesis.positive_data_acceptance, of_schemathesis.negative_data_rejection]
SPECIFICATION = FILE.parent / "specification.md"


def test_file_in_the_documents_is_the_description() -> None:
    """After a change: `python -m tests.openapi`."""
    assert FILE.read_text(encoding="utf-8") == as_text(MESSAGES)


def test_application_serves_the_description(served: Path) -> None:
    with browser(served) as web:
        assert web.get("/openapi.json").json() == json.loads(FILE.read_bytes())


def test_every_request_is_described_and_every_description_is_of_one(collector: Collector) -> None:
    routes = {
        (route.path.replace(":path", ""), method.lower())
        for route in collector.app().routes
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    found = document(MESSAGES)["paths"]
    assert routes == {(path, method) for path, methods in found.items() for method in methods}


def test_every_error_id_is_described_and_in_the_specification() -> None:
    ids = document(MESSAGES)["components"]["schemas"]["Error"]["properties"]["error"]
    assert ids["properties"]["id"]["enum"] == [*MESSAGES, *CHECK_IDS, *COLLECTOR_IDS, *LOG_IN_IDS]
    text = SPECIFICATION.read_text(encoding="utf-8")
    start = text.index("| error id |")
    table = text[start : text.index("\n\n", start)].splitlines()[2:]
    assert [row.split("`")[1] for row in table] == list(MESSAGES)


def test_every_error_has_a_sentence_in_every_language_of_its_own() -> None:
    for language in ("ja", "en", "et"):
        said = [messages[language] for messages in MESSAGES.values()]
        assert len(set(said)) == len(MESSAGES)


def test_examples_are_of_their_schemas() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    described = document(MESSAGES)
    checked = 0
    for methods in described["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for content in answer["content"].values():
                    if "example" in content:
                        schema = {**content["schema"], "components": described["components"]}
                        jsonschema.validate(content["example"], schema)
                        checked += 1
    assert checked > 20


@contextmanager
def at_port(collector: Collector) -> Iterator[str]:
    """The running application at a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(collector.app(), log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_running_application_answers_whatever_is_asked_as_described(collector: Collector) -> None:
    """Requests made from the description, good and bad, to every path: no answer but those
    described, in their form."""
    collector.submit(collector.ballot(KITA))
    asked: set[str] = set()

    def ask(case: Any) -> None:
        asked.add(case.operation.label)
        case.call_and_validate(excluded_checks=MORE)

    schemathesis.serializer.alias(ASICE, "application/octet-stream")
    with at_port(collector) as address:
        schema: Any = schemathesis.openapi.from_dict(document(MESSAGES))
        schema.config.update(base_url=address)
        bounded = settings(
            max_examples=12,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        for found in schema.get_all_operations():
            operation = found.ok()
            bounded(given(operation.as_strategy())(ask))()  # type: ignore[no-untyped-call]
        state = httpx.get(f"{address}/state").json()
    assert state["phase"] == "open"
    assert len(asked) == sum(len(methods) for methods in document(MESSAGES)["paths"].values())
