"""The office: plan sessions, invite people, open the doors, publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.pages import row_view
from live.rendering import qr
from live.visit import Visit, house_of, visit
from sessions import lifecycle, people
from sessions import session as sessions
from sessions.database import clock
from sessions.events import Plan
from sessions.events import SessionState as S
from sessions.lifecycle import TRANSITIONS
from sessions.permissions import Caller, Permission, Role
from sessions.refusals import Refusal
from sessions.session import Session

NEAR = ("America/Phoenix", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York")
"""Time zones to choose from first."""
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
        "publish": (_("Publish the answers"), _("Everybody can read the questions and answers in the archive.")),
        "cancel": (_("Cancel it"), _("It will not take place. This cannot be undone.")),
    }


MAIN = ("schedule", "open_doors", "start", "resume", "end", "publish")
"""The one next step of a session, by the first of these that its state allows."""


def actions(session: Session, _: Gettext) -> list[dict[str, Any]]:
    """What the host may do now, the next step first."""
    texts = steps(_, session.endless)
    possible = [verb for verb in texts if (S(session.state), verb) in TRANSITIONS]
    main = next((verb for verb in MAIN if verb in possible), None)
    return [
        {"command": f"session.{verb}", "label": texts[verb][0], "hint": texts[verb][1], "primary": verb == main}
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
    return {"label": now[0]["label"], "href": None, "command": now[0]["command"]}


async def staff(request: Request) -> Caller | None:
    """Who is signed in, with their district-wide roles."""
    house = house_of(request)
    person = await house.identity.staff(house.identity.tokens(request.headers).staff)
    if person is None:
        return None
    async with house.database.reading() as db:
        return await people.caller(db, person, None)


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


def form_of(plan: Plan) -> dict[str, Any]:
    """A plan as the form shows it: times on the wall clock of the session's zone."""

    def wall(at: datetime | None) -> str:
        return at.astimezone(ZoneInfo(plan.zone)).strftime("%Y-%m-%dT%H:%M") if at else ""

    return {
        "title": plan.title,
        "about": plan.about,
        "languages": list(plan.languages),
        "topics": list(plan.topics),
        "speakers": list(plan.speakers),
        "starts_at": wall(plan.starts_at),
        "ends_at": wall(plan.ends_at),
        "zone": plan.zone,
        "doors_minutes": plan.doors_minutes,
        "review": plan.review,
        "names": plan.names,
        "limit": plan.limit,
    }


def typed(form: FormData) -> dict[str, Any]:
    """What was typed, as it was typed."""
    known = form_of(Plan(title=""))
    values = {name: str(form.get(name, "")).replace("\r\n", "\n") for name in known}
    return values | {"languages": [str(code) for code in form.getlist("languages")]}


def read(form: Mapping[str, Any], languages: set[str], _: Gettext) -> tuple[Plan | None, dict[str, str]]:
    """The plan that was typed, or what is wrong with it by field."""
    errors: dict[str, str] = {}
    zone = form["zone"] if form["zone"] in available_timezones() else None
    if zone is None:
        errors["zone"] = _("Please choose a time zone from the list.")

    def moment(name: str) -> datetime | None:
        if not form[name]:
            return None
        try:
            # In UTC at once: in the hour that a clock repeats, a moment equals none of another zone.
            return datetime.fromisoformat(form[name]).replace(tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)
        except (ValueError, OverflowError):
            errors[name] = _("Please give a date and a time, such as 2026-09-01 18:00.")
            return None

    def whole(name: str, least: int, most: int) -> int:
        value = int(form[name]) if form[name].isascii() and form[name].isdigit() and len(form[name]) < 9 else -1
        if not least <= value <= most:
            errors[name] = _("Please give a number from {least} to {most}.").format(least=least, most=most)
        return value

    starts_at, ends_at = moment("starts_at"), moment("ends_at")
    if starts_at is None and "starts_at" not in errors:
        errors["starts_at"] = _("Please set a start time first.")
    if starts_at and ends_at and ends_at <= starts_at:
        errors["ends_at"] = _("The end has to come after the start.")
    if not form["title"].strip():
        errors["title"] = _("Please give it a title.")
    chosen = tuple(code for code in form["languages"] if code in languages)
    if not chosen:
        errors["languages"] = _("Please choose at least one language.")
    plan = Plan(
        title=form["title"],
        about=form["about"],
        languages=chosen,
        topics=tuple(form["topics"].splitlines()),
        speakers=tuple(form["speakers"].splitlines()),
        starts_at=starts_at,
        ends_at=ends_at,
        zone=zone or "UTC",
        doors_minutes=whole("doors_minutes", 0, 7 * 24 * 60),
        review=form["review"] != "false",
        names="never" if form["names"] == "never" else "optional",
        limit=whole("limit", lifecycle.LIMITS.start, lifecycle.LIMITS.stop - 1),
    )
    return (None if errors else plan), errors


def form_page(
    request: Request, caller: Caller, form: Mapping[str, Any], errors: Mapping[str, str], session: Session | None
) -> Response:
    renderer = house_of(request).renderer
    zones = dict.fromkeys([*NEAR, form["zone"], *sorted(available_timezones())])
    return renderer.page(
        request,
        "office_form.html",
        caller=caller,
        status=400 if errors else 200,
        session=row_view(session) if session else None,
        form=form,
        errors=errors,
        zones=[zone for zone in zones if zone],
        all_languages=renderer.environments["en"].globals["languages"],
    )


async def new(request: Request) -> Response:
    house, caller = house_of(request), await staff(request)
    if caller is None:
        return RedirectResponse("/sign-in", 303)
    caller.require(Permission.PLAN_SESSIONS)
    if request.method == "GET":
        return form_page(request, caller, form_of(Plan(title="")), {}, None)
    lang = house.renderer.lang(request)
    form = typed(await request.form(max_files=0))
    plan, errors = read(form, set(house.renderer.translations), house.renderer.gettext(lang))
    if plan is not None:
        try:
            async with house.database.writing() as tx:
                session = await lifecycle.plan(tx, caller, plan)
            return RedirectResponse(f"/office/{session.code}", 303)
        except Refusal as refusal:
            errors = {"title": refusal.say(house.renderer.gettext(lang), lang)}
    return form_page(request, caller, form, errors, None)


async def edit(request: Request) -> Response:
    here = await visit(request, Permission.RUN_SESSION)
    house, lang = here.house, here.house.renderer.lang(request)
    if request.method == "GET":
        return form_page(request, here.caller, form_of(here.session.plan), {}, here.session)
    form = typed(await request.form(max_files=0))
    plan, errors = read(form, set(house.renderer.translations), house.renderer.gettext(lang))
    if plan is not None:
        try:
            async with house.database.writing() as tx:
                await tx.lock(here.session.id)
                await lifecycle.change(tx, here.caller, plan)
            house.moved(here.session.id)
            return RedirectResponse(f"/office/{here.session.code}", 303)
        except Refusal as refusal:
            errors = {"title": refusal.say(house.renderer.gettext(lang), lang)}
    return form_page(request, here.caller, form, errors, here.session)


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
    if here.caller.may(Permission.READ_CONTACTS):
        links["follow_ups"] = f"/s/{code}/follow-ups"
    if here.session.state == S.PUBLISHED:
        links["archive"] = f"/archive/{code}"
    now = clock()
    return house.renderer.page(
        request,
        "office_session.html",
        caller=here.caller,
        session=row_view(here.session),
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
    Route("/office/new", new, methods=["GET", "POST"]),
    Route("/office/{code}", session),
    Route("/office/{code}/edit", edit, methods=["GET", "POST"]),
    Route("/office/{code}/invite", invite, methods=["POST"]),
    Route("/office/{code}/revoke", revoke, methods=["POST"]),
    Route("/office/{code}/remove", remove, methods=["POST"]),
]
