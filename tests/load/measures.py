"""What is measured in a full hall; every stage ends with all boards and all numbers checked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from tests.load.phones import Crowd, hashed
from tests.load.references import LOOP, NODE, STOCK, running
from tests.load.scene import DESK, PUBLIC, Scene, full_hall, median, open_scene
from tests.load.table import Table

ROUNDS, STOCK_ROUNDS = 7, 3
LOAD_SECONDS, RATE = 8, 50
BOARDS, BOARD_SECONDS = 8_000, 6
CUTS = 3
STALLED, SPOKEN, GONE_WITHIN = 50, 180, 20
AMONG = 1_050
QUIET = 0.5
"""Seconds in which what went before comes to rest."""


async def settled(table: Table, scene: Scene, crowd: Crowd, what: str) -> None:
    """Every device shows what a newcomer is shown, and no number ever fell."""
    await asyncio.sleep(QUIET)
    state = await crowd.do("state", group=PUBLIC)
    board, faults = await scene.board(), []
    for _ in range(20):
        if not (faults := await crowd.differing(PUBLIC, board)):
            break
        await asyncio.sleep(0.1)
        board = await scene.board()
    if state["in"] != state["devices"]:
        faults.append(f"{state['devices'] - state['in']} devices are not there any more: {state['fault']}")
    if state["lower"]:
        faults.append(f"a lower number came after a higher one {state['lower']} times")
    table.check(what, faults)


async def joining(table: Table, scene: Scene, crowd: Crowd, phones: int) -> None:
    """Everybody comes, and is brought up to date; then nothing happens."""
    table.title(f"{phones:,} phones join, each with the page of five changes ago")
    server = scene.servers[0]
    await crowd.do("group", name="early")
    # Not only imports: the boards, the templates and the pools are made at the first use.
    await crowd.do("join", group="early", n=min(200, phones))
    await crowd.do("leave", group="early")
    await asyncio.sleep(2 * QUIET)
    before, statements, cpu = server.memory(), await scene.statements(), scene.cpu()
    told = await crowd.do("join", group=PUBLIC, n=phones, seconds=90)
    cpu = scene.cpu() - cpu
    if told["joined"] != phones:
        table.check("joining", [str(told)])
    await asyncio.sleep(2)
    each = (server.memory() - before) / phones / 1024
    asked = (await scene.statements() - statements) / phones
    table.line("joins a second", told["per_second"], "", "≥ 2,500", told["per_second"] >= 2500)
    table.line("bytes to catch up, each", told["bytes"], "bytes")
    table.line("statements to the database for each", asked, "")
    table.line("server memory for each, joined and idle", each, "KiB", "≤ 8 KiB", each <= 8)
    table.keep("join_cpu", cpu / phones)
    table.keep("join_bytes", told["bytes"])
    table.keep("phone_kib", each)
    await settled(table, scene, crowd, "after joining")


async def one_change(scene: Scene, crowd: Crowd) -> dict[str, Any]:
    await asyncio.sleep(QUIET)
    body = await scene.change()
    told = await crowd.do("call", group=DESK, event="question.edit_words", watch=PUBLIC, seconds=30, body=body)
    scene.noted(told["ack"] or {})
    return told


async def fanout(table: Table, scene: Scene, crowd: Crowd, phones: int) -> None:
    """One changed card until the last device has it, beside others who send the same bytes to as many."""
    table.title(f"One changed card until the last of {phones:,} devices has it")
    await one_change(scene, crowd)
    frame = (await crowd.do("frame", group=PUBLIC))["frame"]
    ours: list[dict[str, Any]] = []
    others: dict[str, list[float]] = {LOOP: [], NODE: [], STOCK: []}
    joined: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        references = [await stack.enter_async_context(running(name, frame)) for name in others]
        for reference in references:
            joined[reference.name] = await reference.join(phones)
            reference.sleep()
        used = 0.0
        for number in range(ROUNDS):
            cpu = scene.cpu()
            ours.append(await one_change(scene, crowd))
            used += scene.cpu() - cpu
            for reference in references:
                if reference.name != STOCK or number < STOCK_ROUNDS:
                    others[reference.name].append(await reference.round())
    if missing := [told for told in ours if told["heard"] != told["wanted"]]:
        table.check("one change", [f"{told['wanted'] - told['heard']} devices did not hear it" for told in missing])
    last = median([told["last_s"] for told in ours])
    loop, theirs = median(others[LOOP]), median(others[NODE])
    for name, times in others.items():
        table.line(name, median(times) * 1e3, "ms")
        table.line("  as a multiple of the C loop", median(times) / loop, "×")
    table.line("ours, from the moderator's press", last * 1e3, "ms")
    table.line("  of it until the first device has it", median([told["first_s"] for told in ours]) * 1e3, "ms")
    table.line("  as a multiple of the C loop", last / loop, "×", "≤ 1.25 ×", last / loop <= 1.25)
    table.line("  as a multiple of Node's socket.io", last / theirs, "×", "< 1 ×", last < theirs)
    spread = median([told["last_s"] - told["first_s"] for told in ours])
    table.line("  from the first device to the last, of the C loop", spread / loop, "×")
    table.line("bytes of the frame", len(frame), "bytes")
    table.line("joins a second: python-socketio as installed", joined[STOCK], "")
    table.line("joins a second: Node's socket.io as installed", joined[NODE], "")
    table.keep("patch_bytes", len(frame))
    table.keep("delivery_cpu", used / ROUNDS / phones)
    table.keep("change_seconds", last)
    await settled(table, scene, crowd, "after the changes")


async def boards(table: Table, scene: Scene, crowd: Crowd) -> None:
    """What a newcomer gets first: the page with its first cards, compressed; and the whole board, for programs."""
    table.title("First boards over HTTP, compressed, to newcomers")
    page, board = f"/s/{scene.code}", f"/s/{scene.code}/board?screen=families&format=html&lang=en"
    for title, path, fresh in (
        ("pages with 20 cards a second, connections kept", page, 0),
        ("  a connection for each", page, 1),
        ("whole boards of 200 cards a second, connections kept", board, 0),
    ):
        cpu = scene.cpu()
        told = await crowd.do("get", path=path, n=BOARDS, parallel=32, fresh=fresh, seconds=BOARD_SECONDS)
        cpu = (scene.cpu() - cpu) / max(1, told["done"])
        is_first = path == page and not fresh
        reached = told["per_second"] >= 2000 if is_first else None
        table.line(title, told["per_second"], "", "≥ 2,000" if is_first else "", reached)
        if is_first:
            table.line("  bytes of each", told["bytes"], "bytes")
            table.keep("page_bytes", told["bytes"])
            table.keep("page_cpu", cpu)
        if told["failed"]:
            table.check("boards", [f"{told['failed']} were not answered with 200, but with {told['status']}"])


async def loaded(scene: Scene, crowd: Crowd, **load: Any) -> tuple[dict[str, Any], float, float]:
    """What came of a load, the share of a core that the servers took, and how long it went on."""
    await asyncio.sleep(QUIET)
    cpu, began = scene.cpu(), time.perf_counter()
    told = await crowd.do("load", group=PUBLIC, **load)
    seconds = time.perf_counter() - began
    return told, (scene.cpu() - cpu) / seconds, seconds


async def watching(table: Table, scene: Scene, crowd: Crowd, phones: int) -> None:
    """50 votes a second, then 50 asks beside them, while everybody watches."""
    table.title(f"{RATE} votes a second while {phones:,} devices watch")
    received = (await crowd.do("state", group=PUBLIC))["bytes"]
    told, share, seconds = await loaded(scene, crowd, votes=RATE, **{"for": LOAD_SECONDS})
    received = ((await crowd.do("state", group=PUBLIC))["bytes"] - received) / phones / seconds
    table.line("server CPU, of one core", share * 100, "%", "≤ 60 %", share <= 0.6)
    table.line("bytes that each device heard, a second", received, "bytes")
    table.keep("watch_bytes", received)
    table.line("frames that each device heard, a second", told["pulses"] / phones / seconds, "")
    table.line("votes: ack p99", told["votes"]["times"]["p99"] * 1e3, "ms")
    table.keep("watch_cpu", share / phones)
    table.keep("watch_pulses", told["pulses"] / phones / seconds)
    await settled(table, scene, crowd, "after the votes")
    table.title(f"{RATE} asks a second beside them")
    told, share, _ = await loaded(scene, crowd, votes=RATE, asks=RATE, **{"for": LOAD_SECONDS})
    ack, held = told["asks"]["times"]["p99"], told["held"]["p99"]
    table.line("server CPU, of one core", share * 100, "%")
    table.line("an ask: ack median", told["asks"]["times"]["p50"] * 1e3, "ms")
    table.line("an ask: ack p99", ack * 1e3, "ms", "≤ 50 ms", ack <= 0.05)
    table.line("its held card at the desk p99", held * 1e3, "ms", "≤ 250 ms", held <= 0.25)
    lost = told["unseen"] + told["asks"]["sent"] - told["asks"]["acked"] + told["asks"]["refused"]
    table.check("asks", [f"{lost} were lost or refused: {told['refusal']}"] if lost else [])
    await settled(table, scene, crowd, "after the asks")


async def everybody_votes(table: Table, scene: Scene, crowd: Crowd, phones: int) -> None:
    """Each phone votes once, all in the same ten seconds; every vote counts, once."""
    table.title(f"{phones:,} phones vote in the same ten seconds")
    told, share, _ = await loaded(scene, crowd, votes=phones / 10, each=1, **{"for": 10})
    votes = told["votes"]
    table.line("server CPU, of one core", share * 100, "%")
    watching = table.figures.get("watch_cpu", 0) * phones  # To tell of them costs the same however many they are.
    table.keep("vote_cpu", max(0.0, share - watching) * 10 / phones)
    table.line("a vote: ack p99", votes["times"]["p99"] * 1e3, "ms")
    check = await crowd.do("check", group=PUBLIC)
    counted = (await scene.board())["tallies"]
    faults = [f"{votes['sent'] - votes['acked']} had no answer"] if votes["sent"] != votes["acked"] else []
    if (sum(counted.values()), hashed(counted)) != (check["votes"], check["votes_hash"]):
        faults.append(f"{check['votes']} votes were acked, {sum(counted.values())} are counted")
    table.check("votes", faults)
    await settled(table, scene, crowd, "after everybody voted")


async def coming_back(table: Table, scene: Scene, crowd: Crowd, phones: int) -> None:
    """All are cut at once, something changes, and all come back."""
    table.title(f"{phones:,} devices cut at once, and back with the current board")
    statements = await scene.statements()
    cut = asyncio.create_task(crowd.do("cut", group=PUBLIC, parallel=512, seconds=90))
    await asyncio.sleep(0.1)
    began = time.perf_counter()
    await scene.do("question.edit_words", **await scene.change(at=1))
    decided = time.perf_counter() - began
    told = await cut
    asked = (await scene.statements() - statements) / phones
    table.line("until the last is back", told["seconds"], "s", "≤ 6 s", told["seconds"] <= 6)
    table.line("statements to the database for each", asked, "", "≤ 0.01", asked <= 0.01)
    table.line("a moderator's decision meanwhile", decided * 1e3, "ms")
    if told["joined"] != phones:
        table.check("coming back", [str(told)])
    await settled(table, scene, crowd, "after the cut")
    # Whatever the first time needed, more of the same must not need more of.
    memory = scene.servers[0].memory()
    for _ in range(CUTS):
        await crowd.do("cut", group=PUBLIC, parallel=512, seconds=90)
    grown = scene.servers[0].memory() / memory
    table.line(f"server memory after {CUTS} more such cuts", grown, "× before", "≤ 1.05 ×", grown <= 1.05)
    await settled(table, scene, crowd, "after more cuts")


async def stalled(table: Table, scene: Scene, crowd: Crowd, phones: int) -> None:
    """Some phones stop reading while much is said; the others must not notice, and they are let go."""
    table.title(f"{STALLED} of {phones:,} devices stop reading, and much is said")
    await crowd.do("join", group=PUBLIC, n=phones - STALLED)
    await crowd.do("group", name="stalled", narrow=1)
    await crowd.do("join", group="stalled", n=STALLED)
    before = [await one_change(scene, crowd) for _ in range(ROUNDS)]
    memory, began = scene.servers[0].memory(), time.perf_counter()
    await crowd.do("stall", group="stalled", n=STALLED)
    for _ in range(2):  # More than the kernel takes for a connection, and less than a moderator's budget.
        for at in range(0, SPOKEN, 20):
            await asyncio.gather(
                *[scene.do("question.edit_words", **await scene.change(n)) for n in range(at, at + 20)]
            )
    grown = scene.servers[0].memory() - memory
    after = [await one_change(scene, crowd) for _ in range(ROUNDS)]
    for _ in range(5 * GONE_WITHIN):
        # Asked of the server: its last word cannot reach those who do not read.
        left = await scene.connected() - (phones - STALLED)
        gone = time.perf_counter() - began
        if not left:
            break
        await asyncio.sleep(0.2)
    p99 = [median([told["times"]["p99"] for told in rounds]) for rounds in (before, after)]
    table.line("p99 of the others, of what it was", p99[1] / p99[0], "×", "≤ 1.2 ×", p99[1] <= 1.2 * p99[0])
    each = grown / STALLED / 1024
    table.line("server memory grown, for each", each, "KiB", "≤ 256 KiB", each <= 256)
    table.line("still held by the server", left, "")
    table.line("until the last is let go", gone, "s", f"≤ {GONE_WITHIN} s", not left and gone <= GONE_WITHIN)
    await settled(table, scene, crowd, "beside the stalled")


async def two_processes(table: Table, made: Callable[[], str], redis: str, phones: int) -> None:
    """The same load on one process, and on two that hear of each other through Redis and take half of it each.

    Both twice, on databases of their own and in an order that does not matter to a machine that grows slower meanwhile.
    Both times the phones are two programs: each sleeps more often than one of them all would, and to wake one costs
    whoever sends to it up to 2 µs (perf: `sock_def_readable` takes 13 % of one process before one program, and 27 %
    before two), which would be told as a cost of the second process.
    """
    table.title("Two processes over Redis and PostgreSQL")
    costs: dict[int, list[float]] = {1: [], 2: []}
    half = phones // 2
    for servers in (1, 2, 2, 1):
        url = made()
        async with AsyncExitStack() as stack:
            scene = await stack.enter_async_context(open_scene(url, phones=phones, servers=servers, redis_url=redis))
            crowds = [await stack.enter_async_context(full_hall(scene, half, part=n)) for n in range(2)]
            for crowd in crowds:
                await crowd.do("join", group=PUBLIC, n=half, seconds=90)
            await asyncio.sleep(2)
            cpu = scene.cpu()
            load = {"group": PUBLIC, "votes": RATE / 2, "for": LOAD_SECONDS}
            told = await asyncio.gather(*(crowd.do("load", **load) for crowd in crowds))
            for _ in range(3):
                await one_change(scene, crowds[0])
            cpu = scene.cpu() - cpu
            delivered = sum(one["pulses"] + one["patches"] for one in told) + 3 * phones
            costs[servers].append(cpu / delivered)
            table.line(f"CPU per delivery, {servers} process{'es' if servers > 1 else ''}", cpu / delivered * 1e6, "µs")
            for crowd in crowds:
                await settled(table, scene, crowd, f"{servers} processes")
    ratio = sum(costs[2]) / sum(costs[1])
    table.line("two processes against one", ratio, "×", "≤ 1.15 ×", ratio <= 1.15)
    table.keep("two_processes", ratio)
