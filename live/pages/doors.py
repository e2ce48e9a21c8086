"""Ways in for people with a link: invitation, another device, receipt; and the way out.

A capability link is the one place where a secret is in an address. Opening it shows a button and changes nothing: mail
and chat programs open links to preview them, and would use them up.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live import texts
from live.pages.visit import house_of, known
from live.rendering import qr, row_view
from sessions import people
from sessions.database import clock
from sessions.people import DEVICE_MINUTES, Invitation, Person
from sessions.permissions import Role
from sessions.refusals import Refusal
from sessions.session import Session

LANDINGS = {
    Role.MODERATOR: "/s/{code}/desk",
    Role.SPEAKER: "/s/{code}/speak",
    Role.HOST: "/office/{code}",
    Role.LIAISON: "/s/{code}/follow-ups",
}
"""Where an invitation leads; whoever is not here goes to the session's page."""


def landing(invitation: Invitation, session: Session | None) -> str:
    if session is None:
        return "/office"
    return LANDINGS.get(Role(invitation.role), "/s/{code}").format(code=session.code)


async def sign_in(request: Request) -> Response:
    return house_of(request).renderer.page(request, "sign_in.html", caller=await known(request), say=None)


async def sign_out(request: Request) -> Response:
    house = house_of(request)
    if token := house.identity.tokens(request.headers).staff:
        async with house.database.writing() as tx:
            await people.sign_out(tx, token)
    response = RedirectResponse("/", 303)
    house.identity.sign_out(response)
    return response


async def invite(request: Request) -> Response:
    """GET shows what the invitation is for; POST uses it up and signs in."""
    house, token = house_of(request), request.path_params["token"]
    caller = await known(request)
    signed_in = caller.person if caller and caller.name is not None else None
    lang = house.renderer.lang(request)
    gettext = house.renderer.gettext(lang)
    async with house.database.reading() as db:
        try:
            invitation = await people.find_invitation(db, token)
        except Refusal:
            invitation = None
        session = await db.get(Session, invitation.session_id) if invitation and invitation.session_id else None
        owner = await db.get(Person, invitation.person_id) if invitation and invitation.person_id else None
    gone = invitation is None or invitation.state(clock()) != "open"
    say = None
    if invitation is not None and not gone and (request.method == "POST" or invitation.standing):
        name = (await request.form()).get("name") if request.method == "POST" else None
        try:
            async with house.database.writing() as tx:
                sign_in_token = await people.accept(tx, token, name if isinstance(name, str) else "", signed_in)
        except Refusal as refusal:
            gone, say = refusal.code == "not_now", refusal.say(gettext, lang)
        else:
            response = RedirectResponse(landing(invitation, session), 303)
            response.headers["Cache-Control"] = "no-store"
            house.identity.sign_in(response, sign_in_token)
            return response
    return house.renderer.page(
        request,
        "invite.html",
        caller=caller,
        status=410 if gone else 400 if say else 200,
        token=token,
        gone=gone,
        say=say,
        session=row_view(session) if session else None,
        owner=owner.name if owner else None,
        role_label=texts.role_labels(gettext)[invitation.role] if invitation else "",
        name_asked=bool(invitation and not invitation.name and not invitation.person_id and not signed_in),
    )


async def device(request: Request) -> Response:
    """A one-use code with which another device signs in as the same person."""
    house, caller, address = house_of(request), await known(request), None
    if caller is None or caller.name is None:
        return RedirectResponse("/sign-in", 303)
    if request.method == "POST":
        async with house.database.writing() as tx:
            token = await people.invite_device(tx, caller.person)
        address = f"{house.settings.home}/invite/{token}"
    return house.renderer.page(
        request,
        "device.html",
        caller=caller,
        url=address,
        qr=qr(address) if address else None,
        minutes=DEVICE_MINUTES,
    )


async def receipt(request: Request) -> Response:
    """The private link to one's own questions. On POST this device may read them, in this session; who it is stays.

    Were it to take the identity over, a stranger's link would have a parent ask in the stranger's name.
    """
    house, token = house_of(request), request.path_params["token"]
    found = house.identity.read_receipt(token)
    if found is None:
        raise Refusal(
            "not_found", "This link is too old, or not known here. Please copy it again from the other phone."
        )
    if request.method == "GET":
        return house.renderer.page(request, "receipt.html", caller=await known(request), token=token)
    response = RedirectResponse(f"/s/{found[1]}/mine", 303)
    house.identity.show_receipt(response, token)
    return response


async def forget(request: Request) -> Response:
    """For a shared computer: nobody who comes after sees this person's questions."""
    response = RedirectResponse("/", 303)
    response.headers["Clear-Site-Data"] = '"storage"'  # Heard on https only; the page's script does the same.
    house_of(request).identity.forget(response)
    return response


routes = [
    Route("/sign-in", sign_in),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/invite/{token}", invite, methods=["GET", "POST"]),
    Route("/device", device, methods=["GET", "POST"]),
    Route("/receipt/{token}", receipt, methods=["GET", "POST"]),
    Route("/forget", forget, methods=["POST"]),
]
