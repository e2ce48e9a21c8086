"""The person named is told that a question may speak of danger: once, soon, and without a word of it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from live.alarms import HOLD, PAUSES, SAY, SUBJECT, Alarms, Email, Way, Webhook, ways
from live.rendering import Renderer
from live.settings import Settings
from moderation import asking
from moderation.alarms import TOO_OLD, Alarm
from sessions.database import Database, clock
from sessions.events import QuestionAlerted, State
from sessions.permissions import Caller
from tests.house import CIPHER, House, check
from tests.running import PATIENCE, SECRET, RunningServer, open_hall, until, until_is
from tests.servers import free_port

WORDS = "Somebody at home hurts my son Mateo and I am afraid"
HOME = "https://ask.example.org"
TITLE = "Autobuses «ñ» {title}"


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return clock() + self.ahead


class Foreign:
    """A server of somebody else's that a test can bring down, silence, and read."""

    def __init__(self) -> None:
        self.server: asyncio.Server | None = None
        # One that nobody takes while it is down.
        self.port = free_port()
        self.is_silent = False
        self.arrived = asyncio.Event()
        self.open: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self.server:
            self.server.close()
        for task in self.open:
            task.cancel()
        await asyncio.gather(*self.open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.open.add(task)
        try:
            if self.is_silent:
                await asyncio.Event().wait()
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(task)
            writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class MailServer(Foreign):
    """As much of SMTP as it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = b"250 taken"
        self.before_answer: Callable[[], Awaitable[None]] | None = None
        self.mails: list[tuple[str, list[str], EmailMessage]] = []
        self.raw: list[bytes] = []
        self.signed_in: list[bytes] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org\r\n")
        sender, to = "", list[str]()
        while line := await reader.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word == "EHLO":
                writer.write(b"250-mail.example.org\r\n250 AUTH PLAIN\r\n")
            elif word == "AUTH":
                self.signed_in.append(base64.b64decode(rest.partition(" ")[2]))
                writer.write(b"235 welcome\r\n")
            elif word == "MAIL":
                sender, to = rest.partition("<")[2].partition(">")[0], []
                writer.write(b"250 ok\r\n")
            elif word == "RCPT":
                to.append(rest.partition("<")[2].partition(">")[0])
                writer.write(b"250 ok\r\n")
            elif word == "DATA":
                writer.write(b"354 go on\r\n")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                if self.before_answer:
                    await self.before_answer()
                if self.answer.startswith(b"2"):
                    self.raw.append(raw)
                    self.mails.append((sender, to, message_from_bytes(raw, policy=default)))
                writer.write(self.answer + b"\r\n")
                self.arrived.set()
            elif word == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()


class HookServer(Foreign):
    """As much of HTTP as it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.headers = b"204 No Content", b""
        self.calls: list[tuple[str, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=secret"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        assert headers["content-type"] == "application/json"
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.calls.append((lines[0], body))
        writer.write(b"HTTP/1.1 " + self.status + b"\r\n" + self.headers + b"content-length: 0\r\n\r\n")
        await writer.drain()
        self.arrived.set()


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def hook() -> AsyncIterator[HookServer]:
    server = HookServer()
    await server.start()
    yield server
    await server.stop()


def email(mail: MailServer, **more: Any) -> Email:
    return Email(("lia@example.org", "duty@example.org"), "face@example.org", more.pop("server", mail.url), **more)


class Office:
    """A house whose alarms are told, by a clock that the test turns."""

    def __init__(self, house: House, *ways: Way, database: Database | None = None) -> None:
        settings = Settings(database_url="sqlite+aiosqlite:///none/none.db", secret_key=SECRET, public_url=HOME)
        self.house, self.clock, self.moved = house, Clock(), list[int]()
        self.renderer = Renderer(settings)
        self.alarms = Alarms(
            database or house.database, ways, self.renderer, settings.home, self.moved.append, self.clock
        )

    async def turn(self) -> None:
        """Tell all that is due, to the end."""
        await self.alarms.turn()
        while self.alarms.telling:
            await asyncio.gather(*self.alarms.telling)

    async def row(self) -> Alarm | None:
        async with self.house.database.reading() as db:
            return (await db.scalars(select(Alarm))).one_or_none()

    async def alerted(self) -> list[tuple[str, str, str]]:
        """(question, how, by) of all that was recorded."""
        found = [entry.event for entry in await self.house.entries()]
        return [(e.question, e.how, e.by) for e in found if isinstance(e, QuestionAlerted)]


async def raised(house: House, words: str = WORDS) -> str:
    """A question that a moderator has flagged."""
    question = await house.ask(words, name="Rosa Valenzuela", contact="520-555-0142")
    await house.do(house.ben, "question.flag", question=question, flag="danger")
    return question


@pytest.fixture
async def danger(database: Database) -> House:
    return await House.build(database, title=TITLE)


async def test_it_is_told_by_mail_and_webhook_once_and_recorded(
    danger: House, mail: MailServer, hook: HookServer
) -> None:
    house, office = danger, Office(danger, email(mail), Webhook(hook.url))
    await office.turn()
    assert (mail.mails, hook.calls) == ([], [])
    question = await raised(house)
    for _ in range(3):
        await office.turn()
        office.clock.ahead += timedelta(hours=1)

    link = f"{HOME}/s/{house.code}/desk?open={question}"
    sentences = [office.renderer.gettext(lang)(SAY).format(title=TITLE, link=link) for lang in ("en", "es")]
    text = "\n\n".join(dict.fromkeys(sentences))
    assert text.startswith(f"A question in “{TITLE}” may speak of danger. Please look at it now: {link}")
    ((sender, to, message),) = mail.mails
    assert (sender, to) == ("face@example.org", ["lia@example.org", "duty@example.org"])
    assert message["To"] == "lia@example.org, duty@example.org"
    assert message["Subject"] == f"{SUBJECT} / {office.renderer.gettext('es')(SUBJECT)}"
    assert message.get_content().strip().splitlines() == text.splitlines()
    assert message["Auto-Submitted"] == "auto-generated"

    row = await office.row()
    assert row and row.told_at and row.tries == 1
    ((request, told),) = hook.calls
    assert request == "POST /hook?key=secret HTTP/1.1"
    assert told == {
        "text": text,
        "link": link,
        "session": house.code,
        "title": TITLE,
        "question": question,
        "raised_at": row.raised_at.isoformat(),
    }
    assert await office.alerted() == [(question, "email", "alarms"), (question, "webhook", "alarms")]
    assert office.moved == [house.session_id]
    found = (await house.board()).questions[question]
    assert [said.outcome for said in found.alerts] == ["email", "webhook"]
    await check(house)


async def test_no_word_of_the_question_leaves_the_house_or_reaches_a_log(
    small_house: House, mail: MailServer, hook: HookServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    office = Office(small_house, email(mail), Webhook(hook.url))
    mail.answer, hook.status = b"451 later, " + WORDS.encode(), b"500 No"
    question = await raised(small_house)
    with capture_logs() as logs:
        await office.turn()
        mail.answer, hook.status = b"250 taken", b"200 OK"
        office.clock.ahead += PAUSES[0]
        await office.turn()
    assert sorted((entry["event"], entry["how"], entry["code"]) for entry in logs) == [
        ("alarm not told", "email", 451),
        ("alarm not told", "webhook", 500),
    ]
    author = (await small_house.board()).questions[question].author
    said = [mail.mails[0][2].as_string(), mail.mails[0][2].get_content(), mail.raw[0].decode(), str(hook.calls)]
    written = [str(logs), *(f"{r.name} {r.getMessage()}" for r in caplog.records if r.name != "asyncio")]
    foreign = [*WORDS.split(), "Rosa", "Valenzuela", "520-555-0142", author]
    for text in [*said, *written]:
        assert [word for word in foreign if len(word) > 4 and word in text] == []
    assert [text for text in written if "key=secret" in text or hook.url in text] == []


async def test_what_is_seen_when_it_is_asked_or_changed_is_told_too(house: House, mail: MailServer) -> None:
    """The alarm lies in the same commit as the words."""
    office, flags = Office(house, email(mail)), ("danger",)
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        asked = await asking.ask(tx, house.rosa, words="Number 1?", lang="en", flags=flags)
    await office.turn()
    changed = await house.ask("Number 2?")
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        await asking.edit(tx, house.rosa, changed, "Number 3?", "en", flags=flags)
    await office.turn()
    assert await office.alerted() == [(asked.id, "email", "alarms"), (changed, "email", "alarms")]
    await check(house)


async def test_what_a_person_cleared_before_is_not_told(house: House, mail: MailServer) -> None:
    office = Office(house, email(mail))
    question = await raised(house)
    await house.do(house.ben, "question.flag", question=question, flag="danger", on=False)
    await office.turn()
    assert (mail.mails, await office.alerted(), await office.row()) == ([], [], None)
    # And flagged again, it is an alarm again; also after it was told once.
    for count in (1, 2):
        await house.do(house.ben, "question.flag", question=question, flag="danger")
        await office.turn()
        assert len(mail.mails) == count
        await house.do(house.ben, "question.flag", question=question, flag="danger", on=False)
    assert await office.alerted() == [(question, "email", "alarms")] * 2
    await check(house)


async def test_other_flags_are_no_alarm(small_house: House, mail: MailServer) -> None:
    office = Office(small_house, email(mail))
    question = await small_house.ask()
    await small_house.do(small_house.ben, "question.flag", question=question, flag="look")
    await small_house.do(small_house.ben, "question.flag", question=question, flag="look", on=False)
    await office.turn()
    assert mail.mails == []


async def test_a_question_taken_back_is_told_all_the_same(small_house: House, mail: MailServer) -> None:
    """Somebody wrote it, and then was afraid."""
    office = Office(small_house, email(mail))
    question = await raised(small_house)
    await small_house.do(small_house.rosa, "question.withdraw", question=question)
    await office.turn()
    assert len(mail.mails) == 1
    assert await small_house.state(question) is State.WITHDRAWN
    await check(small_house)


async def test_it_is_tried_again_with_growing_pauses(house: House, mail: MailServer) -> None:
    office = Office(house, email(mail))
    await mail.stop()
    question = await raised(house)
    with capture_logs() as logs:
        for tries, pause in enumerate([*PAUSES, PAUSES[-1]], start=1):
            await office.turn()
            assert len(logs) == tries
            office.clock.ahead += pause - timedelta(seconds=2)
            await office.turn()
            assert len(logs) == tries, "not before its time"
            office.clock.ahead += timedelta(seconds=2)
    assert {(entry["event"], entry["log_level"]) for entry in logs} == {("alarm not told", "error")}
    assert await office.alerted() == []
    await mail.start()
    await office.turn()
    assert (len(mail.mails), await office.alerted()) == (1, [(question, "email", "alarms")])
    await check(house)


async def test_after_a_day_it_is_not_tried_any_more(small_house: House, mail: MailServer) -> None:
    """Whoever sets an address next week is not told of last week's questions; the desk shows that nobody was."""
    office = Office(small_house, email(mail))
    await raised(small_house)
    office.clock.ahead = TOO_OLD
    await office.turn()
    row = await office.row()
    assert (mail.mails, row and row.told_at) == ([], None)


@pytest.mark.parametrize("fault", ["refused", "redirected", "gone"])
async def test_the_way_that_failed_is_tried_again_and_not_the_one_that_worked(
    small_house: House, mail: MailServer, hook: HookServer, fault: str
) -> None:
    office, elsewhere = Office(small_house, email(mail), Webhook(hook.url)), HookServer()
    await elsewhere.start()
    if fault == "gone":
        await hook.stop()
    elif fault == "refused":
        hook.status = b"503 Later"
    else:
        hook.status, hook.headers = b"307 Elsewhere", b"location: " + elsewhere.url.encode() + b"\r\n"
    question = await raised(small_house)
    await office.turn()
    assert await office.alerted() == [(question, "email", "alarms")], "somebody knows, and the desk is told so"
    await hook.stop()
    await hook.start()
    hook.status, hook.headers = b"200 OK", b""
    hook.calls.clear()
    office.clock.ahead += PAUSES[0]
    await office.turn()
    assert (len(mail.mails), len(hook.calls), elsewhere.calls) == (1, 1, [])
    assert await office.alerted() == [(question, "email", "alarms"), (question, "webhook", "alarms")]
    await elsewhere.stop()
    await check(small_house)


async def test_who_says_nothing_keeps_nobody_else_waiting(
    small_house: House, mail: MailServer, hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.alarms.PATIENCE", 2.0)
    office = Office(small_house, email(mail), Webhook(hook.url))
    mail.is_silent = True
    first = await raised(small_house)
    await office.alarms.turn()
    await asyncio.wait_for(hook.arrived.wait(), PATIENCE)
    second = await raised(small_house, "And another one?")
    hook.arrived.clear()
    await office.alarms.turn()
    await asyncio.wait_for(hook.arrived.wait(), PATIENCE)
    assert [told["question"] for _, told in hook.calls] == [first, second]
    await office.turn()
    assert await office.alerted() == [(first, "webhook", "alarms"), (second, "webhook", "alarms")]
    await check(small_house)


async def test_two_servers_tell_it_once(house: House, migrated_url: str, mail: MailServer) -> None:
    databases = [Database(migrated_url, CIPHER) for _ in range(2)]
    offices = [Office(house, email(mail), database=database) for database in databases]
    raised_ones = [await raised(house, f"Number {n}?") for n in range(12)]
    running = [asyncio.create_task(office.alarms.run()) for office in offices]
    await until(lambda: len(mail.mails) >= len(raised_ones))

    async def recorded() -> int:
        return len(await offices[0].alerted())

    await until_is(recorded, len(raised_ones))
    for office in offices:
        await office.turn()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert sorted(message["Message-ID"].partition(".")[0] for _, _, message in mail.mails) == sorted(
        f"<{question}" for question in raised_ones
    )
    assert sorted(await offices[0].alerted()) == sorted((question, "email", "alarms") for question in raised_ones)
    for database in databases:
        await database.dispose()
    await check(house)


async def test_a_crash_between_telling_and_recording_tells_once_more(house: House, mail: MailServer) -> None:
    """At least once: and so that whoever reads it sees that it is the same."""
    office, question = Office(house, email(mail)), await raised(house)
    holding = contextlib.AsyncExitStack()

    async def hold() -> None:
        """Somebody has the lock just when it is to be recorded."""
        tx = await holding.enter_async_context(house.database.writing())
        await tx.lock(house.session_id)

    mail.before_answer = hold
    running = asyncio.create_task(office.alarms.run())
    await asyncio.wait_for(mail.arrived.wait(), PATIENCE)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await holding.aclose()
    mail.before_answer = None
    assert (len(mail.mails), await office.alerted()) == (1, [])

    again = Office(house, email(mail))
    await again.turn()
    assert len(mail.mails) == 1, "for a while it is still the first one's"
    again.clock.ahead = HOLD + timedelta(seconds=1)
    for _ in range(3):
        await again.turn()
        again.clock.ahead += timedelta(hours=1)
    assert (len(mail.mails), await again.alerted()) == (2, [(question, "email", "alarms")])
    assert mail.mails[0][2]["Message-ID"] == mail.mails[1][2]["Message-ID"]
    await check(house)


async def test_cleared_while_it_is_told_it_is_still_recorded(house: House, mail: MailServer) -> None:
    office, question = Office(house, email(mail)), await raised(house)

    async def clear() -> None:
        await house.do(house.ben, "question.flag", question=question, flag="danger", on=False)

    mail.before_answer = clear
    await office.turn()
    mail.before_answer = None
    assert (len(mail.mails), await office.alerted()) == (1, [(question, "email", "alarms")])
    await house.do(house.ben, "question.flag", question=question, flag="danger")
    await office.turn()
    assert len(mail.mails) == 2, "a new alarm is told anew"
    await check(house)


async def test_it_looks_at_once_when_a_session_moved_and_goes_on_after_a_fault(
    house: House, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.alarms.LOOK_EVERY", 60)
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    office = Office(house, email(mail), database=nowhere)
    running = asyncio.create_task(office.alarms.run())
    try:
        with capture_logs() as logs:
            await until(lambda: logs)
        office.alarms.database = house.database
        question = await raised(house)
        office.alarms.look_now()
        await until(lambda: office.moved == [house.session_id])
        assert await office.alerted() == [(question, "email", "alarms")]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [(entry["event"], entry["turn"]) for entry in logs] == [("turn failed", "Alarms.turn")]


@pytest.mark.parametrize("user", ["face", "face%40example.org"])
async def test_it_signs_in_at_the_mail_server(small_house: House, mail: MailServer, user: str) -> None:
    office = Office(small_house, email(mail, server=f"smtp://{user}:p%3Aw%2Fd@127.0.0.1:{mail.port}"))
    await raised(small_house)
    await office.turn()
    name = user.replace("%40", "@").encode()
    assert (mail.signed_in, len(mail.mails)) == ([b"\0" + name + b"\0p:w/d"], 1)


async def test_a_password_is_sent_to_no_other_machine_unless_it_is_encrypted(
    small_house: House, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same server, as if it were not this very machine."""
    monkeypatch.setattr("live.alarms.is_loopback", lambda host: False)
    office = Office(small_house, email(mail, server=f"smtp://face:secret@127.0.0.1:{mail.port}"))
    await raised(small_house)
    with capture_logs() as logs:
        await office.turn()
    assert (mail.signed_in, mail.mails, [entry["event"] for entry in logs]) == ([], [], ["alarm not told"])


def test_the_ways_are_those_of_the_settings(tmp_path: Path) -> None:
    base: dict[str, Any] = {"database_url": f"sqlite+aiosqlite:///{tmp_path}/x.db", "secret_key": SECRET}
    mails: dict[str, Any] = {"alarm_email": "a@x.org, b@x.org", "alarm_from": "f@x.org", "smtp_url": "smtp://u:p@x.org"}
    hook: dict[str, Any] = {"alarm_webhook": "https://x.org/hook"}
    assert ways(Settings(**base)) == []
    assert ways(Settings(**base, **mails)) == [Email(("a@x.org", "b@x.org"), "f@x.org", "smtp://u:p@x.org")]
    assert ways(Settings(**base, **mails, **hook))[1:] == [Webhook("https://x.org/hook")]
    assert "u:p" not in repr(ways(Settings(**base, **mails)))


def test_pages_know_what_to_dial(tmp_path: Path) -> None:
    base: dict[str, Any] = {"database_url": f"sqlite+aiosqlite:///{tmp_path}/x.db", "secret_key": SECRET}
    renderer = Renderer(Settings(**base, help_line="520-555-0100", emergency="112"))
    for environment in renderer.environments.values():
        site: Any = environment.globals["site"]
        assert (site["help_line"], site["emergency"]) == ("520-555-0100", "112")


async def test_a_running_server_tells_it_and_writes_no_word_of_it(
    sqlite_url: str, mail: MailServer, hook: HookServer
) -> None:
    told = {
        "alarm_email": "lia@example.org",
        "alarm_from": "face@example.org",
        "smtp_url": mail.url,
        "alarm_webhook": hook.url,
        "log_level": "DEBUG",
    }
    with RunningServer(sqlite_url, **told) as server:
        async with open_hall(server) as hall:
            question = await hall.house.ask(WORDS)
            ben = await hall.staff("ben")
            desk = await hall.join(ben, "desk", "desk")
            await ben.do("question.flag", question=question, flag="danger")
            await until(lambda: mail.mails and hook.calls)
            await desk.until(lambda: len(desk.cards[question].get("alerts", [])) == 2)
            assert hook.calls[0][1]["link"] == f"{server.base}/s/{hall.code}/desk?open={question}"
        server.stop()
        written = server.written()
    assert [word for word in [*WORDS.split(), "key=secret"] if len(word) > 4 and word in written] == []


async def test_without_a_way_the_desk_alone_shows_it(small_house: House) -> None:
    question = await raised(small_house)
    card = (await small_house.board()).questions[question]
    assert ("danger" in card.flags, card.alerts) == (True, ())
    assert Caller("alarms").is_staff is False
