"""One open page: its WebSocket, the pictures on their way to it, and what it asked for."""

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp.web import WebSocketResponse

PATIENCE = 1.0  # seconds that a page may take to read a message

_numbers = itertools.count(1)


class Client:
    """One open page. To be made in the server's event loop.

    Attributes:
        name: as a sender of messages.
        wants_pictures: False for a page in the background.
        sent, shown: numbers of pictures; those between are on their way. `sent` is written by the picture output's
            thread only, `shown` by the server's only.
        corrections: values by address of what it asked for and did not get, to be sent to it.
    """

    def __init__(self, socket: "WebSocketResponse", wants_pictures: bool):
        self.name = f"page {next(_numbers)}"
        self.wants_pictures = wants_pictures
        self.sent = self.shown = 0
        self.corrections: dict[str, Any] = {}
        self._socket = socket
        self._pictures: asyncio.Queue[bytes] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send_pictures())

    def send_picture(self, jpeg: bytes) -> None:
        """Queue a picture; there are never more than a few."""
        self._pictures.put_nowait(jpeg)

    async def send(self, text: str) -> None:
        """Send a message, unless the page is gone; a page that does not read must not hold up the others."""
        try:
            await asyncio.wait_for(self._socket.send_str(text), PATIENCE)
        except (ConnectionError, RuntimeError):
            pass
        except TimeoutError:
            await self.close()

    async def close(self) -> None:
        await self._socket.close(code=1001)

    def end(self) -> None:
        """Stop sending pictures: the page is gone."""
        self.wants_pictures = False
        self._sender.cancel()

    async def _send_pictures(self) -> None:
        try:
            while True:
                await self._socket.send_bytes(await self._pictures.get())
        except (ConnectionError, RuntimeError):
            self.wants_pictures = False
