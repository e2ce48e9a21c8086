"""The form in which a session is planned and changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.pages.visit import house_of, staff, visit
from live.rendering import row_view
from moderation.decisions import REASONS
from sessions import lifecycle
from sessions.database import clock
from sessions.events import Plan
from sessions.permissions import Caller, Permission
from sessions.refusals import Refusal
from sessions.session import Session

NEAR = ("America/Phoenix", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York")
"""Time zones to choose from first."""
Gettext = Callable[[str], str]


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
        "schools": list(plan.schools),
        "reasons": list(plan.reasons or REASONS),
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
    return values | {name: [str(one) for one in form.getlist(name)] for name in ("languages", "reasons")}


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
    # All of them is what a plan says without any: a reason that is added to our table later is then among them.
    reasons = tuple(code for code in REASONS if code in form["reasons"])
    plan = Plan(
        title=form["title"],
        about=form["about"],
        languages=chosen,
        topics=tuple(form["topics"].splitlines()),
        speakers=tuple(form["speakers"].splitlines()),
        schools=tuple(form["schools"].splitlines()),
        reasons=() if reasons == REASONS else reasons,
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
        all_reasons=REASONS,
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
    _ = house.renderer.gettext(lang)
    plan, errors = read(form, set(house.renderer.translations), _)
    if plan and plan.starts_at and plan.starts_at < clock():
        plan, errors = None, {"starts_at": _("This time has passed. Please choose a later one.")}
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
                there = tx.session.plan
                # Laid down on the page of the review, and no part of this form.
                kept = {name: getattr(there, name) for name in ("recording", "offset", "links")}
                await lifecycle.change(tx, here.caller, msgspec.structs.replace(plan, **kept))
            house.moved(here.session.id)
            return RedirectResponse(f"/office/{here.session.code}", 303)
        except Refusal as refusal:
            errors = {"title": refusal.say(house.renderer.gettext(lang), lang)}
    return form_page(request, here.caller, form, errors, here.session)


routes = [
    Route("/office/new", new, methods=["GET", "POST"]),
    Route("/office/{code}/edit", edit, methods=["GET", "POST"]),
]
