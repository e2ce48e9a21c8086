"""The office: sessions with their next steps, the people in them, and invitations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.pages.visit import Visit, house_of, staff, visit
from live.rendering import qr, row_view
from sessions import people, policy
from sessions import session as sessions
from sessions.database import clock
from sessions.events import SessionState as S
from sessions.lifecycle import TRANSITIONS
from sessions.permissions import Permission, Role
from sessions.refusals import Refusal
from sessions.session import Session

Gettext = Callable[[str], str]


def steps(_: Gettext, endless: bool) -> dict[str, tuple[str, str]]:
    """What a host can do with a session: verb -> (label, what it means)."""
    return {
        "schedule": (_("Announce it"), _("Families see it under “coming up”.")),
        "open_doors": (_("Open the doors"), _("Families come in and ask ahead. By itself, this happens on time.")),
        "start": (_("Start the session"), _("Questions can be brought on stage.")),
        "resume": (_("Go on"), _("The break is over.")),
        "pause": (_("Take a break"), _("Families can go on asking meanwhile.")),
        "end": (_("End the session"), _("Nothing more can be asked. Answers in writing can still be added.")),
        "publish": (_("Review and publish"), _("Everybody can read the questions and answers in the archive.")),
        "withdraw": (_("Take it back to correct it"), _("Readers see that it is being corrected.")),
        "cancel": (_("Cancel it"), _("It will not take place. This cannot be undone.")),
    }


MAIN = ("schedule", "open_doors", "start", "resume", "end", "publish")
"""The one next step of a session, by the first of these that its state allows."""


CONFIRMED = ("end", "cancel")
"""What cannot be undone is pressed twice."""
REVIEWED = ("publish", "withdraw")
"""What is done on the page of the review."""


def actions(session: Session, _: Gettext) -> list[dict[str, Any]]:
    """What the host may do now, the next step first."""
    texts = steps(_, session.endless)
    possible = [verb for verb in texts if (S(session.state), verb) in TRANSITIONS]
    main = next((verb for verb in MAIN if verb in possible), None)
    return [
        {
            "command": f"session.{verb}",
            "label": texts[verb][0],
            "hint": texts[verb][1],
            "primary": verb == main,
            "confirm": verb in CONFIRMED,
            "href": f"/office/{session.code}/review" if verb in REVIEWED else None,
        }
        for verb in sorted(possible, key=lambda v: v != main)
    ]


def next_step(session: Session, _: Gettext) -> dict[str, Any]:
    """The one thing to do next, for the list."""
    if session.state == S.PUBLISHED:
        return {"label": _("Read the archive"), "href": f"/archive/{session.code}", "command": None}
    if session.state in (S.LIVE, S.PAUSED, S.DOORS_OPEN):
        return {"label": _("To the desk"), "href": f"/s/{session.code}/desk", "command": None}
    now = actions(session, _)
    if not now:
        return {"label": _("Look at it"), "href": f"/office/{session.code}", "command": None}
    href = now[0]["href"]
    return {"label": now[0]["label"], "href": href, "command": None if href else now[0]["command"]}


async def office(request: Request) -> Response:
    house, caller = house_of(request), await staff(request)
    if caller is None:
        return RedirectResponse("/sign-in", 303)
    _ = house.renderer.gettext(house.renderer.lang(request))
    async with house.database.reading() as db:
        all_of_them = await sessions.in_states(db, *S)
        mine = await people.sessions_of(db, caller.person)
        callers = {
            s.id: await people.caller(db, caller.person, s.id) for s in all_of_them if None in mine or s.id in mine
        }
    listed = [
        row_view(s) | {"next_step": next_step(s, _)}
        for s in reversed(all_of_them)
        if s.id in callers and callers[s.id].may(Permission.RUN_SESSION)
    ]
    return house.renderer.page(request, "office.html", caller=caller, sessions=listed, say=None)


async def session(request: Request) -> Response:
    return await session_page(request, await visit(request, Permission.RUN_SESSION))


async def session_page(request: Request, here: Visit, fresh: dict[str, Any] | None = None) -> Response:
    house, code = here.house, here.session.code
    async with house.database.reading() as db:
        invitations = await people.invitations(db, here.session.id)
        members = await people.members(db, here.session.id)
    links = {
        "families": f"/s/{code}",
        "desk": f"/s/{code}/desk",
        "presenter": f"/s/{code}/speak",
        "stage": f"/s/{code}/stage",
    }
    if here.caller.may(Permission.FOLLOW_UP):
        links["follow_ups"] = f"/s/{code}/follow-ups"
    if S(here.session.state) in policy.AFTER:
        links |= {"captions": f"/office/{code}/captions", "review": f"/office/{code}/review"}
    links |= {"close": f"/s/{code}/close", "log": f"/s/{code}/log"}
    if here.session.state == S.PUBLISHED:
        links["archive"] = f"/archive/{code}"
    now = clock()
    feed = await here.feed()
    return house.renderer.page(
        request,
        "office_session.html",
        caller=here.caller,
        session=row_view(here.session),
        unsettled=sum(q.is_open for q in feed.board.questions.values()),
        actions=actions(here.session, house.renderer.gettext(house.renderer.lang(request))),
        invitations=[
            {
                "id": i.id,
                "role": i.role,
                "name": i.name,
                "made_at": i.made_at,
                "expires_at": i.expires_at,
                "state": i.state(now),
            }
            for i in invitations
            if not i.standing
        ],
        memberships=[{"id": m.id, "name": p.name, "role": m.role} for m, p in members],
        links=links,
        fresh=fresh,
    )


async def invite(request: Request) -> Response:
    """Make an invitation and show its link, this once."""
    here = await visit(request, Permission.INVITE)
    form = await request.form(max_files=0)
    try:
        role = Role(str(form.get("role", "")))
    except ValueError:
        raise Refusal("bad", "Please choose what they are invited as.") from None
    if role is Role.ADMINISTRATOR:
        raise Refusal("not_allowed", "Administrators are invited by the people who run this server.")
    async with here.house.database.writing() as tx:
        _, token = await people.invite(tx, here.caller.person, role, here.session, str(form.get("name", "")))
    address = f"{here.house.settings.home}/invite/{token}"
    return await session_page(request, here, {"url": address, "qr": qr(address), "role": str(role)})


async def revoke(request: Request) -> Response:
    here = await visit(request, Permission.INVITE)
    number = str((await request.form(max_files=0)).get("invitation", ""))
    async with here.house.database.writing() as tx:
        await people.revoke(tx, here.session.id, int(number) if number.isascii() and number.isdigit() else 0)
    return RedirectResponse(f"/office/{here.session.code}", 303)


async def remove(request: Request) -> Response:
    """Take a person's role in this session away; what they have open closes within seconds."""
    here = await visit(request, Permission.INVITE)
    number = str((await request.form(max_files=0)).get("membership", ""))
    async with here.house.database.writing() as tx:
        await people.remove(tx, here.session.id, int(number) if number.isascii() and number.isdigit() else 0)
    return RedirectResponse(f"/office/{here.session.code}", 303)


routes = [
    Route("/office", office),
    Route("/office/{code}", session),
    Route("/office/{code}/invite", invite, methods=["POST"]),
    Route("/office/{code}/revoke", revoke, methods=["POST"]),
    Route("/office/{code}/remove", remove, methods=["POST"]),
]
