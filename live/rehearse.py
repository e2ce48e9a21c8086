"""`facetoface rehearse`: a rehearsal as the operator watches it, and what was found."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import click
import rich
import rich.progress
import rich.table

from live.pages.passes import read_link
from live.phone import SILENT
from live.rehearsal import MOST_PHONES, MOST_SECONDS, NotAllowed, Rehearsal
from live.verdict import FAILS, Findings, judge, percentile


@click.command()
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
