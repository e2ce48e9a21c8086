"""Tells the person named for it that a question may speak of danger: by e-mail, by a webhook, or both.

No word of the question and nothing about its asker leaves the house this way: only where to look. Told at least once:
an alarm is taken by one server at a time, and ends with the transaction that records how it was told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import httpx2
import structlog

from live.rendering import Renderer
from live.settings import Settings, is_loopback
from moderation import alarms
from moderation.alarms import Taken
from moderation.questions import Question, change
from sessions.database import Database, clock
from sessions.events import QuestionAlerted, State
from sessions.permissions import Caller
from sessions.refusals import Phrase
from sessions.session import Session

ALARMS = Caller("alarms")
LOOK_EVERY = 2.0
LOOK_AT_MOST_EVERY = 0.1
PATIENCE = 10.0
"""Seconds for each step over the network, and for a webhook as a whole; a mail has a few steps."""
HOLD = timedelta(minutes=2)
"""How long one server has an alarm to itself: longer than telling can take. Then it is told again."""
PAUSES = [timedelta(seconds=s) for s in (5, 15, 60, 300, 900)]
"""After each try that failed; the last goes on until the alarm is too old."""
AT_ONCE = 16
"""Alarms that are told at the same time: one that hangs keeps no other waiting."""

UNFOLDED = SMTP.clone(max_line_length=200, cte_type="7bit")
"""Folded at 78, the subject in two languages would begin with an empty line, which filters take for spam; in 7 bits
every mail server takes it as it is."""
SUBJECT = Phrase("A question may speak of danger")
SAY = Phrase("A question in “{title}” may speak of danger. Please look at it now: {link}")

log = structlog.get_logger()
# It writes each address at INFO, and a webhook's is a secret.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class Alert(NamedTuple):
    """What is told: where to look, and no word of what was asked."""

    question: str
    code: str
    title: str
    link: str
    subject: str
    text: str
    raised_at: datetime


class Way(Protocol):
    """A road to the person named; `how` is its name in the log."""

    @property
    def how(self) -> str: ...

    async def tell(self, alert: Alert) -> None:
        """Raises where it was not taken."""


class NotTaken(Exception):
    """The other side answered, and did not take it."""


@dataclass(frozen=True)
class Email:
    to: tuple[str, ...]
    sender: str
    server: str = field(repr=False)
    how: str = "email"

    async def tell(self, alert: Alert) -> None:
        url = urlsplit(self.server)
        is_tls, is_signed_in = url.scheme == "smtps", bool(url.username)
        # A password goes only where nobody listens; a relay within the house may have a certificate of its own.
        is_strict = is_tls or (is_signed_in and not is_loopback(url.hostname))
        async with asyncio.timeout(PATIENCE * 6):
            refused, _ = await aiosmtplib.send(
                self.message(alert).as_bytes(),
                sender=self.sender,
                recipients=list(self.to),
                hostname=url.hostname,
                port=url.port,
                username=unquote(url.username) if url.username else None,
                password=unquote(url.password or "") if url.username else None,
                use_tls=is_tls,
                start_tls=True if is_strict and not is_tls else None,
                validate_certs=is_strict,
                timeout=PATIENCE,
            )
        if refused:
            log.warning("alarm not taken for some", how=self.how, addresses=len(refused))

    def message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage(policy=UNFOLDED)
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Subject"] = alert.subject
        message["Date"] = format_datetime(clock())
        # The same for each try: whoever got it twice sees it once.
        number = f"{alert.question}.{int(alert.raised_at.timestamp() * 1000)}"
        message["Message-ID"] = f"<{number}@{self.sender.rpartition('@')[2]}>"
        message["Importance"], message["X-Priority"] = "high", "1"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(alert.text)
        return message


@dataclass(frozen=True)
class Webhook:
    address: str = field(repr=False)
    how: str = "webhook"

    async def tell(self, alert: Alert) -> None:
        told = {
            "text": alert.text,
            "link": alert.link,
            "session": alert.code,
            "title": alert.title,
            "question": alert.question,
            "raised_at": alert.raised_at.isoformat(),
        }
        async with (
            asyncio.timeout(PATIENCE),
            httpx2.AsyncClient(timeout=PATIENCE, follow_redirects=False) as http,
            http.stream("POST", self.address, json=told) as answer,
        ):
            if not answer.is_success:
                raise NotTaken(answer.status_code)


def ways(settings: Settings) -> list[Way]:
    """As the settings say; none means that an alarm is shown at the desk alone."""
    found: list[Way] = []
    if settings.alarm_email:
        found.append(Email(tuple(settings.alarm_addresses), settings.alarm_from, settings.smtp_url))
    if settings.alarm_webhook:
        found.append(Webhook(settings.alarm_webhook))
    return found


class Alarms:
    """Takes each alarm that is due, tells it every way, and records which of them worked."""

    def __init__(
        self,
        database: Database,
        ways: Sequence[Way],
        renderer: Renderer,
        home: str,
        moved: Callable[[int], None],
        now: Callable[[], datetime] = clock,
    ) -> None:
        self.database, self.ways, self.renderer, self.home = database, ways, renderer, home
        self.moved, self.now = moved, now
        self.news = asyncio.Event()
        self.telling: set[asyncio.Task[None]] = set()

    def look_now(self) -> None:
        """A session has moved: there may be an alarm."""
        self.news.set()

    async def run(self) -> None:
        try:
            while True:
                self.news.clear()
                try:
                    await self.turn()
                except Exception as error:  # The database may be away for a while: the next turn tries again.
                    log.error("turn failed", turn="Alarms.turn", error=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.news.wait(), LOOK_EVERY)
                await asyncio.sleep(LOOK_AT_MOST_EVERY)
        finally:
            for task in self.telling:
                task.cancel()
            await asyncio.gather(*self.telling, return_exceptions=True)

    async def turn(self) -> None:
        """Begin to tell what is due now."""
        async with self.database.reading() as db:
            due = await alarms.due(db, self.now(), AT_ONCE - len(self.telling))
        for question in due:
            task = asyncio.create_task(self._tell_or_log(question))
            self.telling.add(task)
            task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self.telling.discard(task)
        self.news.set()  # There may be more than were begun at once.

    async def _tell_or_log(self, question: str) -> None:
        try:
            await self._tell(question)
        except Exception as error:  # Not recorded, so it is told again.
            log.error("alarm not recorded", error=type(error).__name__)

    async def _tell(self, question: str) -> None:
        async with self.database.writing() as tx:
            taken = await alarms.take(tx, question, self.now(), self.now() + HOLD)
        if taken is None:  # Another server has it, or a person said that it is none.
            return
        alert = await self._alert(taken)
        async with self.database.reading() as db:
            done = await alarms.ways_done(db, taken)
        left = [way for way in self.ways if way.how not in done]
        worked = [how for how in await asyncio.gather(*(self._try(way, alert, taken) for way in left)) if how]
        pause = None if len(worked) == len(left) else PAUSES[min(taken.tries, len(PAUSES)) - 1]
        async with self.database.writing() as tx:
            await tx.lock(taken.session_id)
            if worked:
                found = await tx.db.get_one(Question, taken.question_id)
                for how in worked:
                    change(tx, ALARMS, found, State(found.state), QuestionAlerted, how=how)
            await alarms.settle(tx, taken, self.now() + pause if pause else None)
        if worked:
            self.moved(taken.session_id)

    async def _try(self, way: Way, alert: Alert, taken: Taken) -> str | None:
        """The name of the way, if it worked."""
        try:
            await way.tell(alert)
        except Exception as error:
            # Whatever it was: never its text, in which the other side may say what it likes.
            code = error.args[0] if isinstance(error, NotTaken) else getattr(error, "code", None)
            log.error("alarm not told", how=way.how, tries=taken.tries, error=type(error).__name__, code=code)
            return None
        return way.how

    async def _alert(self, taken: Taken) -> Alert:
        async with self.database.reading() as db:
            session = await db.get_one(Session, taken.session_id)
        link = f"{self.home}/s/{session.code}/desk?open={taken.question_id}"

        def told(phrase: Phrase, between: str) -> str:
            """In every language: nobody knows which of them the person reads best."""
            sentences = [self.renderer.gettext(lang)(phrase) for lang in self.renderer.translations]
            return between.join(said.format(title=session.title, link=link) for said in dict.fromkeys(sentences))

        return Alert(
            question=taken.question_id,
            code=session.code,
            title=session.title,
            link=link,
            subject=told(SUBJECT, " / "),
            text=told(SAY, "\n\n"),
            raised_at=taken.raised_at,
        )
