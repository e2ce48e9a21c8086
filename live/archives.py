"""What is published: the list, and one session told afterwards."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from live.pages import view
from live.rendering import row_view
from live.visit import house_of, known, visit
from sessions import session as sessions
from sessions.audiences import card
from sessions.events import SessionState as S
from sessions.question import OPEN, Audience


async def archives(request: Request) -> Response:
    house = house_of(request)
    async with house.database.reading() as db:
        published = await sessions.in_states(db, S.PUBLISHED)
    listed = [row_view(s) for s in reversed(published)]
    return house.renderer.page(request, "archive.html", caller=await known(request), sessions=listed)


async def archive(request: Request) -> Response:
    """What the public board says at the end of the replay: what was shown and later hidden is not in it."""
    here = await visit(request)
    if here.session.state != S.PUBLISHED:
        told = row_view(here.session)
        return here.house.renderer.page(request, "archive_waiting.html", caller=here.caller, session=told)
    feed = await here.feed()
    board = feed.board
    cards = [c for q in board.questions.values() if (c := card(q, Audience.PUBLIC))]
    answered = [c for c in cards if c.state not in OPEN]
    topics = [*board.plan.topics, None]
    return here.house.renderer.page(
        request,
        "archive_session.html",
        caller=here.caller,
        session=view(feed, here.session),
        stage_answered=[c for c in answered if c.settled_at],
        written_answered=[c for c in answered if not c.settled_at],
        open=[c for c in cards if c.state in OPEN],
        tallies=feed.tallies,
        topics=[(topic, found) for topic in topics if (found := [c for c in answered if c.topic == topic])],
        head={"seq": board.seq, "hash": feed.hash},
        counts={
            "questions": len(cards),
            "answered": len(answered),
            "votes": sum(feed.tallies.get(c.id, 0) for c in cards),
        },
    )


routes = [
    Route("/archive", archives),
    Route("/archive/{code}", archive),
]
