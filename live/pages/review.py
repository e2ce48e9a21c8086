"""Before and after publishing: what will be public, what personal data may be in it, and what is still open."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.pages.clocks import clock_of, exact, offset_of
from live.pages.visit import Visit, visit
from live.rendering import row_view
from moderation import outcomes, review
from moderation.review import Finding
from sessions import lifecycle, transcript
from sessions.archive import Archive
from sessions.events import Link, Plan
from sessions.events import SessionState as S
from sessions.lifecycle import TRANSITIONS
from sessions.permissions import Permission
from sessions.refusals import Refusal

MOST = 100
"""Findings that are listed; how many there are is told."""


async def page(request: Request) -> Response:
    return await review_page(request, await visit(request, Permission.RUN_SESSION))


async def review_page(
    request: Request, here: Visit, *, status: int = 200, say: str = "", typed: dict[str, str] | None = None
) -> Response:
    found = await here.house.archives.of(here.session)
    board = (await here.feed()).board
    # Beside the loop: two thousand questions take a second.
    findings = await asyncio.to_thread(review.findings, found, here.house.commands.profanity)
    state, plan = S(here.session.state), here.session.plan
    return here.house.renderer.page(
        request,
        "review.html",
        caller=here.caller,
        status=status,
        session=row_view(here.session),
        archive=found,
        counts=counts(found),
        tracks=[(lang, len(cues), clock_of(cues[-1].end)) for lang, cues in found.tracks.items()],
        names=review.named(found),
        voices=review.voices(found),
        findings=[(finding, place(here.session.code, finding)) for finding in findings[:MOST]],
        found=len(findings),
        open=sum(len(those) for those in outcomes.left_open(board.questions.values()).values()),
        may={verb: (state, verb) in TRANSITIONS for verb in ("publish", "withdraw")},
        say_wrong=say,
        typed=typed or form_of(plan),
    )


def counts(found: Archive) -> dict[str, int]:
    by_section = [transcript.section_of(asked) for asked in found.questions]
    return {"questions": len(by_section)} | {name: by_section.count(name) for name in ("stage", "written", "open")}


def place(code: str, finding: Finding) -> str:
    """Where its words are put right."""
    if finding.where == "caption":
        return f"/office/{code}/captions?lang={finding.lang}&cue={finding.id}#c-{finding.id}"
    return f"/s/{code}/desk?open={finding.id}"


def form_of(plan: Plan) -> dict[str, str]:
    return {
        "recording": plan.recording,
        "offset": exact(plan.offset),
        "links": "\n".join(f"{link.label} {link.address}" for link in plan.links),
    }


async def save(request: Request) -> Response:
    """The recording, where in it the session starts, and the links."""
    here = await visit(request, Permission.RUN_SESSION)
    house, lang = here.house, here.house.renderer.lang(request)
    form = await request.form(max_files=0, max_fields=20)
    typed = {name: str(form.get(name, "")).replace("\r\n", "\n") for name in ("recording", "offset", "links")}
    try:
        changes = read(typed)
        async with house.database.writing() as tx:
            await tx.lock(here.session.id)
            await lifecycle.change(tx, here.caller, msgspec.structs.replace(tx.session.plan, **changes))
    except Refusal as refusal:
        say = refusal.say(house.renderer.gettext(lang), lang)
        return await review_page(request, here, status=refusal.status, say=say, typed=typed)
    house.moved(here.session.id)
    return RedirectResponse(f"/office/{here.session.code}/review#recording", 303)


def read(typed: dict[str, str]) -> dict[str, Any]:
    """What of a plan was typed. Raises Refusal `bad`."""
    links = []
    for line in filter(str.strip, typed["links"].split("\n")):
        label, _, address = line.strip().rpartition(" ")
        links.append(Link(label.strip() or address, address))
    return {"recording": typed["recording"].strip(), "offset": offset_of(typed["offset"]), "links": tuple(links)}


routes = [
    Route("/office/{code}/review", page),
    Route("/office/{code}/review", save, methods=["POST"]),
]
