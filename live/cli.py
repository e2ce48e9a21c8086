"""The `facetoface` command."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import click
import segno
import structlog
from sqlalchemy import update

from live import demo as demos
from live import server
from live.console import OPERATOR, bind, read_settings, with_database
from live.pages.passes import plan_rehearsal
from live.rehearse import rehearse
from live.settings import Settings
from live.verify import verify
from live.workers import Workers
from sessions import lifecycle, people
from sessions import session as sessions
from sessions.database import AWAY, Database
from sessions.events import Plan
from sessions.permissions import Role
from sessions.session import Session

log = structlog.get_logger()


@click.group()
@click.version_option(package_name="facetoface")
def main() -> None:
    """Live question-and-answer sessions between a school district and its families."""


main.add_command(rehearse)
main.add_command(verify)


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
def restored() -> None:
    """To be run after a backup was put back: makes every device start over instead of showing what is gone."""

    async def do(database: Database) -> None:
        async with database.writing() as tx:
            await tx.db.execute(update(Session).values(epoch=Session.epoch + 1))

    with_database(do)
    click.echo("Every device will load its session afresh.")


if __name__ == "__main__":
    main()
