"""Connecting, hearing what one may hear and no more, and being answered: on a real server over real sockets."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
import socketio
from sqlalchemy import select

from live.app import RECHECK_EVERY
from live.house import build_house
from live.settings import Settings
from sessions import people
from sessions.audiences import SCREENS
from sessions.batches import Waiting
from sessions.permissions import GRANTS, MAY_HEAR
from sessions.question import Audience
from sessions.refusals import STATUS
from tests.house import STAFF
from tests.running import SECRET, Device, Hall, Visitor, open_hall, shared_server, until_is


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def test_a_device_is_welcomed_with_the_whole_board_and_a_pulse(hall: Hall) -> None:
    rosa = await hall.family()
    shown = await rosa.ask("Will there be lunch?")
    ben = await hall.staff("ben")
    await ben.decide("question.approve", shown)
    await (await hall.family()).do("question.vote", question=shown)
    board = await rosa.board(format="json")
    tallies = board.pop("tallies")
    assert tallies == {shown: 1}
    device = await hall.join(rosa)
    await device.until(lambda: len(device.told) >= 2)
    assert device.told[:2] == [("patch", board), ("pulse", {"head": board["to"], "tallies": tallies, "here": 1})]
    # Who votes while nobody is here, may be told of to whoever comes next.
    assert all(more == ("pulse", {"head": board["to"], "tallies": tallies}) for more in device.told[2:])
    assert [card["words"] for card in board["cards"]] == ["Will there be lunch?"]


async def test_a_participant_hears_only_what_families_hear(hall: Hall) -> None:
    rosa = await hall.family(lang="es")
    for audience, screen in (("desk", "desk"), ("speaker", "speak")):
        refusal = await hall.device(rosa, audience, screen).refused()
        assert refusal["data"]["code"] == "not_allowed"
        assert "invitación" in refusal["data"]["say"]
    assert [d.heard for d in hall.devices] == [[], []]


@pytest.mark.parametrize("person", sorted(STAFF))
async def test_each_role_hears_what_the_table_of_permissions_says(hall: Hall, person: str) -> None:
    visitor, role = await hall.staff(person), STAFF[person][1]
    for screen, (audience, _) in SCREENS.items():
        device = hall.device(visitor, str(audience), screen)
        if MAY_HEAR[audience] in GRANTS[role]:
            await device.connect()
        else:
            await device.refused()
            assert device.heard == []
        response = await visitor.get("board", audience=audience, screen=screen)
        assert response.status_code == (200 if device.client.connected else 403)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "NOPE22"}, "not_found"),
        ({"code": 7}, "bad"),
        ({"code": None}, "bad"),
        ({"audience": "everyone"}, "bad"),
        ({"audience": "public", "screen": "desk"}, "bad"),
        ({"audience": "public", "screen": "hall"}, "bad"),
        ({"format": "xml"}, "bad"),
        ({"since": "many"}, "bad"),
        ({"epoch": []}, "bad"),
    ],
)
async def test_what_a_device_says_of_itself_is_checked(hall: Hall, changes: dict[str, Any], code: str) -> None:
    device = hall.device(await hall.family(), **changes)
    refusal = await device.refused()
    assert refusal["data"]["code"] == code
    assert refusal["data"]["say"]
    assert device.heard == []


@pytest.mark.parametrize("auth", [None, [], "ABCD23", {}])
async def test_a_device_that_does_not_say_what_it_wants_is_refused(hall: Hall, auth: Any) -> None:
    device = hall.device(await hall.family())
    device.auth = lambda: auth  # type: ignore[method-assign]
    assert (await device.refused())["data"]["code"] == "bad"


async def test_what_a_device_may_leave_out(hall: Hall) -> None:
    """Only the code is needed: a program then gets the families' board as JSON."""
    device = hall.device(await hall.family())
    device.auth = lambda: {"code": hall.code.lower(), "later": "what a newer page may add"}  # type: ignore[method-assign]
    await device.connect()
    assert device.shows == await device.fresh()


async def test_who_is_not_known_is_refused(hall: Hall) -> None:
    assert (await hall.device(hall.visitor()).refused())["data"]["code"] == "no_identity"
    for token in ("", "forged", "WyJmb3JnZWQiXQ.signature"):
        assert (await hall.device(hall.visitor(), token=token).refused())["data"]["code"] == "no_identity"
    forged = hall.visitor(f2f_participant="rosa.signature", f2f_staff="no such token")
    assert (await hall.device(forged).refused())["data"]["code"] == "no_identity"


async def test_a_program_signs_in_with_a_token(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    participant, staff = rosa.http.cookies["f2f_participant"], ben.http.cookies["f2f_staff"]
    device = await hall.join(hall.visitor(), token=participant)
    question = (await device.call("question.ask", words="Will there be lunch?", lang="en"))["question"]
    assert [card["id"] for card in (await rosa.mine())["questions"]] == [question]
    desk = await hall.device(hall.visitor(), "desk", "desk", token=staff).connect()
    assert list(desk.cards) == [question]


async def test_a_draft_is_nobodys_business() -> None:
    async with open_hall(shared_server(), live=False) as hall:
        rosa = hall.visitor()
        device = hall.device(rosa, token=(await open_token(hall)))
        assert (await device.refused())["data"]["code"] == "not_found"
        assert device.heard == []
        assert (await rosa.get()).status_code == 404
        desk = await hall.join(await hall.staff("ana"), "desk", "desk")
        assert desk.session["state"] == "draft"


async def open_token(hall: Hall) -> str:
    """A participant's token from another session of the same server: it is good everywhere."""
    async with open_hall(hall.server) as other:
        return str((await other.family()).http.cookies["f2f_participant"])


async def test_another_sites_page_does_not_get_in(hall: Hall) -> None:
    rosa = await hall.family()
    device = hall.device(rosa)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await device.client.connect(
            rosa.base,
            headers={"Cookie": rosa.cookie, "Origin": "https://elsewhere.example"},
            auth=device.auth,
            transports=["websocket"],
        )
    assert device.heard == []


async def test_there_is_nothing_but_websocket(hall: Hall) -> None:
    rosa = await hall.family()
    polling = await rosa.http.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
    assert polling.status_code == 400
    jsonp = await rosa.http.get("/socket.io/", params={"EIO": "4", "transport": "polling", "j": "0"})
    assert jsonp.status_code == 400
    assert "___eio" not in jsonp.text


@pytest.mark.parametrize("raw", [None, "words", 7, ["key", "words"], b"\x00\xff"])
async def test_a_body_that_is_no_object_is_refused(hall: Hall, raw: Any) -> None:
    device = await hall.join(await hall.family())
    before = await hall.kept()
    answer = await device.call_with("question.ask", raw)
    assert (answer["ok"], answer["code"], bool(answer["say"])) == (False, "bad", True)
    assert await hall.kept() == before


async def test_a_frame_that_is_too_large_ends_the_connection_and_nothing_else(hall: Hall) -> None:
    rosa, luz = await hall.join(await hall.family()), await hall.join(await hall.family())
    rosa.client.eio.max_http_buffer_size = 1 << 30
    rosa.client.reconnection = False
    before = await hall.kept()
    await rosa.client.emit("question.ask", {"key": "too-large", "words": "x" * 100_000, "lang": "en"})
    await rosa.until_gone()
    assert await hall.kept() == before
    assert (await luz.call("question.ask", words="Will there be lunch?", lang="en"))["ok"] is True


@pytest.mark.parametrize(
    "frame",
    [
        "9",
        "4",
        "42",
        "42[",
        '42{"a":1}',
        "42[]",
        "42[7]",
        '42["question.ask"',
        "42" + "[" * 50_000,
        "43[]",
        "4\ud7ff",
        "x",
    ],
    ids=range(12),
)
async def test_frames_that_make_no_sense_reach_nobody_else(hall: Hall, frame: str) -> None:
    rosa, luz = await hall.join(await hall.family()), await hall.join(await hall.family())
    before = await hall.kept()
    await rosa.client.eio.ws.send_str(frame)
    # Whatever becomes of that connection, the next one of the same phone is a good one.
    await rosa.leave()
    await rosa.connect()
    assert await hall.kept() == before
    for device in (rosa, luz):
        assert (await device.call("question.ask", words="Still here?", lang="en"))["ok"] is True
    await hall.agree()


async def test_commands_of_one_device_stay_in_their_order(hall: Hall) -> None:
    ben = await hall.join(await hall.staff("ben"), "desk", "desk")
    turns = ["input.pause", "input.resume"] * 10 + ["input.pause"]
    answers = await asyncio.gather(*(ben.call(command) for command in turns))
    assert [answer["ok"] for answer in answers] == [True] * len(turns)
    await ben.until(lambda: ben.number == answers[-1]["head"])
    assert ben.session["input"] == "paused"
    assert [e for e in await hall.house.events() if e.startswith("input.")] == [
        "input.paused",
        "input.resumed",
    ] * 10 + ["input.paused"]


async def test_notices_reach_the_asker_alone(hall: Hall) -> None:
    """A notice says that something of theirs changed; it is not told to a colleague, a neighbour or the desk."""
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    phone, tablet = await hall.join(rosa), await hall.join(rosa, "public", "families", "html")
    others = [await hall.join(luz), await hall.join(ben, "desk", "desk"), await hall.join(ben)]
    question = await rosa.ask()
    await phone.until(lambda: len(phone.notices) == 1)
    await ben.do("question.note", question=question, words="Ask Transportation.")
    await ben.decide("question.decline", question, reason="twice", say="Please see number 3.")
    await phone.until(lambda: len(phone.notices) == 2)
    await tablet.until(lambda: len(tablet.notices) == 2)
    await hall.agree()
    assert phone.notices == tablet.notices == [{"mine": True}] * 2, "a note is no news for the asker"
    assert [other.notices for other in others] == [[], [], []]
    own = (await rosa.mine())["questions"]
    assert [(q["state"], q["reason"], q["say"]) for q in own] == [("declined", "twice", "Please see number 3.")]
    assert (await luz.mine())["questions"] == []


async def test_votes_travel_in_pulses_with_the_head(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    question, held = await rosa.ask(), await rosa.ask("Is this held?")
    await ben.decide("question.approve", question)
    phone, speaker, desk = (
        await hall.join(luz),
        await hall.join(await hall.staff("sam"), "speaker", "speak"),
        await hall.join(ben, "desk", "desk"),
    )
    number = phone.number
    assert (await phone.call("question.vote", question=question))["ok"] is True
    for device in (phone, desk):
        await device.until_hears(tallies={question: 1})
        assert device.told[-1] == ("pulse", {"tallies": {question: 1}, "head": device.number})
    assert phone.number == number, "a vote is not in the log"
    assert (await phone.call("question.unvote", question=question))["ok"] is True
    await phone.until(lambda: phone.tallies == {question: 0})
    # What the speakers do not see, they are not told the votes of; a held question cannot even be voted for.
    assert all(not told.get("tallies") for _, told in speaker.heard)
    assert (await phone.call("question.vote", question=held))["code"] == "not_found"


async def test_votes_come_along_when_a_question_comes_into_view(hall: Hall) -> None:
    """The speakers see a question from the line on, and with it what was voted before."""
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    speaker = await hall.join(await hall.staff("sam"), "speaker", "speak")
    desk = await hall.join(ben, "desk", "desk")
    question = await rosa.ask()
    await ben.decide("question.approve", question)
    await luz.do("question.vote", question=question)
    await desk.until(lambda: desk.tallies == {question: 1})
    phone = await hall.join(rosa)
    await ben.decide("question.hide", question)
    late = await hall.join(luz)
    for command in ("question.restore", "question.approve", "lineup.add"):
        await ben.decide(command, question)
    await hall.agree([speaker, phone, late])
    assert [speaker.counts, phone.counts, late.counts] == [{question: 1}] * 3


async def test_votes_that_were_lost_out_of_sight_are_lost_when_it_comes_back(hall: Hall) -> None:
    """Also for who was away meanwhile, and for who was told that it is gone."""
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    bus, twin = await rosa.ask(), await luz.ask("And the bus at Speedway?")
    await ben.decide("question.approve", bus)
    await ben.decide("question.merge", twin, into=bus)
    phone, away, desk = await hall.join(luz), await hall.join(rosa), await hall.join(ben, "desk", "desk")
    assert [phone.counts, away.counts] == [{bus: 1}] * 2, "who asked the other one wants to know this"
    await away.leave()
    await ben.decide("question.hide", bus)
    await phone.until(lambda: bus not in phone.cards)
    await ben.decide("question.unmerge", twin)
    await desk.until(lambda: desk.tallies == {bus: 0})  # The desk is told; who does not see it is not.
    for command in ("question.restore", "question.approve"):
        await ben.decide(command, bus)
    await phone.until(lambda: bus in phone.cards)
    await phone.until(lambda: phone.tallies == {bus: 0})
    before = len(away.told)
    await away.connect()
    assert away.told[before:] == [away.told[before], ("pulse", {"head": away.number, "tallies": {bus: 0}, "here": 2})]
    await hall.agree()


async def test_the_count_of_who_is_here_follows_those_who_come_and_go(hall: Hall) -> None:
    first = await hall.join(await hall.family())
    assert first.here == 1
    second = await hall.join(await hall.family(), "public", "families", "html")
    stage = await hall.join(await hall.family(), "public", "stage")
    assert (second.here, stage.here) == (2, 2), "a projector is not a family"
    await first.until(lambda: first.here == 2)
    await second.leave()
    await first.until(lambda: first.here == 1)


async def test_who_leaves_before_the_welcome_is_not_counted(hall: Hall) -> None:
    """Phones on a weak link connect and are gone again before anything was told."""
    for _ in range(3):
        hasty = [hall.device(await hall.family()) for _ in range(6)]

        async def come_and_go(device: Device) -> None:
            await device.client.connect(
                device.visitor.base, headers=device.headers(), auth=device.auth(), transports=["websocket"]
            )
            device.cut()
            await device.client.disconnect()

        await asyncio.gather(*(come_and_go(device) for device in hasty))
    last = await hall.join(await hall.family())
    await last.until(lambda: last.here == 1)
    await last.agrees()


async def test_words_without_a_language_are_in_that_of_their_page(hall: Hall) -> None:
    rosa = await hall.family(lang="es")
    device = await hall.join(rosa)
    await device.call("question.ask", words="¿Por el enchufe?")
    await rosa.do("question.ask", words="¿Por correo?")
    await rosa.press("question.ask", words="¿Con formulario?")
    await rosa.do("question.ask", words="In English?", lang="en")
    assert [(q["words"], q["lang"]) for q in (await rosa.mine())["questions"]] == [
        ("In English?", "en"),
        ("¿Con formulario?", "es"),
        ("¿Por correo?", "es"),
        ("¿Por el enchufe?", "es"),
    ]


async def test_a_device_that_missed_a_patch_finds_out_by_the_head(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    one, two = await rosa.ask(), await rosa.ask("And on Sundays?")
    device = await hall.join(luz)
    device.ignoring = True
    await ben.decide("question.approve", one)
    await device.until(lambda: len([e for e, _ in device.heard if e == "patch"]) == 2)
    assert device.cards == {}
    device.ignoring = False
    await rosa.do("question.withdraw", question=two)
    await (await hall.family()).do("question.vote", question=one)
    await device.until(lambda: device.caught_up == 1)
    await device.agrees()
    assert list(device.cards) == [one]


async def test_a_device_that_missed_a_patch_notices_it_by_the_next_one(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    questions = [await rosa.ask(f"Number {n}?") for n in range(3)]
    device = await hall.join(await hall.family())
    device.ignoring = True
    await ben.decide("question.approve", questions[0])
    await device.until(lambda: len([e for e, _ in device.heard if e == "patch"]) == 2)
    device.ignoring = False
    await ben.decide("question.approve", questions[1])
    await device.until(lambda: device.caught_up == 1)
    await device.agrees()
    assert sorted(device.cards) == sorted(questions[:2])


async def test_a_device_that_was_cut_off_gets_what_changed_and_no_more(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    kept, hidden, new = [await rosa.ask(f"Number {n}?") for n in range(3)]
    for question in (kept, hidden):
        await ben.decide("question.approve", question)
    device = await hall.join(await hall.family())
    await device.leave()
    since = device.number
    await ben.decide("question.hide", hidden)
    await ben.decide("question.approve", new)
    already = len(device.heard)
    await device.connect()
    event, patch = device.heard[already]
    assert (event, patch["from"], patch["to"]) == ("patch", since, since + 2)
    assert {card["id"]: card.get("gone", False) for card in patch["cards"]} == {hidden: True, new: False}
    await device.agrees()
    # And when nothing changed meanwhile, nothing is sent but the pulse.
    await device.leave()
    already = len(device.told)
    await device.connect()
    assert [event for event, _ in device.told[already:]] == ["pulse"]


async def test_a_device_comes_back_by_itself_when_the_line_is_cut(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    question = await rosa.ask()
    device = await hall.join(await hall.family())
    device.cut()
    await ben.decide("question.approve", question)
    await device.until_hears(welcomes=2)
    await device.agrees()
    assert list(device.cards) == [question]


async def test_a_role_that_was_taken_away_closes_what_its_holder_has_open(hall: Hall) -> None:
    """Of that person alone, and everything that needed the role; what families hear they go on hearing."""
    ben, mia, ana = await hall.staff("ben"), await hall.staff("mia"), await hall.staff("ana")
    desk, speak, public = (
        await hall.join(ben, "desk", "desk"),
        await hall.join(ben, "speaker", "speak"),
        await hall.join(ben),
    )
    colleague = await hall.join(mia, "desk", "desk")
    for device in (desk, speak):
        device.client.reconnection = False
    async with hall.database.reading() as db:
        member = await db.scalar(
            select(people.Membership.id).where(
                people.Membership.person_id == "ben", people.Membership.session_id == hall.house.session_id
            )
        )
    assert (await ana.submit(f"/office/{hall.code}/remove", membership=member)).status_code == 303
    question = await (await hall.family()).ask("Who may still read this?")
    await expect_no_decision(desk, question, (await hall.head()).seq)
    assert RECHECK_EVERY < 5, "whatever is open is looked at again within five seconds"
    await asyncio.gather(desk.until_gone(), speak.until_gone())
    assert (await hall.device(ben, "desk", "desk").refused())["data"]["code"] == "not_allowed"
    assert (await ben.get("desk")).status_code == 403
    assert (await ben.get("board", audience="desk")).status_code == 403
    assert (public.client.connected, colleague.client.connected) == (True, True)
    await colleague.until(lambda: question in colleague.cards)
    assert await states(mia) == {question: "held"}


async def states(staff: Visitor) -> dict[str, str]:
    board = await staff.board(audience="desk", format="json")
    return {card["id"]: card["state"] for card in board["cards"]}


async def expect_no_decision(desk: Device, question: str, rev: int) -> None:
    """What is asked for is checked at once; the look at whatever is open may have closed it sooner still."""
    try:
        answer = await desk.call("question.approve", question=question, rev=rev)
    except socketio.exceptions.SocketIOError:
        assert not desk.client.connected
    else:
        assert answer["code"] in ("not_allowed", "no_identity")


async def test_signing_out_closes_what_is_open_on_that_device(hall: Hall) -> None:
    """In other tabs too: the next person at this computer must not find the desk still open there."""
    ben, at_home = await hall.staff("ben"), await hall.staff("ben")
    desk, other = await hall.join(ben, "desk", "desk"), await hall.join(at_home, "desk", "desk")
    desk.client.reconnection = False
    assert (await ben.submit("/sign-out")).status_code == 303
    question = await (await hall.family()).ask()
    await expect_no_decision(desk, question, (await hall.head()).seq)
    await desk.until_gone()
    assert await states(at_home) == {question: "held"}
    assert other.client.connected, "another sign-in of the same person stays"


async def test_every_refusal_over_a_socket_has_a_code_of_the_wire(hall: Hall) -> None:
    device = await hall.join(await hall.family(lang="es"))
    answers = [
        await device.call("question.nope"),
        await device.call("question.ask", words="", lang="en"),
        await device.call("question.approve", question="nothing", rev=1),
        await device.call("question.vote", question="nothing"),
        await device.call_with("question.vote", {"question": "nothing"}),
    ]
    assert [(a["ok"], a["code"]) for a in answers] == [
        (False, "not_found"),
        (False, "bad"),
        (False, "not_allowed"),
        (False, "not_found"),
        (False, "bad"),
    ]
    assert {a["code"] for a in answers} <= set(STATUS)
    assert all(a["say"] for a in answers)


async def test_connections_are_counted_by_audience(hall: Hall) -> None:
    async def count() -> dict[str, float]:
        lines = (await hall.visitors[0].http.get("/metrics")).text.splitlines()
        found = [line.split() for line in lines if line.startswith("facetoface_connections{")]
        return {name.split('"')[1]: float(value) for name, value in found}

    async def is_empty() -> bool:
        return not any((await count()).values())

    await hall.family()
    # Devices of the test before may only just be leaving.
    await until_is(is_empty, True)
    before = await count()
    await hall.join(hall.visitors[0])
    await hall.join(await hall.staff("ben"), "desk", "desk")
    now = await count()
    assert {a: now[a] - before.get(a, 0) for a in now} == {**dict.fromkeys(before, 0.0), "public": 1.0, "desk": 1.0}
    for device in hall.devices:
        await device.leave()
    await until_is(count, before)


def test_every_audience_has_a_permission() -> None:
    assert set(MAY_HEAR) == set(Audience)


async def test_nothing_hurries_for_a_vote_that_only_waits_for_company(tmp_path: Path) -> None:
    sockets = build_house(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/hall.db", secret_key=SECRET)).sockets
    hurried, batches = sockets.is_hurried, sockets.commands.batches
    assert not hurried()
    sockets.engine.answering = 1
    assert hurried()
    batches.waiting[1] = Waiting(deque([(cast(Any, "a vote"), asyncio.Future())]), rest=asyncio.Event())
    assert not hurried()
    sockets.engine.answering = 2
    assert hurried(), "somebody else has said something"
    sockets.engine.answering = 1
    batches.waiting[1].wake()
    assert hurried()
