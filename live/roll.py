"""Who is connected, as python-socketio asks it: without rooms: who listens where is ours (live/frames.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import socketio


class Roll(socketio.AsyncManager):  # type: ignore[misc]
    """A dictionary in place of rooms, which cost 2 KiB each and are all searched whenever somebody leaves.

    There is one namespace, and a connection has one id in it. `admitted` is awaited when a client has been told that
    it is connected: nothing reaches it before that.
    """

    def __init__(self, admitted: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self.admitted = admitted
        self.present: dict[str, bool] = {}
        """By connection, whether it is connected, or only on its way in or out."""

    def get_namespaces(self) -> Iterable[str]:
        return ("/",)

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        if namespace != "/" or eio_sid in self.present:
            return None
        self.present[eio_sid] = False
        return eio_sid

    async def connect(self, sid: str, namespace: str) -> str:
        self.present[sid] = True
        await self.admitted(sid)
        return sid

    def is_connected(self, sid: str | None, namespace: str) -> bool:
        return namespace == "/" and sid is not None and self.present.get(sid, False)

    async def can_disconnect(self, sid: str, namespace: str) -> bool:
        return self.is_connected(sid, namespace)

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        return eio_sid if namespace == "/" and eio_sid in self.present else None

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        return self.sid_from_eio_sid(sid, namespace)

    def pre_disconnect(self, sid: str, namespace: str) -> str:
        self.present[sid] = False
        return sid

    async def disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        self.present.pop(sid, None)

    async def trigger_callback(self, sid: str, id: int, data: Any) -> None:
        # Nothing of ours asks for an answer; python-socketio would write a line to the log for each that comes.
        raise ValueError("an answer to nothing")
