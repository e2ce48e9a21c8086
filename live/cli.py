"""The `facetoface` command."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import rich
import rich.progress
import rich.table
import segno
import structlog
from pydantic import ValidationError
from sqlalchemy import select, update

from live import demo as demos
from live import proof, server
from live.passes import plan_rehearsal, read_link
from live.phone import SILENT
from live.rehearsal import MOST_PHONES, MOST_SECONDS, NotAllowed, Rehearsal
from live.settings import Settings
from live.verdict import FAILS, Findings, judge, percentile
from live.workers import Workers
from sessions import lifecycle, people, schema
from sessions import session as sessions
from sessions.database import AWAY, Database
from sessions.events import Plan
from sessions.permissions import Caller, Role
from sessions.proof import Proof, prove
from sessions.refusals import Refusal
from sessions.session import Session

log = structlog.get_logger()
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


@click.group()
@click.version_option(package_name="facetoface")
def main() -> None:
    """Live question-and-answer sessions between a school district and its families."""


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--workers", type=int, help="Processes on this address; more than one need PostgreSQL.")
def run(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the sessions of this database, as the FACETOFACE_… environment says."""
    settings = read_settings(host=host, port=port, workers=workers)
    if demos.is_demo(settings.data_dir):
        raise click.ClickException(
            f"{settings.data_dir} belongs to a demo, whose staff links anyone may use again. "
            "Set FACETOFACE_DATABASE_URL to another folder."
        )
    if settings.workers == 1:
        server.serve(settings, bind(settings.host, settings.port))
    else:
        run_workers(settings)


def run_workers(settings: Settings) -> None:
    if sys.platform != "linux":
        raise click.ClickException("Several workers need Linux. Leave WORKERS at 1 here.")
    server.configure_logs(settings.log_level)
    if not settings.redis_url:
        log.warning(
            "several workers without redis: devices hear of changes up to a second later, and each worker counts by "
            "itself who is here, who looks at what and who is too fast; set FACETOFACE_REDIS_URL"
        )
    with bind(settings.host, settings.port, is_shared=True) as held:  # Bound and deaf: it keeps the port ours.
        host, port = held.getsockname()[:2]

        def work() -> None:
            server.serve(settings, server.listen(host, port, is_shared=True))

        try:
            with_database(_nothing_more, settings)  # Brought up to date once, before anybody looks at it.
        except AWAY as error:
            raise click.ClickException(f"The database cannot be reached ({type(error).__name__}).") from None
        Workers(settings.workers, work, server.GRACE_SECONDS + 5).run()


async def _nothing_more(database: Database) -> None:
    """To be done once the database is up to date."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 serves phones on the local network.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data/demo"), show_default=True)
@click.option("--links", "links_file", type=click.Path(path_type=Path), help="Also write the links here, as JSON.")
def demo(host: str, port: int, data: Path, links_file: Path | None) -> None:
    """Start a session that is live now, and print the links to its screens."""
    if (data / "facetoface.db").exists() and not demos.is_demo(data):
        raise click.ClickException(f"{data} holds real sessions. Choose another folder for the demo.")
    listener = bind(host, port)
    port = listener.getsockname()[1]
    given = os.environ.get("FACETOFACE_PUBLIC_URL")
    addresses = [f"http://{name}:{port}" for name in names(host)] + ([given] if given else [])
    settings = read_settings(
        database_url=f"sqlite+aiosqlite:///{data.absolute()}/facetoface.db",
        host=host,
        port=port,
        public_url=",".join(addresses),
        workers=1,
    )
    server.configure_logs(settings.log_level)
    links = demos.links(settings, asyncio.run(demos.prepare(settings)))
    if links_file:
        links_file.write_text(json.dumps(links, indent=2) + "\n")
    show(links, on_network=host == "0.0.0.0")  # noqa: S104 (only compared)
    server.serve(settings, listener)


def names(host: str) -> list[str]:
    """The names under which this machine may be reached, the best for a QR code first."""
    own = ["localhost", "127.0.0.1"]
    if host in own:
        return own
    if host not in ("0.0.0.0", "::"):  # noqa: S104 (only compared)
        return [host, *own]
    found = [str(name[0]) for *_, name in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing: it only asks which of our addresses would be used.
            found.insert(0, probe.getsockname()[0])
        except OSError:
            pass
    return list(dict.fromkeys([address for address in found if not address.startswith("127.")] + own))


def show(links: dict[str, str], *, on_network: bool) -> None:
    click.echo()
    segno.make(links["families"], error="m").terminal(out=sys.stdout, compact=True, border=2)
    click.echo(f"\n  FACE-to-Face is running. Join code: {links['code']}\n")
    titles = {
        "families": "Families (phone)",
        "desk": "Desk (laptop)",
        "presenter": "Presenter (tablet)",
        "stage": "Stage (projector)",
        "archive": "Archive",
        "office": "Office",
    }
    for name, title in titles.items():
        click.echo(f"  {title:<20}{links[name]}")
    if not on_network:
        click.echo("\n  For phones on your network: make run HOST=0.0.0.0")
    click.echo("  Everything is kept. Stop with Ctrl+C.\n")


@main.group()
def session() -> None:
    """Sessions: the live events."""


@session.command()
@click.argument("title")
@click.option("--starts", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="On the wall clock of --zone.")
@click.option("--zone", default="America/Phoenix", show_default=True)
def new(title: str, starts: Any, zone: str) -> None:
    """Plan a session; prints its join code."""
    from zoneinfo import ZoneInfo, available_timezones

    if zone not in available_timezones():
        raise click.ClickException(f"{zone} is no time zone, such as America/Phoenix.")

    async def do(database: Database) -> str:
        async with database.writing() as tx:
            starts_at = starts.replace(tzinfo=ZoneInfo(zone)) if starts else None
            planned = await lifecycle.plan(tx, OPERATOR, Plan(title=title, zone=zone, starts_at=starts_at))
            if starts_at:
                await lifecycle.schedule(tx, OPERATOR)
            return planned.code

    click.echo(with_database(do))


@session.command()
def rehearsal() -> None:
    """Plan a session for a rehearsal; prints the link for `facetoface rehearse`, good for a day and for one time."""
    settings = read_settings()
    click.echo(with_database(lambda database: plan_rehearsal(database, settings, OPERATOR)))


@main.command()
@click.argument("link")
@click.option("--phones", type=click.IntRange(1, MOST_PHONES), default=200, show_default=True)
@click.option(
    "--seconds", type=click.IntRange(5, MOST_SECONDS), default=60, show_default=True, help="After all joined."
)
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Also write what was found here.")
def rehearse(link: str, phones: int, seconds: int, file: Path | None) -> None:
    """Try out whether a server holds: a crowd joins, asks, votes and reads in the session of LINK, and of no other.

    LINK is what `facetoface session rehearsal` printed on that server. Ends with 1 if it does not hold.
    """
    where = read_link(link)
    if where is None:
        raise click.ClickException(
            "This is no link of a rehearsal. A crowd on a real session would be an attack; "
            "on the server, run: facetoface session rehearsal"
        )
    with rich.progress.Progress(transient=True) as bars:
        lines = {what: bars.add_task(what, total=None) for what in ("joined", "asked", "voted", "changed")}

        def progress(what: str, count: int, total: int) -> None:
            bars.update(lines[what], completed=count, total=total)

        try:
            found = asyncio.run(Rehearsal(where, phones, seconds, progress).run())
        except NotAllowed as no:
            raise click.ClickException(str(no)) from None
        except SILENT as error:
            raise click.ClickException(f"{where.base} cannot be reached, or broke off: {error}") from None
    verdict, sentences = judge(found)
    if file:
        file.write_text(json.dumps(found.told() | {"verdict": verdict, "says": sentences}, indent=2) + "\n")
    show_findings(found)
    click.echo("\n" + "\n".join(sentences))
    sys.exit(verdict == FAILS)


def show_findings(found: Findings) -> None:
    table = rich.table.Table("", "median", "99 of 100", "longest", box=None)
    titles = {
        "waits": "from opening the page until in",
        "deliveries": "from a change until a phone has it",
        "acks": "from asking until confirmed",
        "votes": "from voting until confirmed",
        "lag": "our own lateness",
    }
    for name, title in titles.items():
        times = getattr(found, name)
        table.add_row(title, *(f"{percentile(times, share) * 1e3:,.0f} ms" for share in (0.5, 0.99, 1.0)))
    rich.print(table)
    click.echo(
        f"{found.joined:,} of {found.phones:,} joined, {found.joins_per_second:.0f} a second; "
        f"{len(found.acks):,} asked, {len(found.votes):,} voted, {found.changes} changes; {found.losses} losses"
    )
    for fault in found.faults:
        click.echo(f"  {fault}")


@main.command()
@click.argument("code", required=False)
@click.option("--role", type=click.Choice([r.value for r in Role if r is not Role.PARTICIPANT]), required=True)
@click.option("--name", default="", help="Who it is for; they are asked otherwise.")
def invite(code: str | None, role: str, name: str) -> None:
    """Make an invitation; prints its link, which works once."""
    if code is None and role not in (Role.ADMINISTRATOR, Role.LIAISON):
        raise click.ClickException("Which session? Give its join code: facetoface invite CODE --role …")

    async def do(database: Database) -> str:
        async with database.writing() as tx:
            of = await sessions.find(tx.db, code) if code else None
            _, token = await people.invite(tx, OPERATOR.person, Role(role), of, name)
            return token

    click.echo(f"{read_settings().home}/invite/{with_database(do)}")


@main.command()
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


LIMITS_OF_PROOF = (
    "This shows that nothing within these logs was changed, moved, added or removed since its head was signed.\n"
    "It cannot show that the end of a log was not cut off together with its signatures: for that, check an export\n"
    "that lies elsewhere, with --archive. Nor can it show anything to somebody who does not know the public key."
)


def sayings(proved: Proof) -> list[str]:
    """What else there is to know, sound or not."""
    signed = f"signed up to entry {proved.signed}" if proved.signed else "not signed: its chain alone speaks for it"
    sealed = f"taken out and sealed: {proved.sealed}" if proved.sealed else ""
    return [line for line in (signed, sealed) if line]


@main.command()
def restored() -> None:
    """To be run after a backup was put back: makes every device start over instead of showing what is gone."""

    async def do(database: Database) -> None:
        async with database.writing() as tx:
            await tx.db.execute(update(Session).values(epoch=Session.epoch + 1))

    with_database(do)
    click.echo("Every device will load its session afresh.")


if __name__ == "__main__":
    main()
