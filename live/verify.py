"""`facetoface verify`: whether logs are sound, and whether an export says what its log said."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import select

from live.console import read_settings, with_database
from live.pages import proof
from sessions import session as sessions
from sessions.database import Database
from sessions.proof import Proof, prove
from sessions.session import Session

LIMITS_OF_PROOF = (
    "This shows that nothing within these logs was changed, moved, added or removed since its head was signed.\n"
    "It cannot show that the end of a log was not cut off together with its signatures: for that, check an export\n"
    "that lies elsewhere, with --archive. Nor can it show anything to somebody who does not know the public key."
)


@click.command()
@click.argument("codes", nargs=-1)
@click.option("--archive", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="An export.")
@click.option("--trust", "older", multiple=True, metavar="KEY", help="A public key that was used before this one.")
@click.option("--key", "only_key", is_flag=True, help="Only print the public key.")
def verify(codes: tuple[str, ...], file: Path | None, older: tuple[str, ...], only_key: bool) -> None:
    """Check the records of all sessions, or of those with these CODES, or what an export says against them."""
    settings = read_settings()
    signer = settings.signer()
    if only_key:
        click.echo(signer.key if signer else "No signing key is set.")
        return
    trusted = {*older, *([signer.key] if signer else [])}
    body = file.read_bytes() if file else None

    async def do(database: Database) -> bool:
        async with database.reading() as db:
            if body is not None:
                told = await proof.check(db, body, settings, trusted)
                for line in told.holds:
                    click.echo(f"  {line}")
                for fault in told.faults:
                    click.echo(f"  NOT SOUND: {fault}")
                return not told.faults
            found = [await sessions.find(db, code) for code in codes] or list(
                await db.scalars(select(Session).order_by(Session.id))
            )
            sound = True
            for one in found:
                proved = await prove(db, one, database.cipher, trusted)
                end, faults = proved.head, proved.faults
                click.echo(f"{one.code}  {end.seq} events  {end.hash}  {'sound' if not faults else 'NOT SOUND'}")
                for line in [*faults, *sayings(proved)]:
                    click.echo(f"  {line}")
                sound = sound and not faults
            click.echo(LIMITS_OF_PROOF)
            return sound

    if not with_database(do):
        sys.exit(1)


def sayings(proved: Proof) -> list[str]:
    """What else there is to know, sound or not."""
    signed = f"signed up to entry {proved.signed}" if proved.signed else "not signed: its chain alone speaks for it"
    sealed = f"taken out and sealed: {proved.sealed}" if proved.sealed else ""
    return [line for line in (signed, sealed) if line]
