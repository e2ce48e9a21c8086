"""What the bench compares with: python-socketio and uvicorn as installed, one `emit` to a room.

python stock.py PORT FILE: at `go` from any device, everybody hears the patch in the file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import socketio
import uvicorn

port, path = int(sys.argv[1]), Path(sys.argv[2])
server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")


async def connect(sid: str, _environ: Any, _auth: Any) -> None:
    await server.enter_room(sid, "hall")
    server.start_background_task(server.emit, "pulse", {"head": 0}, sid)  # After the answer to the connect.


async def go(_sid: str, _raw: Any) -> None:
    await server.emit(*json.loads(path.read_text()), room="hall")


server.on("connect", connect)
server.on("go", go)
uvicorn.run(socketio.ASGIApp(server), port=port, log_level="error", access_log=False)
