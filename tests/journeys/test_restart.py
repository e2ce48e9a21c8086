"""kill -9 of a server in the middle of everything, its database gone for a while, and a backup put back."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from live.identity import Identity
from live.settings import Settings
from tests.running import SECRET, Device, Hall, RunningServer, facetoface, open_hall
from tests.servers import PostgresServer

PHONES, EACH, HEARD = 200, 2, 90


async def audience(hall: Hall) -> list[Device]:
    """Devices of every kind, who come back by themselves."""
    ben = await hall.staff("ben")
    return [
        await hall.join(await hall.family()),
        await hall.join(await hall.family(lang="es"), "public", "families", "html"),
        await hall.join(await hall.staff("sam"), "speaker", "speak"),
        await hall.join(ben, "desk", "desk"),
    ]


def body(phone: int, number: int) -> dict[str, Any]:
    key = f"phone{phone}-{number:06d}"
    return {"key": key, "words": f"What about {key}?", "lang": "en"}


@asynccontextmanager
async def crowd(server: RunningServer) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A connection for each phone, in pools of ten: one pool of them all is searched whole at every request."""
    async with AsyncExitStack() as stack:
        pools = [httpx.AsyncClient(base_url=server.base, timeout=60, verify=False) for _ in range(PHONES // 10)]
        for pool in pools:
            await stack.enter_async_context(pool)
        yield pools


async def test_kill_9_in_the_middle_of_200_people_asking(database_url: str) -> None:
    with RunningServer(database_url) as server:
        async with open_hall(server) as hall:
            settings = Settings(database_url=database_url, secret_key=SECRET)
            identity = Identity(settings, hall.database)
            tokens = [identity.token(f"phone{phone}") for phone in range(PHONES)]
            devices = await audience(hall)
            before = await hall.staff("ben")
            shown = await (await hall.family()).ask("Is this still there afterwards?")
            await before.decide("question.approve", shown)

            acked: dict[str, dict[str, Any]] = {}
            enough = asyncio.Event()

            async def send(pools: list[httpx.AsyncClient], phone: int, number: int) -> dict[str, Any] | None:
                what = body(phone, number)
                headers = {"Authorization": f"Bearer {tokens[phone]}"}
                try:
                    http = pools[phone % len(pools)]
                    response = await http.post(f"/s/{hall.code}/do/question.ask", json=what, headers=headers)
                except httpx.HTTPError:
                    return None
                answer: dict[str, Any] = response.json()
                assert (response.status_code, answer["ok"]) == (200, True), answer
                return answer

            async def ask(pools: list[httpx.AsyncClient], phone: int) -> None:
                for number in range(EACH):
                    answer = await send(pools, phone, number)
                    if answer is None:
                        return
                    acked[body(phone, number)["words"]] = answer
                    if len(acked) >= HEARD:
                        enough.set()

            async with crowd(server) as pools:
                asking = [asyncio.create_task(ask(pools, phone)) for phone in range(PHONES)]
                await enough.wait()
                server.kill()
                await asyncio.gather(*asking)
            assert HEARD <= len(acked) < PHONES * EACH, "killed too early or too late"

            server.start()
            board = await (await hall.staff("ben")).board(audience="desk", format="json")
            words = Counter(card["words"] for card in board["cards"])
            assert set(words.values()) == {1}, "a question is there twice"
            ids = {card["words"]: card["id"] for card in board["cards"]}
            assert {w: ids.get(w) for w in acked} == {w: answer["question"] for w, answer in acked.items()}
            states = {card["id"]: card["state"] for card in board["cards"]}
            assert states.pop(shown) == "shown"
            assert set(states.values()) == {"held"}

            # Every device comes back by itself and shows what a newcomer sees.
            await hall.agree(devices)
            assert devices[3].number == board["to"]

            # Every phone sends again what it has a key for, heard or not.
            async with crowd(server) as pools:
                pairs = [(phone, number) for phone in range(PHONES) for number in range(EACH)]
                answers = await asyncio.gather(*(send(pools, *pair) for pair in pairs))
            again = {body(*pair)["words"]: answer for pair, answer in zip(pairs, answers, strict=True)}
            assert {w: again[w] for w in acked} == acked
            assert all(again[w] is not None for w in again)
            assert {w: again[w]["question"] for w in again if w in ids} == {  # type: ignore[index]
                w: q for w, q in ids.items() if w in again
            }
            await hall.agree(devices)
            assert len(devices[3].cards) == PHONES * EACH + 1
            await hall.house.verified()


async def test_the_database_goes_away_and_comes_back(postgres: PostgresServer, postgres_url: str) -> None:
    with RunningServer(postgres_url) as server:
        async with open_hall(server) as hall:
            rosa, ben = await hall.family(), await hall.staff("ben")
            desk, phone = await hall.join(ben, "desk", "desk"), await hall.join(rosa)
            before = await rosa.ask("Asked before?")
            postgres.kill()
            body = {"key": "kept-on-the-phone", "words": "Asked meanwhile?", "lang": "en"}
            for lang, word in (("en", "again"), ("es", "nuevo")):
                rosa.http.headers["Accept-Language"] = lang
                answer = await rosa.send("question.ask", **body)
                assert (answer.status_code, answer.json()["code"]) == (503, "not_saved")
                assert word in answer.json()["say"]
                form = await rosa.press("question.ask", **body)
                assert form.status_code == 503
                assert "Asked meanwhile?" in form.text, "what was typed is not lost"
                page = await rosa.get()
                assert (page.status_code, "text/html" in page.headers["content-type"]) == (503, True)
            assert (await phone.call("question.ask", **body))["code"] == "not_saved"
            assert (await desk.call("input.pause"))["code"] == "not_saved"
            assert (await rosa.http.get("/livez")).text == "alive\n"
            ready = await rosa.http.get("/readyz")
            assert (ready.status_code, ready.json()) == (503, {"ready": False, "database": "away"})
            assert (desk.client.connected, phone.client.connected) == (True, True), "nobody is sent away"
            postgres.start()
            await server.until_ready()
            question = (await phone.call("question.ask", **body))["question"]
            await desk.until(lambda: {before, question} == set(desk.cards))
            await hall.agree()
            await hall.house.verified()
            assert (await server.ready())["ready"] is True


async def test_a_backup_is_put_back_and_no_device_shows_ghosts(tmp_path: Path) -> None:
    file, backup = tmp_path / "facetoface.db", tmp_path / "backup.db"
    with RunningServer(f"sqlite+aiosqlite:///{file}") as server:
        async with open_hall(server) as hall:
            rosa, ben = await hall.family(), await hall.staff("ben")
            kept = await rosa.ask("In the backup?")
            await ben.decide("question.approve", kept)
            devices = await audience(hall)
            server.stop()
            await hall.database.dispose()
            shutil.copyfile(file, backup)

            server.start()
            await hall.agree()
            ghosts = [await rosa.ask(f"Lost with the disk {n}?") for n in range(3)]
            for ghost in ghosts:
                await ben.decide("question.approve", ghost)
            await hall.agree()
            assert set(ghosts) < set(devices[0].cards)
            server.kill()
            await hall.database.dispose()
            for left in tmp_path.glob("facetoface.db*"):
                left.unlink()
            shutil.copyfile(backup, file)
            command = facetoface("restored", database_url=server.database_url, secret_key=SECRET)
            ran = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            assert (await ran.communicate())[0] == b"Every device will load its session afresh.\n"
            server.start()
            await asyncio.gather(*(device.until_hears(epoch=2) for device in devices))
            await hall.agree()
            for device in devices:
                assert not set(ghosts) & set(device.cards)
            assert list(devices[0].cards) == [kept]
