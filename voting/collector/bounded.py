"""HTTP as uvicorn reads it with httptools, which takes heads of any length: here none is longer
than 64 KiB, nor is anything else that is no body.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 1 << 16


class BoundedHttp(HttpToolsProtocol):
    """One connection. Bodies are bounded by whoever reads them (`voters.read_body`)."""

    _besides = 0  # bytes of this request so far that are no body

    def data_received(self, data: bytes) -> None:
        self._besides += len(data)
        super().data_received(data)
        if self._besides > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_body(self, body: bytes) -> None:
        self._besides -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._besides = 0
        super().on_message_complete()
