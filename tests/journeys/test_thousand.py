"""A thousand devices in one session: at the end each shows what a newcomer is shown, and no number ever fell."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from live.identity import Identity
from live.settings import Settings
from sessions import people
from tests.phones import Phone
from tests.running import SECRET, Hall, RunningServer, open_hall, shared_server

DEVICES, AT_ONCE = 1_000, 100
QUESTIONS, CHANGES, VOTES = 12, 30, 200


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


def tokens(hall: Hall, count: int) -> list[str]:
    """As many families as there are devices, by the key of the test's own server."""
    assert isinstance(hall.server, RunningServer)
    settings = Settings(database_url=hall.server.database_url, secret_key=SECRET)
    identity = Identity(settings, hall.database)
    return [identity.token(people.make_id()) for _ in range(count)]


async def test_a_thousand_devices_end_up_with_the_same_board(hall: Hall) -> None:
    """While cards change and votes fall, a tenth of the devices is cut, and comes back with what it had."""
    ben, chance = await hall.staff("ben"), random.Random(5)
    families = [await hall.family() for _ in range(3)]
    questions = [await families[n % 3].ask(f"Question number {n}?") for n in range(QUESTIONS)]
    await asyncio.gather(*(ben.decide("question.approve", question) for question in questions))
    owners, phones = tokens(hall, DEVICES), [Phone(hall.server.base) for _ in range(DEVICES)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def come(number: int) -> None:
        async with gate:
            await phones[number].join(hall.code, owners[number])

    await asyncio.gather(*(come(number) for number in range(DEVICES)))
    voters, cut = range(VOTES), range(DEVICES - DEVICES // 10, DEVICES)

    async def change() -> None:
        for number in range(CHANGES):
            question, news = questions[number % QUESTIONS], f"In other words, number {number}?"
            await ben.decide("question.edit_words", question, words=news)

    async def vote() -> None:
        asked = [
            phones[n].ask(n, "question.vote", key=f"vote-{n:06}", question=chance.choice(questions)) for n in voters
        ]
        assert all(answer["ok"] for answer in await asyncio.gather(*asked))

    async def leave_and_return(number: int) -> None:
        await phones[number].hang_up()
        await come(number)

    await asyncio.gather(change(), vote(), *(leave_and_return(number) for number in cut))
    board = await hall.visitor().board(format="json")
    right = board["to"], {card["id"]: card["rev"] for card in board["cards"]}, board["tallies"]
    assert (sum(board["tallies"].values()), len(board["cards"])) == (VOTES, QUESTIONS)
    for phone in phones:
        await phone.until(lambda phone=phone: phone.shows == right)
    assert Counter(phone.lower for phone in phones) == {0: DEVICES}, "no number ever fell"
    assert not [phone for phone in phones if phone.missed], "and none was left out"
    await asyncio.gather(*(phone.hang_up() for phone in phones))
