"""A session that is live now and never ends by itself, for trying things out."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from live.house import House, build_house
from live.settings import Settings
from moderation import closing, decisions, lineup
from sessions import captions, lifecycle, people, schema
from sessions.captions import Line
from sessions.database import clock
from sessions.events import Plan
from sessions.permissions import Caller, Role
from sessions.session import Session

MARK = "demo.json"
"""The file that marks a folder as a demo's: its staff links open as often as wanted, which no real session wants."""
HOST = Caller("demo", frozenset({Role.ADMINISTRATOR}), "FACE")
LINKS = {
    "desk": (Role.MODERATOR, "Moderator"),
    "presenter": (Role.SPEAKER, "Speaker"),
    "office": (Role.ADMINISTRATOR, "FACE office"),
}
"""Links that sign in: what as, and under which name."""

ASKED = (
    ("en", "Buses", "Will there be late buses for students who stay for tutoring?"),
    ("es", "Comidas", "¿Los almuerzos seguirán siendo gratis para todos los niños el próximo año?"),
    ("en", "Calendar", "When will the calendar for next year be decided, and can families still say what they think?"),
    ("es", "Buses", "El autobús de la mañana llega tarde casi todos los días. ¿A quién llamamos?"),
    ("en", "Family Centers", "Can I bring donated winter coats to any of the four Family Centers?"),
    ("en", "Buses", "Is there a phone number that answers before 6 in the morning when the bus does not come?"),
    ("es", "Centros familiares", "¿Hay clases de inglés por la noche en el centro familiar, y cuidan a los niños?"),
)
"""(language, topic, words) of the questions that a demo begins with."""
TOPICS = ("Buses", "Meals", "Calendar", "Family Centers")
TOPIC_OF = {"Comidas": "Meals", "Centros familiares": "Family Centers"}
ANSWERED = (
    (
        "en",
        "Where can we get help with school supplies?",
        "At each of the four Family Centers, on any weekday. You do not need an appointment or papers.",
    ),
    (
        "es",
        "¿Quién puede ayudarme a llenar la inscripción?",
        "El personal de los centros familiares la llena con usted, en español, por teléfono o en persona.",
    ),
)
"""(language, question, answer in writing) of the earlier session in the demo's archive."""
STAGED = "What do we do when the bus does not come in the morning?"
SAID = {
    "en": (
        (2, "Family and Community Engagement", "Good evening, and welcome. Your questions come first tonight."),
        (9, "Family and Community Engagement", "The first one is about the morning bus."),
        (61, "Transportation", "Thank you for asking. Wait ten minutes at the stop, then call us."),
        (68, "Transportation", "Somebody answers from five thirty in the morning, in English and in Spanish."),
        (76, "Transportation", "If a bus cannot come, we send another one, and the school knows that it is late."),
        (84, "Transportation", "Your child is not marked as absent for that."),
        (124, "Family and Community Engagement", "Thank you. What we did not get to, we answer in writing."),
    ),
    "es": (
        (2, "Family and Community Engagement", "Buenas noches y bienvenidos. Esta noche, sus preguntas van primero."),
        (9, "Family and Community Engagement", "La primera es sobre el autobús de la mañana."),
        (61, "Transportation", "Gracias por preguntar. Espere diez minutos en la parada y luego llámenos."),
        (68, "Transportation", "Contestamos desde las cinco y media de la mañana, en español y en inglés."),
        (76, "Transportation", "Si un autobús no puede llegar, mandamos otro, y la escuela sabe que viene tarde."),
        (84, "Transportation", "A su hijo no se le pone falta por eso."),
        (124, "Family and Community Engagement", "Gracias. Lo que no alcanzamos lo contestamos por escrito."),
    ),
}
"""What was said in the earlier session, by language: (second, speaker, words)."""
ON_STAGE_FROM, ON_STAGE_UNTIL, ENDED_AFTER = 60, 120, 130
"""Seconds of the earlier session between which its question was on stage, and its length."""


def token(secret: bytes, name: str) -> str:
    """The same link at every start, without keeping it anywhere: derived from the folder's own key."""
    return urlsafe_b64encode(hmac.digest(secret, f"demo:{name}".encode(), hashlib.sha256)).decode().rstrip("=")


async def prepare(settings: Settings) -> str:
    """Make the demo's sessions and staff links where there are none yet; answers the join code."""
    house = build_house(settings)
    try:
        await schema.migrate(house.database)
        return await _prepare(house)
    finally:
        await house.commands.batches.finish()
        await house.database.dispose()


async def _prepare(house: House) -> str:
    if house.settings.data_dir is None:
        raise ValueError("a demo needs a folder of its own")
    mark = house.settings.data_dir / MARK
    if mark.exists():
        code: str = json.loads(mark.read_text())["code"]
        return code
    earlier = await _plan(house, "Back to school: questions of the first week", days_ago=21)
    await _tell_earlier(house, earlier)
    live = await _plan(house, "Getting to school, eating at school: ask the district", days_ago=0)
    await _seed(house, live)
    async with house.database.writing() as tx:
        for name, (role, person) in LINKS.items():
            of = None if role is Role.ADMINISTRATOR else live
            await people.invite(tx, HOST.person, role, of, person, token=token(house.settings.secret(), name))
    mark.write_text(json.dumps({"code": live.code}))
    return live.code


async def _plan(house: House, title: str, days_ago: int) -> Session:
    async with house.database.writing() as tx:
        starts_at = tx.now = tx.now - timedelta(days=days_ago)
        plan = Plan(
            title=title,
            about="Families ask, the district answers: live, in English and in Spanish.",
            topics=TOPICS,
            speakers=("Transportation", "Food Services", "Family and Community Engagement"),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1, minutes=30),
        )
        session = await lifecycle.plan(tx, HOST, plan, endless=True)
        await lifecycle.schedule(tx, HOST)
        await lifecycle.start(tx, HOST)
    return session


class _Script:
    """Runs commands on one session, each under a key of its own."""

    def __init__(self, house: House, session: Session) -> None:
        self.house, self.session = house, session

    async def do(self, command: str, caller: Caller = HOST, **body: Any) -> dict[str, Any]:
        raw = {"key": secrets.token_urlsafe(12), **body}
        return await self.house.commands.run(caller, self.session.id, command, raw)

    async def ask(self, lang: str, topic: str | None, words: str) -> tuple[str, int]:
        """The id of the new question, and its rev."""
        told = await self.do("question.ask", Caller(people.make_id()), words=words, lang=lang, topic=topic)
        async with self.house.database.writing() as tx:
            session = await tx.lock(self.session.id)
            return told["question"], session.seq


async def _tell_earlier(house: House, session: Session) -> None:
    """An evening of three weeks ago, at the times at which it happened."""
    script, start = _Script(house, session), session.starts_at or clock()

    async def after(seconds: float, verb: Callable[..., Awaitable[Any]], **body: Any) -> int:
        """Do it then; answers where the log ends."""
        async with house.database.writing() as tx:
            await tx.lock(session.id)
            tx.now = start + timedelta(seconds=seconds)
            await verb(tx, HOST, **body)
            return tx.session.seq

    question, rev = await script.ask("en", "Buses", STAGED)
    for seconds, verb in (
        (20, decisions.approve),
        (30, lineup.add),
        (ON_STAGE_FROM, lineup.bring),
        (ON_STAGE_UNTIL, lineup.settle),
    ):
        rev = await after(seconds, verb, question=question, rev=rev)
    for lang, words, answer in ANSWERED:
        question, rev = await script.ask(lang, None, words)
        rev = await after(40, decisions.approve, question=question, rev=rev)
        await after(3 * 24 * 3600, decisions.answer, question=question, rev=rev, words=answer, lang=lang)
    await after(ENDED_AFTER, closing.end)
    for lang, said in SAID.items():
        lines = [Line(at * 1000, at * 1000 + 6500, speaker, words) for at, speaker, words in said]
        await after(24 * 3600, captions.take_in, lang=lang, lines=lines)
    await script.do("session.publish")


async def _seed(house: House, session: Session) -> None:
    script = _Script(house, session)
    for number, (lang, topic, words) in enumerate(ASKED):
        question, rev = await script.ask(lang, TOPIC_OF.get(topic, topic), words)
        if number < 5:  # The last two wait at the desk.
            rev = (await script.do("question.approve", question=question, rev=rev))["rev"]
        if number < 2:
            await script.do("lineup.add", question=question, rev=rev)
        for _ in range((5 - number) * 3 if number < 5 else 0):
            await script.do("question.vote", Caller(people.make_id()), question=question)


def links(settings: Settings, code: str) -> dict[str, str]:
    home, secret = settings.home, settings.secret()
    return {
        "code": code,
        "families": f"{home}/s/{code}",
        "desk": f"{home}/invite/{token(secret, 'desk')}",
        "presenter": f"{home}/invite/{token(secret, 'presenter')}",
        "stage": f"{home}/s/{code}/stage",
        "archive": f"{home}/archive",
        "office": f"{home}/invite/{token(secret, 'office')}",
    }


def is_demo(folder: Path | None) -> bool:
    return folder is not None and (folder / MARK).exists()
