"""Snapshot and patches make a fresh snapshot: after every command, for everybody, however they came to it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event as statements
from sqlalchemy import update

from live.broadcast import Broadcast, personal
from live.cli import main
from live.commands import COMMANDS
from live.feed import Channel
from live.frames import BREATH
from live.identity import mark
from live.patches import patch_of
from live.rendering import Renderer
from live.settings import Settings
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import Audience
from sessions.session import Session
from tests.house import House
from tests.running import PATIENCE, SECRET, Device, Hall, RunningServer, Visitor, open_hall, shared_server

VIEWS = {
    "json": (("public", "families"), ("public", "stage"), ("speaker", "speak"), ("desk", "desk")),
    "html": (("public", "families"), ("public", "stage"), ("speaker", "speak"), ("desk", "desk")),
}
WHO = {"public": "rosa", "speaker": "sam", "desk": "ben"}


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server(), live=False) as hall:
        yield hall


@pytest.fixture
async def brisk_hall(tmp_path: Path) -> AsyncIterator[Hall]:
    """Where nobody waits long for the next tick: sixty of them, one after the other, are most of ten seconds."""
    with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/facetoface.db", tick=0.02) as server:
        async with open_hall(server, live=False) as hall:
            yield hall


class Cast:
    """Who takes part in a story; Rosa's phone speaks Spanish."""

    def __init__(self, **visitors: Visitor) -> None:
        self.visitors = visitors

    def __getattr__(self, name: str) -> Visitor:
        return self.visitors[name]


async def cast(hall: Hall) -> Cast:
    staff = {name: await hall.staff(name) for name in ("ana", "ben", "sam")}
    return Cast(rosa=hall.visitor(lang="es"), luz=hall.visitor(), **staff)


async def story(people: Cast) -> AsyncIterator[str]:
    """Every command there is, but for `session.cancel` and what needs captions, each told after it was done."""
    rosa, luz, ben, sam, ana = people.rosa, people.luz, people.ben, people.sam, people.ana

    async def on(command: str, question: str, by: Visitor | None = None, **more: Any) -> str:
        seen = {card["id"]: card["rev"] for card in (await ben.board(audience="desk", format="json"))["cards"]}
        await (by or ben).do(command, question=question, rev=seen[question], **more)
        return command

    async def plain(command: str, by: Visitor, **body: Any) -> str:
        await by.do(command, **body)
        return command

    yield await plain("session.schedule", ana)
    yield await plain("session.reschedule", ana, starts_at="2031-01-01T18:00:00-07:00")
    yield await plain("session.open_doors", ana)
    for visitor in (rosa, luz):
        assert (await visitor.get()).status_code == 200
    bus = await rosa.ask("¿El autobús para en Speedway?", lang="es", topic="Buses", name="Rosa")
    yield "question.ask"
    lunch, coats, rude = await luz.ask("What is for lunch?"), await luz.ask("Coats?"), await rosa.ask("Rude?")
    call = await luz.ask("Can you call me?", private=True, contact="520-555-0100")
    yield await plain("question.edit", rosa, question=bus, words="¿El autobús para en Speedway y Park?", lang="es")
    for question in (bus, lunch, coats, rude):
        yield await on("question.approve", question)
    yield await plain("question.vote", luz, question=bus)
    yield await plain("question.vote", rosa, question=lunch)
    yield await plain("question.unvote", luz, question=bus)
    yield await on("question.hide", rude)
    yield await on("question.restore", rude)
    yield await on("question.decline", rude, reason="language", say="Please ask it in other words.")
    yield await plain("question.note", ben, question=bus, words="Transportation knows.")
    yield await on("question.answer", call, words="We will call you tonight.", lang="en")
    yield await on("question.answer", rude, words="This is what we can say.", lang="en")
    yield await plain("session.start", ana)
    for question in (bus, lunch, coats):
        yield await on("lineup.add", question)
    twin = await rosa.ask("And what is for lunch on Fridays?")
    yield await on("question.merge", twin, into=lunch)
    yield await on("question.unmerge", twin)
    yield await on("question.merge", twin, into=lunch)
    yield await plain("question.flag", ben, question=bus, flag="look")
    yield await plain("question.tag", ben, question=bus, tag="routes")
    yield await plain("question.see", ben, question=bus)
    yield await plain("question.claim", ben, question=bus)
    yield await plain("question.release", ben, question=bus)
    yield await on("question.edit_words", bus, words="¿El autobús para en Speedway?")
    yield await plain("words.redact", ben, question=bus, reason="wish", phrase="Speedway")
    yield await plain("words.redact", ben, question=twin, reason="child")
    yield await on("lineup.assign", bus)
    yield await plain("participant.mute", ben, question=lunch)
    yield await plain("participant.unmute", ben, question=lunch)
    yield await plain("input.slow", ben, seconds=30)
    yield await plain("input.slow", ben, seconds=0)
    yield await plain("input.hold", ben, on=True)
    yield await on("lineup.move", coats)
    yield await on("lineup.remove", coats)
    yield await plain("question.withdraw", luz, question=coats)
    yield await plain("input.pause", ben)
    yield await plain("input.resume", ben)
    yield await on("stage.bring", lunch, sam)
    yield await on("stage.skip", lunch, sam)
    yield await plain("session.pause", ana)
    yield await plain("session.resume", ana)
    yield await plain("stage.next", sam)
    yield await on("stage.settle", bus)
    yield await on("question.reopen", bus)
    yield await on("question.answer", bus, sam, words="Sí, desde el lunes.", lang="es")
    yield await on("question.answer", bus, words="Y también los sábados.", lang="es")
    late = await rosa.ask("Is there a late bus?")
    yield await on("question.hand_over", late, to="Ms. Ortiz")
    last = await rosa.ask("Is this the last one?")
    yield await on("question.approve", last)
    yield await on("stage.bring", lunch)
    yield await on("stage.defer", lunch)
    yield await plain("session.end", ana)
    yield await plain("session.carry_over", ana, owner="Ms. Ortiz")
    yield await plain("followup.attempt", ben, question=last, outcome="no_answer")
    for question in (last, lunch):
        yield await on("followup.plan", question, owner="Mr. Paz", due="2031-01-08")
        yield await on("followup.close", question, outcome="answered", words="By telephone.")
    yield await plain("session.complete", ana)
    yield await plain("session.publish", ana)
    yield await plain("session.withdraw", ana)
    yield await plain("session.publish", ana)
    yield await on("question.hide", lunch)


async def joined(hall: Hall, people: Cast, audience: str, screen: str, form: str) -> Device:
    return await hall.join(getattr(people, WHO[audience]), audience, screen, form)


async def test_patches_lead_to_what_a_newcomer_sees_after_every_command(brisk_hall: Hall) -> None:
    hall, people = brisk_hall, await cast(brisk_hall)
    all_views = [(*view, form) for form in VIEWS for view in VIEWS[form]]
    devices = [await joined(hall, people, *view) for view in all_views if view[0] != "public"]
    cut: list[Device] = []
    views, done = itertools.cycle(all_views), set()
    step = 0
    async for command in story(people):
        done.add(command)
        if not people.rosa.cookie:
            continue
        step += 1
        if step == 1:
            devices += [await joined(hall, people, *view) for view in all_views if view[0] == "public"]
        await hall.agree(devices)
        # Newcomers in the middle, each with another view; and others are away for a while and back.
        if step % 3 == 1:
            devices.append(await joined(hall, people, *next(views)))
        if step % 6 == 3:
            cut.append(devices[step // 6 % len(devices)])
            await cut[-1].leave()
            devices.remove(cut[-1])
        if step % 6 == 0:
            devices.append(await cut.pop(0).connect())
    assert done == set(COMMANDS) - {"session.cancel", "caption.correct", "caption.redact"}
    for device in cut:
        await device.connect()
    await hall.agree()
    assert {(device.view["screen"], device.form) for device in devices} == {view[1:] for view in all_views}


@pytest.mark.parametrize("form", VIEWS)
async def test_nobody_needs_to_wait_for_anything(hall: Hall, form: str) -> None:
    """The same at full speed: changes are merged into patches, and devices join while a tick is waiting."""
    people = await cast(hall)
    views = itertools.cycle(VIEWS[form])
    joining: list[asyncio.Task[Device]] = []
    async for _ in story(people):
        if people.rosa.cookie and len(joining) < 16:
            joining.append(asyncio.create_task(joined(hall, people, *next(views), form)))
    await asyncio.gather(*joining)
    await hall.agree()


async def test_a_cancelled_session_is_told_to_who_waits_for_it(hall: Hall) -> None:
    people = await cast(hall)
    await people.ana.do("session.schedule")
    await people.rosa.get()
    device = await joined(hall, people, "public", "families", "json")
    await people.ana.do("session.cancel")
    await device.until(lambda: device.session["state"] == "cancelled")
    await device.agrees()


async def test_after_a_backup_was_put_back_every_device_starts_over(hall: Hall) -> None:
    """The epoch changes: the one that is connected hears of it, and one that comes back is not believed."""
    people = await cast(hall)
    await people.ana.do("session.schedule")
    await people.ana.do("session.start")
    await people.rosa.get()
    question = await people.rosa.ask()
    await people.ben.decide("question.approve", question)
    here, away = [await joined(hall, people, "public", "families", form) for form in VIEWS]
    await hall.agree()
    await away.leave()
    for device in (here, away):
        device.cards["ghost"] = {"id": "ghost", "rev": 1}
    environment = {"FACETOFACE_DATABASE_URL": hall.server.database_url, "FACETOFACE_SECRET_KEY": SECRET}
    ran = await asyncio.to_thread(CliRunner().invoke, main, ["restored"], env=environment)
    assert (ran.exit_code, ran.output) == (0, "Every device will load its session afresh.\n")
    await here.until(lambda: here.epoch == 2)
    await away.connect()
    await hall.agree()
    assert list(here.cards) == list(away.cards) == [question]


async def test_the_whole_board_and_every_catch_up_have_one_shape(hall: Hall) -> None:
    people = await cast(hall)
    async for _ in story(people):
        pass
    for audience, screen in VIEWS["json"]:
        visitor = getattr(people, WHO[audience])
        whole = await visitor.board(audience=audience, screen=screen, format="json")
        for since in range(whole["to"] + 1):
            for form in ("json", "html") if since % 5 == 0 else ("json",):
                query: dict[str, Any] = {
                    "audience": audience,
                    "screen": screen,
                    "format": form,
                    "since": since,
                    "epoch": 1,
                }
                patch = await visitor.board(**query)
                assert (patch["epoch"], patch["from"], patch["to"]) == (1, since, whole["to"])
                gone = [card for card in patch["cards"] if card.get("gone")]
                assert all(card.keys() - {"into"} == {"gone", "id", "rev"} for card in gone)
                if form == "html":
                    shown = [card for card in patch["cards"] if not card.get("gone")]
                    assert all(sorted(card) == ["html", "id", "order", "place", "rev"] for card in shown)
            assert all(card["rev"] > since for card in patch["cards"])
        # A number from the future, and one of another epoch, is answered with the whole board.
        for beyond in ({"since": whole["to"] + 1, "epoch": 1}, {"since": 3, "epoch": 7}, {"since": "x", "epoch": 1}):
            again = await visitor.board(audience=audience, screen=screen, format="json", **beyond)
            # Who says that they were here before is told the tallies of all cards, those that are nothing too.
            nothing = dict.fromkeys((card["id"] for card in again["cards"]), 0) if beyond["since"] != "x" else {}
            assert again == {**whole, "tallies": nothing | whole["tallies"]}


async def test_a_patch_that_is_heard_twice_changes_nothing(hall: Hall) -> None:
    people = await cast(hall)
    await people.ana.do("session.schedule")
    await people.ana.do("session.start")
    await people.rosa.get()
    device = await joined(hall, people, "public", "families", "json")
    for _ in range(3):
        await people.ben.decide("question.approve", await people.rosa.ask())
    await hall.agree()
    before = device.shows
    for event, told in list(device.heard):
        if event == "patch":
            assert device.take(told)
    assert device.shows == before


# What follows is one server's part alone, with everything it sends written down.


class Told:
    """A broadcast whose sendings are written down, on a house without a server."""

    def __init__(self, house: House, tmp_path: Path, tick: float) -> None:
        settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db", secret_key=SECRET)
        self.house, self.sent = house, list[tuple[str, Any, str]]()
        self.news = asyncio.Event()
        self.broadcast = Broadcast(house.database, Renderer(settings), tick)
        self.broadcast.send = self.send
        self.channel = Channel(house.session_id, Audience.PUBLIC, "families", "json", "")

    async def send(self, event: str, payload: Any, to: str) -> None:
        self.sent.append((event, payload, to))
        self.news.set()

    async def until(self, event: str, count: int) -> list[Any]:
        async with asyncio.timeout(PATIENCE):
            while len(found := [p for e, p, _ in self.sent if e == event]) < count:
                self.news.clear()
                await self.news.wait()
        return found

    async def until_idle(self) -> None:
        task = self.broadcast.feeds[self.house.session_id].flushing
        if task:
            await task


async def test_the_first_change_goes_out_at_once_and_the_rest_of_a_tick_as_one(
    small_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, is_over = Told(small_house, tmp_path, tick=0.3), asyncio.Event()

    async def tick(seconds: float) -> None:
        """Over when the test says so, however long its commands take."""
        assert 0 <= seconds <= 0.3
        await is_over.wait()

    monkeypatch.setattr("live.broadcast.asyncio.sleep", tick)
    questions = [await small_house.ask(f"Number {n}?") for n in range(4)]
    feed = await told.broadcast.fresh(small_house.session_id)
    told.broadcast.enter(feed, told.channel)
    await small_house.decide("question.approve", questions[0])
    told.broadcast.nudge(small_house.session_id)
    first = (await told.until("patch", 1))[0]
    assert [card["id"] for card in first["cards"]] == [questions[0]]
    for question in questions[1:]:
        await small_house.decide("question.approve", question)
        told.broadcast.nudge(small_house.session_id)
    # Somebody joins while the tick is waiting, and reads further than what was told.
    newcomer = patch_of(told.broadcast.renderer, await told.broadcast.fresh(small_house.session_id), told.channel, 0)
    assert len(newcomer["cards"]) == 4
    is_over.set()
    merged = (await told.until("patch", 2))[1]
    await told.until_idle()
    assert [event for event, _, _ in told.sent].count("patch") == 2
    assert (merged["from"], merged["to"]) == (first["to"], newcomer["to"])
    assert [card["id"] for card in merged["cards"]] == questions[1:]


async def test_who_is_behind_hears_the_head_with_every_beat(small_house: House, tmp_path: Path) -> None:
    told = Told(small_house, tmp_path, tick=0)
    feed = await told.broadcast.fresh(small_house.session_id)
    await told.broadcast.beat()
    assert told.sent == [], "nobody is here"
    told.broadcast.enter(feed, told.channel)
    await told.broadcast.beat()
    assert told.sent == [("pulse", {"head": feed.board.public}, told.channel.address)]


async def test_a_look_finds_what_another_server_committed(small_house: House, tmp_path: Path) -> None:
    """A new event, a vote, or a new epoch; and nothing is told when there is nothing."""
    told = Told(small_house, tmp_path, tick=0)
    question = await small_house.asked(State.SHOWN)
    feed = await told.broadcast.fresh(small_house.session_id)
    told.broadcast.enter(feed, told.channel)
    await told.broadcast.look()
    await told.until_idle()
    assert told.sent == []
    await small_house.decide("lineup.add", question)
    await told.broadcast.look()
    assert (await told.until("patch", 1))[0]["cards"][0]["state"] == "queued"
    await told.until_idle()
    await small_house.do(small_house.ben, "question.vote", question=question)
    await told.broadcast.look()
    assert await told.until("pulse", 1) == [{"tallies": {question: 1}, "head": feed.board.public}]
    await told.until_idle()
    async with small_house.database.writing() as tx:
        await tx.db.execute(update(Session).values(epoch=2))
    await told.broadcast.look()
    again = (await told.until("patch", 2))[1]
    assert (again["epoch"], again["from"], len(again["cards"])) == (2, 0, 1)
    people = {to for event, _, to in told.sent if event == "notice"}
    assert people == {personal(small_house.session_id, small_house.rosa.person)}


async def test_votes_that_were_lost_out_of_sight_are_told_when_it_comes_back(
    small_house: House, tmp_path: Path
) -> None:
    """Nobody is told the votes of what they do not see: so with the card comes that there are none any more."""
    told = Told(small_house, tmp_path, tick=0)
    bus, twin = await small_house.asked(State.SHOWN), await small_house.ask("And the bus?", Caller("luis"))
    await small_house.decide("question.merge", twin, into=bus)
    feed = await told.broadcast.fresh(small_house.session_id)
    told.broadcast.enter(feed, told.channel)
    assert told.broadcast.pulse(feed, told.channel.audience)["tallies"] == {bus: 1}
    for question, command in (
        (bus, "question.hide"),
        (twin, "question.unmerge"),
        (bus, "question.restore"),
        (bus, "question.approve"),
    ):
        await small_house.decide(command, question)
        await told.broadcast.look()
        await told.until_idle()
    assert [what for event, what, _ in told.sent if event == "pulse"] == [
        {"tallies": {bus: 0}, "head": feed.board.public}
    ]


async def test_a_page_that_reads_ahead_leaves_no_device_behind(small_house: House, tmp_path: Path) -> None:
    """Another server commits, and here a page is asked for before anybody looked: what it read is told as well."""
    told = Told(small_house, tmp_path, tick=0)
    question = await small_house.asked(State.SHOWN)
    told.broadcast.enter(await told.broadcast.fresh(small_house.session_id), told.channel)
    await small_house.decide("lineup.add", question)
    await told.broadcast.fresh(small_house.session_id)
    assert (await told.until("patch", 1))[0]["cards"][0]["state"] == "queued"
    await told.until_idle()
    await small_house.do(small_house.ben, "question.vote", question=question)
    await told.broadcast.fresh(small_house.session_id)
    assert (await told.until("pulse", 1))[0]["tallies"] == {question: 1}
    await told.until_idle()
    await told.broadcast.look()
    await told.broadcast.fresh(small_house.session_id)
    await told.until_idle()
    assert [event for event, _, _ in told.sent] == ["patch", "notice", "pulse"], "told once, and no more"


async def test_the_desk_hears_who_decided_before_it_hears_what(small_house: House, tmp_path: Path) -> None:
    """Families never do, and nobody is named who is not of the staff."""
    told = Told(small_house, tmp_path, tick=0)
    desk = told.channel._replace(audience=Audience.DESK, screen="desk")
    question, other = await small_house.ask(), await small_house.ask("Another one?")
    feed = await told.broadcast.fresh(small_house.session_id)
    for channel in (told.channel, desk):
        told.broadcast.enter(feed, channel)
    await small_house.decide("question.approve", question)
    await small_house.do(small_house.ben, "question.note", question=other, words="Who knows?")
    await small_house.do(small_house.rosa, "question.withdraw", question=other)
    told.broadcast.nudge(small_house.session_id)
    await told.until("patch", 2)
    await told.until_idle()
    ben = {question: {"by": mark("ben"), "name": "Ben"}}
    assert [payload for _, payload, _ in told.sent if "acts" in payload] == [{"acts": ben}]
    at_the_desk = [(event, "acts" in payload) for event, payload, to in told.sent if to == desk.address]
    assert at_the_desk == [("pulse", True), ("patch", False)]


async def test_boards_of_sessions_without_devices_are_let_go(small_house: House, tmp_path: Path) -> None:
    told = Told(small_house, tmp_path, tick=0)
    kept = await told.broadcast.fresh(small_house.session_id)
    told.broadcast.enter(kept, told.channel)
    others = [await House.build(small_house.database, live=False) for _ in range(53)]
    for other in others:
        await told.broadcast.fresh(other.session_id)
    assert len(told.broadcast.feeds) <= 51
    assert told.broadcast.feeds[small_house.session_id] is kept, "one with devices is never let go"
    told.broadcast.leave(told.channel)
    assert (kept.devices, kept.told, kept.cards) == ({}, {}, {})


async def test_a_thousand_who_come_at_once_cost_a_few_readings(small_house: House, tmp_path: Path) -> None:
    """And what this server committed is in what they get, however short a time ago."""
    told, said = Told(small_house, tmp_path, tick=0), list[str]()
    for engine in small_house.database.sync_engines:
        statements.listen(engine, "before_cursor_execute", lambda *about: said.append(about[2]))
    await told.broadcast.find(small_house.code)
    said.clear()
    for _ in range(10):
        await asyncio.gather(*(told.broadcast.find(small_house.code.lower()) for _ in range(100)))
    assert len(said) <= 10
    said.clear()
    await asyncio.gather(*(told.broadcast.fresh(small_house.session_id) for _ in range(1000)))
    assert len(said) <= 10, "who waits for a reading shares the next one"
    question = await small_house.asked(State.SHOWN)
    told.broadcast.nudge(small_house.session_id)
    assert question in (await told.broadcast.recent(small_house.session_id)).board.questions


async def test_votes_are_told_a_few_times_a_second(small_house: House, tmp_path: Path) -> None:
    """The first at once; of those that follow, the last tally counts, and none is forgotten."""
    told = Told(small_house, tmp_path, tick=0.5)
    assert Broadcast(small_house.database, told.broadcast.renderer, 0.15).tallies_every == 0.25
    question = await small_house.asked(State.SHOWN)
    told.broadcast.enter(await told.broadcast.fresh(small_house.session_id), told.channel)
    for number in range(8):
        await small_house.do(Caller(f"voter-{number}"), "question.vote", question=question)
        told.broadcast.nudge(small_house.session_id)
    await told.until_idle()
    tallies = [payload["tallies"][question] for event, payload, _ in told.sent if event == "pulse"]
    assert (tallies, tallies[-1]) == (sorted(tallies), 8)
    assert len(tallies) < 8


async def test_votes_are_read_with_the_next_tallies_and_a_card_does_not_wait_for_them(
    small_house: House, tmp_path: Path
) -> None:
    told = Told(small_house, tmp_path, tick=0)
    question, other = await small_house.asked(State.SHOWN), await small_house.ask("Another one?")
    feed = await told.broadcast.fresh(small_house.session_id)
    told.broadcast.enter(feed, told.channel)

    async def vote(number: int) -> None:
        await small_house.do(Caller(f"voter-{number}"), "question.vote", question=question)
        told.broadcast.nudge_votes(small_house.session_id)

    await vote(1)
    await told.until("pulse", 1)
    told.broadcast.tallies_every = 3600
    await vote(2)
    read_at = feed.read_at
    for _ in range(20):
        await asyncio.sleep(0)
    assert (feed.read_at, feed.voted) == (read_at, True), "there is time until the next tallies"
    assert (await told.broadcast.recent(small_house.session_id)).tallies == {question: 2}, "but who comes, gets all"
    await small_house.decide("question.approve", other)
    told.broadcast.nudge(small_house.session_id)
    assert [card["id"] for card in (await told.until("patch", 1))[0]["cards"]] == [other]
    told.broadcast.tallies_every = 0
    await told.until("pulse", 2)
    await told.until_idle()
    assert [about["tallies"] for event, about, _ in told.sent if event == "pulse"] == [{question: 1}, {question: 2}]


async def test_a_small_channel_does_not_wait_for_a_large_one(small_house: House, tmp_path: Path) -> None:
    """Ten thousand phones take a tenth of a second; the desk has its card before the first of them."""
    told = Told(small_house, tmp_path, tick=0)
    desk = told.channel._replace(audience=Audience.DESK, screen="desk")
    question = await small_house.ask()
    feed = await told.broadcast.fresh(small_house.session_id)
    for _ in range(BREATH + 1):
        told.broadcast.enter(feed, told.channel)
    told.broadcast.enter(feed, desk)
    slow = asyncio.Event()

    async def send(event: str, payload: Any, to: str) -> None:
        if to == told.channel.address:
            await slow.wait()
        await told.send(event, payload, to)

    told.broadcast.send = send
    await small_house.decide("question.approve", question)
    told.broadcast.nudge(small_house.session_id)
    await told.until("patch", 1)
    await small_house.decide("lineup.add", question)
    told.broadcast.nudge(small_house.session_id)
    await told.until("patch", 2)
    assert {to for event, _, to in told.sent if event == "patch"} == {desk.address}
    slow.set()
    await told.until_idle()
    public = [payload for event, payload, to in told.sent if (event, to) == ("patch", told.channel.address)]
    assert [patch["to"] for patch in public][-1] == feed.board.public
    assert all(before["to"] == after["from"] for before, after in itertools.pairwise(public))


async def test_who_comes_while_many_are_told_hears_no_lower_number(small_house: House, tmp_path: Path) -> None:
    """They have the board as it is by then: told a number below it, they would ask for the board again."""
    told = Told(small_house, tmp_path, tick=0)
    question, other = await small_house.asked(State.SHOWN), await small_house.ask("Another one?")
    feed = await told.broadcast.fresh(small_house.session_id)
    for _ in range(BREATH + 1):
        told.broadcast.enter(feed, told.channel)
    begun, slow = asyncio.Event(), asyncio.Event()

    async def send(event: str, payload: Any, to: str) -> None:
        if event == "patch":
            begun.set()
            await slow.wait()
        await told.send(event, payload, to)

    told.broadcast.send = send
    await small_house.do(small_house.ben, "question.vote", question=question)
    await small_house.decide("question.approve", other)
    told.broadcast.nudge(small_house.session_id)
    await asyncio.wait_for(begun.wait(), PATIENCE)
    await small_house.decide("lineup.add", other)
    newcomer = (await told.broadcast.fresh(small_house.session_id)).board.public
    await told.broadcast.beat()
    slow.set()
    await told.until("patch", 2)
    await told.until_idle()
    await told.broadcast.beat()
    public = [(event, payload) for event, payload, to in told.sent if to == told.channel.address]
    numbers = [payload.get("head", payload.get("to")) for _, payload in public]
    assert [event for event, _ in public] == ["patch", "pulse", "patch", "pulse"]
    assert [number for number in numbers if number] == [feed.board.public - 1, newcomer, newcomer]
    assert public[1] == ("pulse", {"tallies": {question: 1}})
    assert public[3] == ("pulse", {"head": newcomer})
