"""What a command of the operator begins with: the settings, the database, a socket to listen on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from live import server
from live.settings import Settings
from sessions import schema
from sessions.database import Database
from sessions.permissions import Caller, Role
from sessions.refusals import Refusal

T = TypeVar("T")
OPERATOR = Caller("operator", frozenset({Role.ADMINISTRATOR}), "Operator")
"""Whoever can run this command has the database in their hands already."""


def read_settings(**changes: Any) -> Settings:
    try:
        return Settings(**{name: value for name, value in changes.items() if value is not None})
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise click.ClickException(f"The settings cannot be used. {told}") from None


def with_database(do: Callable[[Database], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run `do` on the migrated database of the settings; a refusal becomes a sentence."""
    settings = settings or read_settings()

    async def turn() -> T:
        if settings.data_dir:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        database = Database(settings.database_url, settings.cipher(), settings.signer())
        try:
            await schema.migrate(database)
            return await do(database)
        finally:
            await database.dispose()

    try:
        return asyncio.run(turn())
    except Refusal as refusal:
        raise click.ClickException(refusal.say(str)) from None


def bind(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    try:
        if not is_shared:
            return server.listen(host, port)
        # Only a socket that is not shared is refused where somebody else shares theirs: another server of ours.
        with server.listen(host, port) as alone:
            port = alone.getsockname()[1]
        return server.listen(host, port, is_shared=True)
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {host}:{port}: {error.strerror}. Try another PORT.") from None
