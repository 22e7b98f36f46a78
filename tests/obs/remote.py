"""The part of obs-websocket 5, the protocol that controls OBS, that the tests need."""

import asyncio
import time

import aiohttp


class Remote:
    """A connection to the OBS that listens at `port` of this machine, without a password.

    call("GetVersion") -> the response's data; RuntimeError with OBS's message when it refuses.
    """

    def __init__(self, port: int = 4455, seconds: float = 40.0):
        self._loop, self._number = asyncio.new_event_loop(), 0
        self._loop.run_until_complete(self._connect(f"ws://127.0.0.1:{port}", time.monotonic() + seconds))

    async def _connect(self, url: str, end: float) -> None:
        self._session = aiohttp.ClientSession()
        while True:
            try:
                self._socket = await self._session.ws_connect(url, max_msg_size=0)
                await self._socket.receive_json(timeout=5)  # Hello
                await self._socket.send_json({"op": 1, "d": {"rpcVersion": 1, "eventSubscriptions": 0}})
                await self._socket.receive_json(timeout=5)  # Identified
                return
            except (aiohttp.ClientError, TimeoutError, TypeError) as error:
                if time.monotonic() > end:
                    await self._session.close()
                    raise TimeoutError(f"no obs-websocket at {url}: {error}") from None
                await asyncio.sleep(0.2)

    def call(self, request: str, **data) -> dict:
        """Send a request and return its answer."""
        return self._loop.run_until_complete(self._call(request, data))

    async def _call(self, request: str, data: dict) -> dict:
        self._number += 1
        body = {"requestType": request, "requestId": str(self._number), "requestData": data}
        await self._socket.send_json({"op": 6, "d": body})
        answer = (await self._socket.receive_json(timeout=20))["d"]
        if not answer["requestStatus"]["result"]:
            raise RuntimeError(f"{request}: {answer['requestStatus'].get('comment') or answer['requestStatus']}")
        return answer.get("responseData", {})

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()
