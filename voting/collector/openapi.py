"""The description of the collector's requests for programs: OpenAPI 3.1, written by hand.

docs/openapi.json holds the same, for those who have no collector; `python -m tests.openapi` writes
that file. A test compares both with the application's requests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from voting.acceptance import CHECK_IDS, COLLECTOR_IDS
from voting.acceptance.sentences import LOG_IN_IDS, RECORDED, sentences

Json = dict[str, Any]
_HEX = "^[0-9a-f]{64}$"
_NOTE = "sukashi.example/1f…\n3\nq0R…=\n\n— sukashi.example/1f… Zm9v…\n"
_STATE = {
    "schema": "sukashi/state/1",
    "phase": "open",
    "roll_version": 1,
    "orders": 1,
    "time": "2027-03-07T09:00:00Z",
}


def document(errors: Mapping[str, Mapping[str, str]]) -> Json:
    """The whole description. `errors`: the sentences of every error id that is no refusal."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sukashi collector",
            "version": "1",
            "summary": "Takes signed, encrypted ballots and shows the log in which they stand.",
            "description": "What each answer means byte for byte stands in docs/specification.md,"
            " section 7. Nothing that a collector answers is to be trusted unchecked.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "reading", "description": "What everybody may read."},
            {"name": "voting", "description": "What voters and their devices ask."},
            {"name": "operation", "description": "What supervisors and balancers ask."},
        ],
        "paths": {**_reading(), **_voting(), **_sessions(), **_own_record(), **_operation()},
        "components": {
            "schemas": _schemas([*errors, *CHECK_IDS, *COLLECTOR_IDS, *LOG_IN_IDS]),
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _reading() -> Json:
    return {
        "/state": {
            "get": _operation_of(
                "state", "reading", "Phase of voting, version of the roll, number of orders.",
                {"200": _json("The state now.", "State", _STATE)}, unavailable=True,
            )
        },
        "/election/{path}": {
            "get": _operation_of(
                "electionFile", "reading", "A file of the election as officials signed it.",
                {"200": _any_file("The file."), "404": _error("not_found")},
                _path("path", "manifest.json", r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?$"),
            )
        },
        "/orders/{name}": {
            "get": _operation_of(
                "order", "reading", "An order of officials that was carried out.",
                {"200": _any_file("The order."), "404": _error("not_found")},
                _path("name", "order-opened-1.asice", r"^[a-z0-9-]+\.(json|asice)$"),
                unavailable=True,
            )
        },
        "/log/checkpoint": {
            "get": _operation_of(
                "checkpoint", "reading", "The newest checkpoint of the log (C2SP tlog-checkpoint)"
                " that enough witnesses cosigned.",
                {"200": _text("A signed note.", _NOTE)}, unavailable=True,
            )
        },
        "/log/tile/{path}": {
            "get": _operation_of(
                "tile", "reading", "A tile or entry bundle of the log (C2SP tlog-tiles).",
                {"200": _octets("The tile."), "404": _error("not_found")},
                _path("path", "0/000.p/3", r"^(entries|[0-9]+)/[0-9x/]+(\.p/[0-9]+)?$"),
                unavailable=True,
            )
        },
        "/openapi.json": {
            "get": _operation_of(
                "description", "reading", "This description.",
                {"200": _json_of("OpenAPI 3.1.", {"type": "object"}, {"openapi": "3.1.0"})},
            )
        },
    }  # fmt: skip


def _voting() -> Json:
    container = {"application/vnd.etsi.asic-e+zip": {"schema": {"type": "string"}}}
    asked = {"sequence": 42, "token": "00112233445566778899aabbccddeeff"}
    body = {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/VerificationRequest"},
            "example": asked,
        }
    }
    receipt = "c2sp.org/tlog-proof@v1\nindex 42\n…"
    recorded = {
        "schema": "sukashi/recorded/1",
        "id": RECORDED,
        "message": sentences(RECORDED),
    }
    shown = {
        "schema": "sukashi/verification/1",
        "container": "UEsDBA==",
        "receipt": receipt,
        "latest": True,
    }
    return {
        "/ballots": {
            "post": {
                **_operation_of(
                    "castBallot", "voting",
                    "Store a ballot: the voter's signed container. The same bytes again are"
                    " answered with the same receipt, so sending again is safe.",
                    {
                        "201": _text("Stored now; the receipt (C2SP tlog-proof).", receipt),
                        "200": _text("Stored before; the same receipt.", receipt),
                        "202": _json(
                            "Stored; too few witnesses have confirmed it yet. The same bytes again"
                            " for the receipt.", "Recorded", recorded,
                        ),
                        **_LIMITED,
                        **_IN_SESSION,
                        "413": _error("too_large"),
                        "422": _error("accept.grammar", "Refused, nothing stored: by which check."),
                    },
                    unavailable=True,
                ),
                "requestBody": {"required": True, "content": container},
                "security": [{"session": []}],
            }
        },
        "/verification": {
            "post": {
                **_operation_of(
                    "verifyBallot", "voting",
                    "The stored ballot for the holder of its code; limited in number and time.",
                    {
                        "200": _json("The ballot and its receipt.", "Verification", shown),
                        "400": _error("malformed"),
                        "404": _error(
                            "not_found", "Unknown, wrong, expired or read too often: one answer."
                        ),
                        "413": _error("too_large"),
                        **_LIMITED,
                    },
                    unavailable=True,
                ),
                "requestBody": {"required": True, "content": body},
            }
        },
    }  # fmt: skip


def _sessions() -> Json:
    challenge = {"schema": "sukashi/challenge/1", "session": "0" * 64, "nonce": "AAAA"}
    request = {"nonce": "AAAA", "session": "0" * 64, "token": "{…}"}
    return {
        "/session/challenge": {
            "post": _operation_of(
                "challenge", "voting", "What a card is asked to sign to log in (Web eID).",
                {"200": _json("A challenge of five minutes.", "Challenge", challenge), **_LIMITED},
                unavailable=True,
            )
        },
        "/session": {
            "post": {
                **_operation_of(
                    "logIn", "voting", "Begin a session with the token that a card made.",
                    {
                        "201": _json(
                            "Logged in.", "Session",
                            {
                                "schema": "sukashi/session/1",
                                "bearer": "0" * 64,
                                "who": "700000000001",
                            },
                        ),
                        "400": _error("malformed"),
                        "401": _error("login.nonce", "The card is not let in; the id says why."),
                        "413": _error("too_large"),
                        **_LIMITED,
                    },
                    unavailable=True,
                ),
                "requestBody": _body("LoginRequest", request),
            },
            "delete": _in_session("logOut", "End the session.", {
                "200": _json("There is no such session any more.", "Health", {"status": "ok"})
            }),
        },
    }  # fmt: skip


def _own_record() -> Json:
    receipt = "c2sp.org/tlog-proof@v1\nindex 42\n…"
    who = {"election": "0" * 64, "who": "700000000001"}
    ballot = {"sequence": 42, "time": "2027-03-07T09:00:00Z", "receipt": receipt}
    my = {"schema": "sukashi/my/1", **who, "ballots": [ballot]}
    log = {"schema": "sukashi/access-log/1", **who, "rows": [], "entries": [], "waiting": []}
    return {
        "/my": {
            "get": _in_session("ownBallots", "Number, time and receipt of the own ballots.", {
                "200": _json("Never what is in them.", "My", my), **_LIMITED
            })
        },
        "/my/access": {
            "get": _in_session("ownAccessLog", "The own access log, with proofs.", {
                "200": _json("access.json.", "AccessLog", log), **_LIMITED
            })
        },
        "/my/not-me": {
            "post": {
                **_in_session("notMe", "Tell the office: this was not me.", {
                    "201": _json("A case.", "Case", {"schema": "sukashi/case/1", "number": 1}),
                    **_LIMITED,
                    "400": _error("malformed"),
                    "413": _error("too_large"),
                }),
                "requestBody": _body("Objection", {"remark": "I did not vote on Sunday."}),
            }
        },
    }  # fmt: skip


def _in_session(name: str, summary: str, answers: Json) -> Json:
    found = _operation_of(name, "voting", summary, {**answers, **_IN_SESSION}, unavailable=True)
    return {**found, "security": [{"session": []}]}


def _body(schema: str, example: Json) -> Json:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {
        "required": True,
        "content": {"application/json": {"schema": reference, "example": example}},
    }


def _operation() -> Json:
    well = {"status": "ok"}
    return {
        "/health": {
            "get": _operation_of(
                "ready", "operation", "Whether ballots can be stored.",
                {
                    "200": _json(
                        "They can; `unconfirmed` while receipts wait for witnesses.", "Ready", well
                    ),
                    "503": _error("unavailable", "They cannot; the id says why."),
                },
            )
        },
        "/health/live": {
            "get": _operation_of(
                "live", "operation", "Whether the process answers at all.",
                {"200": _json("It does.", "Health", well)},
            )
        },
    }  # fmt: skip


def _schemas(ids: list[str]) -> Json:
    text = {"type": "string"}
    message = _object(dict.fromkeys(("ja", "en", "et"), text))
    return {
        "Error": _object({"error": _object({"id": {"enum": ids}, "message": message})}),
        "State": _object(
            {
                "schema": {"const": "sukashi/state/1"},
                "phase": {"enum": ["prepared", "open", "suspended", "closed"]},
                "roll_version": {"type": "integer", "minimum": 1},
                "orders": {"type": "integer", "minimum": 0},
                "time": {"type": "string", "format": "date-time"},
            }
        ),
        "VerificationRequest": _object(
            {
                "sequence": {"type": "integer", "minimum": 0, "maximum": (1 << 53) - 1},
                "token": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            }
        ),
        "Verification": _object(
            {
                "schema": {"const": "sukashi/verification/1"},
                "container": {"type": "string", "contentEncoding": "base64"},
                "receipt": text,
                "latest": {"type": ["boolean", "null"]},
            }
        ),
        "Challenge": _object(
            {
                "schema": {"const": "sukashi/challenge/1"},
                "session": {"type": "string", "pattern": _HEX},
                "nonce": {"type": "string", "contentEncoding": "base64"},
            }
        ),
        "LoginRequest": _object({"nonce": text, "session": text, "token": text}),
        "Session": _object(
            {
                "schema": {"const": "sukashi/session/1"},
                "bearer": {"type": "string", "pattern": _HEX},
                "who": text,
            }
        ),
        "My": _object(
            {
                "schema": {"const": "sukashi/my/1"},
                "election": {"type": "string", "pattern": _HEX},
                "who": text,
                "ballots": {"type": "array", "items": {"type": "object"}},
            }
        ),
        "AccessLog": _object(
            {
                "schema": {"const": "sukashi/access-log/1"},
                "election": {"type": "string", "pattern": _HEX},
                "who": text,
                "rows": {"type": "array", "items": {"type": "object"}},
                "entries": {"type": "array", "items": text},
                "waiting": {"type": "array", "items": {"type": "object"}},
            }
        ),
        "Objection": _object({"remark": {"type": "string", "maxLength": 1000}}),
        "Case": _object(
            {"schema": {"const": "sukashi/case/1"}, "number": {"type": "integer", "minimum": 1}}
        ),
        "Recorded": _object(
            {
                "schema": {"const": "sukashi/recorded/1"},
                "id": {"const": RECORDED},
                "message": message,
            }
        ),
        "Health": _object({"status": {"const": "ok"}}),
        "Ready": _object({"status": {"enum": ["ok", "unconfirmed"]}}),
    }


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _operation_of(
    name: str, tag: str, summary: str, answers: Json, *parameters: Json, unavailable: bool = False
) -> Json:
    if unavailable:
        answers = {**answers, "503": _error("unavailable", "Not now; the same request again.")}
    found = {"operationId": name, "tags": [tag], "summary": summary, "responses": answers}
    return {**found, "parameters": list(parameters)} if parameters else found


def _path(name: str, example: str, pattern: str) -> Json:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _answer(said: str, media: str, schema: Json, example: object) -> Json:
    return {"description": said, "content": {media: {"schema": schema, "example": example}}}


def _json(said: str, schema: str, example: object) -> Json:
    return _json_of(said, {"$ref": f"#/components/schemas/{schema}"}, example)


def _json_of(said: str, schema: Json, example: object) -> Json:
    return _answer(said, "application/json", schema, example)


def _text(said: str, example: str) -> Json:
    return _answer(said, "text/plain", {"type": "string"}, example)


def _octets(said: str) -> Json:
    return {"description": said, "content": {"application/octet-stream": {}}}


def _any_file(said: str) -> Json:
    media = ("application/json", "application/vnd.etsi.asic-e+zip", "application/yaml",
             "application/octet-stream")  # fmt: skip
    return {"description": said, "content": {name: {} for name in media}}


def _error(error_id: str, said: str = "") -> Json:
    example = {"error": {"id": error_id, "message": {"ja": "…", "en": "…", "et": "…"}}}
    return _json(said or f"Error `{error_id}`.", "Error", example)


_LIMITED = {
    "429": _error("accept.address_limit", "Too many requests of this address; see Retry-After.")
}
_IN_SESSION = {"401": _error("session.required", "Log in first.")}


def as_text(errors: Mapping[str, Mapping[str, str]]) -> str:
    """The file docs/openapi.json."""
    return json.dumps(document(errors), ensure_ascii=False, indent=1) + "\n"
