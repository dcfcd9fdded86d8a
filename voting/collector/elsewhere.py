"""What pages of other origins may read: what the second device's page asks for, which for the
voter's sake does not come from here (docs/specification.md section 7)."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATHS = ("/election/", "/verification")


class ReadableElsewhere:
    """Says so in the answers to these requests, whoever asks.

    No answer to them depends on what a browser adds by itself: there are no cookies, and the secret
    of a session is in a header that a page of another origin may not send.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return

        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = "Retry-After"
            await send(message)

        await self._app(scope, receive, readable)
