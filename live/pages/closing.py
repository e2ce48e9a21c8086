"""The closing of a session: what is still open, how the rest ended, and the steps that are left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from live.pages.visit import Visit, visit
from live.rendering import row_view
from moderation import outcomes
from moderation.outcomes import OPEN_AS, OUTCOMES
from sessions import policy
from sessions.audiences import card
from sessions.board import Board
from sessions.database import clock
from sessions.events import SessionState as S
from sessions.lifecycle import TRANSITIONS
from sessions.permissions import Permission
from sessions.question import Audience

USUAL_DAYS = 7
"""The day that is proposed for what is carried over."""


async def closing(request: Request) -> Response:
    here = await visit(request, Permission.READ_DESK)
    board = (await here.feed()).board
    open_ones = outcomes.left_open(board.questions.values())
    ends = outcomes.tally(board.questions.values())
    today = clock().astimezone(ZoneInfo(board.plan.zone)).date()
    return here.house.renderer.page(
        request,
        "close.html",
        caller=here.caller,
        session=row_view(here.session) | {"completed_at": board.completed_at},
        all=len(board.questions),
        left=sum(map(len, open_ones.values())),
        open=[(way, OPEN_AS[way], [card(q, Audience.DESK) for q in those]) for way, those in open_ones.items()],
        ends=[(OUTCOMES[end], count) for end, count in ends.items()],
        due=today + timedelta(days=USUAL_DAYS),
        today=today,
        may=steps(here, board),
        at=clock(),
    )


def steps(here: Visit, board: Board) -> dict[str, Any]:
    """What the caller can do here now."""
    runs, state = here.caller.may(Permission.RUN_SESSION), S(board.state)
    is_over, left = state in policy.AFTER, [q for q in board.questions.values() if q.is_open]
    alone = sum(q.follow_up is None for q in left)
    return {
        "end": runs and (state, "end") in TRANSITIONS,
        "carry_over": alone if is_over and here.caller.may(Permission.DECIDE) else 0,
        "complete": runs and is_over and not left and board.completed_at is None,
        "publish": runs and (state, "publish") in TRANSITIONS,
        "decide": here.caller.may(Permission.DECIDE),
        "office": runs,
        "is_over": is_over,
    }


routes = [Route("/s/{code}/close", closing)]
