"""The desk: one list at a time, the question that is open, the stage and the line, for those who decide.

The page is whole without a script; with one, the same panel is fetched alone for each question that is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from babel import Locale, UnknownLocaleError
from babel.dates import format_timedelta
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from live import texts
from live.feed import Feed
from live.pages import wire
from live.pages.desk_address import FIRST, IN_ADDRESS, Address, Seen, addresses, beside, claims_of, seen
from live.pages.visit import Visit, visit
from live.rendering import session_view
from moderation import states, triage
from moderation.decisions import FLAGS, REASONS
from moderation.triage import Filters
from sessions.audiences import Card, card
from sessions.events import State
from sessions.permissions import Permission
from sessions.question import Audience, Question
from sessions.refusals import Refusal

FOUND = 5
"""Questions offered to join with."""
SAME = 8
"""Other questions of the same asker that are named."""
BALANCE = 8
"""Rows of each table of the balance."""
SLOWER = (0, 30, 60, 120, 300)
"""Seconds between two questions of one person, to choose from."""
JOINABLE = frozenset(state for state, verb in states.TRANSITIONS if verb == "merge")
"""From where a question can be joined with another."""
FILTER_OF = {"languages": "language", "topics": "topic", "schools": "school"}

Choice = tuple[str, str, int | None]
"""(value, words, how many there are)."""


def twins_of(here: Visit) -> Mapping[str, list[str]]:
    """Questions that wait, each with those that are much like it."""
    return here.house.twins.of(here.session.id)


def card_of(feed: Feed, question: Question) -> Card:
    shown = card(question, Audience.DESK, is_muted=question.author in feed.board.muted)
    if shown is None:  # The desk sees every state.
        raise Refusal("not_found", "This question is not here any more.")
    return shown


def language_names(lang: str) -> Callable[[str], str]:
    """What languages are called in `lang`; what has no name there stands for itself."""

    def name(code: str) -> str:
        try:
            told = Locale.parse(code, sep="-").get_display_name(lang)
        except (ValueError, UnknownLocaleError):
            return code
        return told[:1].upper() + told[1:] if told else code

    return name


def options_of(
    there: Collection[Question], filters: Filters, gettext: Callable[[str], str], name_of: Callable[[str], str]
) -> dict[str, list[Choice]]:
    """What each filter offers, with how many questions there are of it; a choice that has none stays while chosen."""
    counted = triage.choices(there)
    labels, words = texts.labels(gettext), texts.choice_labels(gettext)
    named: dict[str, Callable[[str], str]] = {
        "language": name_of,
        "topic": lambda key: words["topic"].get(key, key),
        "school": lambda key: words["school"].get(key, key),
        "flag": lambda key: (words["flag"] | {**labels["flags"]} | {**labels["marks"]}).get(key, key),
        "tag": lambda key: f"#{key}",
    }
    offered: dict[str, list[Choice]] = {"whose": [(key, said, None) for key, said in words["whose"].items()]}
    for name, counts in counted.items():
        chosen = getattr(filters, name)
        found = sorted(counts.items(), key=lambda choice: (-choice[1], choice[0]))
        found += [(chosen, 0)] if chosen and chosen not in counts else []
        offered[name] = [(key, named[name](key), count) for key, count in found]
    return offered


def panel(here: Visit, feed: Feed, question: Question, lang: str, like: str = "") -> dict[str, Any]:
    """What the template of an open question is given."""
    board, shown, living = feed.board, card_of(feed, question), feed.board.living(question)
    may_join = question.state in JOINABLE
    same = [q for q in board.questions.values() if q.author == question.author and q is not question]
    alike, looked = [], None
    if may_join:
        near = (board.questions[i] for i in twins_of(here).get(question.id, []) if i in board.questions)
        alike = [card_of(feed, q) for q in near if may_join_with(question, q)][:FOUND]
    if may_join and like:
        found = triage.matching(board.questions.values(), Filters(text=like), {}, "")
        looked = [card_of(feed, q) for q in reversed(found) if may_join_with(question, q)][:FOUND]
    languages = dict.fromkeys([question.lang, *board.plan.languages, *here.house.renderer.translations])
    return {
        "card": shown,
        "tally": feed.tallies.get(question.id),
        "claim": claims_of(here).get(question.id),
        "alike": alike,
        "like": like,
        "looked": looked,
        "living": None if living is question else card_of(feed, living),
        "merged": [card_of(feed, board.questions[child]) for child in question.merged],
        "same": [(q.id, q.number) for q in same[-SAME:]],
        "flags": FLAGS,
        "langs": [(code, language_names(lang)(code)) for code in languages],
    }


def common(here: Visit, feed: Feed, lang: str, to: Address) -> dict[str, Any]:
    """What every part of the desk is given."""
    plan = feed.board.plan
    return {
        "session": session_view(feed.board, here.session.endless),
        "tallies": feed.tallies,
        "me": here.mark,
        "may_decide": here.caller.may(Permission.DECIDE),
        "reasons": plan.reasons or REASONS,
        "speakers": plan.speakers,
        "language": language_names(lang),
        "to": to,
    }


def may_join_with(question: Question, other: Question) -> bool:
    return other is not question and other.state in states.TWINS and not other.private


def script_knows(here: Visit, feed: Feed, lang: str, told: Mapping[str, Any]) -> Markup:
    """What the desk's script begins with; the cards it fetches itself."""
    gettext, board, name_of = here.house.renderer.gettext(lang), feed.board, language_names(lang)
    labels, plan = texts.labels(gettext), board.plan
    codes = dict.fromkeys([*plan.languages, *(q.lang for q in board.questions.values())])
    return embedded(
        {
            "me": here.mark,
            "claims": claims_of(here),
            "tallies": feed.tallies,
            "reasons": [{"code": code, "say": labels["reasons"].get(code, code)} for code in plan.reasons or REASONS],
            "flags": {code: {"say": labels["flags"][code], "means": labels["meanings"][code]} for code in FLAGS},
            "marks": labels["marks"],
            "states": labels["question"],
            "choices": texts.choice_labels(gettext),
            "languages": {code: name_of(code) for code in codes},
            "topics": plan.topics,
            "schools": plan.schools,
            "speakers": plan.speakers,
            **told,
        }
    )


def embedded(told: Any) -> Markup:
    """JSON within a page."""
    # "</script>" in a word would end the block that carries it.
    return Markup(msgspec.json.encode(told).decode().replace("<", "\\u003c"))  # noqa: S704 (escaped)


def blank(lang: str) -> Card:
    """From which the script makes rows: everything is there, and says nothing."""
    since = datetime.fromtimestamp(0, UTC)
    return Card(
        id="", rev=0, number=0, state=State.HELD, words="", lang=lang, asked_at=since, place="waiting", order=""
    )


def list_of(here: Visit, feed: Feed, seen: Seen, lang: str) -> dict[str, Any]:
    """The list on the left, and what can be seen of it."""
    rows, filters, to = seen.rows, seen.filters, seen.address(here.session.code)
    gettext, after = here.house.renderer.gettext(lang), seen.start + FIRST
    return {
        "list": seen.chosen,
        "view": seen.view,
        "sort": seen.sort,
        "filters": filters,
        "narrowed": len([name for name in filters.on if name != "text"]) + (seen.sort != triage.SORTS[0]),
        "options": options_of(seen.places[seen.chosen], filters, gettext, language_names(lang)),
        "total": len(seen.places[seen.chosen]),
        "found": len(rows),
        "empty": None if rows else "found" if filters.on else seen.chosen,
        "cards": [card_of(feed, question) for question in seen.listed],
        "earlier": max(seen.start - FIRST, 0) if seen.start else None,
        "later": after if after < len(rows) else None,
        "opened": seen.opened.id if seen.opened else "",
        "claims": claims_of(here),
        "twins": twins_of(here),
        "numbers": lambda into: feed.board.questions[into].number,
        "tags": sorted({tag for question in feed.board.questions.values() for tag in question.tags}),
        "clear": to(q="", **dict.fromkeys(IN_ADDRESS, "")),
    }


def line_of(feed: Feed, seen: Seen, code: str, lang: str, gettext: Callable[[str], str]) -> dict[str, Any]:
    """The stage and the line on the right, and who is heard."""
    captions, without, name_of = texts.balance_labels(gettext), texts.choice_labels(gettext), language_names(lang)

    def named(table: str, key: str) -> str:
        return name_of(key) if table == "languages" else without[FILTER_OF[table]].get(key, key)

    return {
        "stage": next((card_of(feed, question) for question in seen.places["stage"]), None),
        "lineup": [card_of(feed, question) for question in triage.in_order(seen.places["lineup"], "lineup")],
        "balance": [
            (table, captions[table], [(key, named(table, key), *numbers) for key, *numbers in rows[:BALANCE]])
            for table, rows in triage.balance(seen.places).items()
        ],
        "to_one": lambda table, key: addresses(code)(**{FILTER_OF[table]: key}),
    }


def slower(lang: str, gettext: Callable[[str], str]) -> list[tuple[int, str]]:
    return [
        (seconds, format_timedelta(timedelta(seconds=seconds), locale=lang) if seconds else texts.no_wait(gettext))
        for seconds in SLOWER
    ]


async def desk(request: Request) -> Response:
    here = await visit(request, Permission.READ_DESK)
    feed, renderer, query = await here.feed(), here.house.renderer, request.query_params
    board, lang = feed.board, renderer.lang(request)
    gettext, ngettext, found = renderer.gettext(lang), renderer.translations[lang].ngettext, seen(here, feed, query)
    to, twins = found.address(here.session.code), twins_of(here)
    opened = panel(here, feed, found.opened, lang, query.get("like", "").strip()) if found.opened else {}
    told = {
        "list": found.chosen,
        "open": found.opened and found.opened.id,
        "may_decide": here.caller.may(Permission.DECIDE),
        "filters": found.filters,
        "sort": found.sort,
        # Of the others it hears as soon as it is connected: in a flood they are most of the page.
        "twins": {row.id: twins[row.id] for row in found.listed if row.id in twins},
    }
    parts: dict[str, Any] = {
        **common(here, feed, lang, to),
        **(opened or {"card": None}),
        **list_of(here, feed, found, lang),
        **line_of(feed, found, here.session.code, lang, gettext),
        **beside(found),
    }
    return renderer.page(
        request,
        "desk.html",
        caller=here.caller,
        **parts,
        kept=found.kept,
        seq=board.head(Audience.DESK),
        epoch=feed.epoch,
        slow=board.slow,
        hold=board.hold,
        review=board.plan.review,
        here=here.house.presence.count(here.session.id),
        counts=triage.counts(found.places),
        slower=slower(lang, gettext),
        keys=texts.desk_keys(gettext),
        blank=blank(lang),
        desk_texts=embedded(texts.script_texts(gettext, ngettext) | texts.desk_texts(gettext, ngettext)),
        desk=script_knows(here, feed, lang, told),
    )


async def question(request: Request) -> Response:
    """One question's panel alone, for the script."""
    try:
        here = await visit(request, Permission.READ_DESK)
        feed, lang = await here.feed(), here.house.renderer.lang(request)
        found = feed.board.questions.get(request.path_params["question"])
        if found is None:
            raise Refusal("not_found", "This question is not here any more.")
    except Refusal as refusal:
        return await wire.refused(request, refusal)
    like = request.query_params.get("like", "").strip()
    template = here.house.renderer.environments[lang].get_template("desk_question.html")
    given = common(here, feed, lang, addresses(here.session.code)) | panel(here, feed, found, lang, like)
    html = template.render(**given, before="", after="").strip()
    rev = found.revs[Audience.DESK]
    return JSONResponse({"id": found.id, "rev": rev, "html": html}, headers={"Cache-Control": "no-store"})


routes = [Route("/s/{code}/desk", desk), Route("/s/{code}/desk/{question}", question)]
