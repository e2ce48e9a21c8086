"""The published rules of a session: what may be asked, how questions are treated, and why one may not be taken up."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from live.pages.families import OVER
from live.pages.screens import view
from live.pages.visit import visit
from sessions.events import SessionState


async def rules(request: Request) -> Response:
    here = await visit(request)
    feed = await here.feed()
    return here.house.renderer.page(
        request,
        "rules.html",
        caller=here.caller,
        session=view(feed, here.session),
        may_ask=SessionState(here.session.state) not in OVER,
    )


routes = [Route("/s/{code}/rules", rules)]
