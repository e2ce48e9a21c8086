"""Downloads of an archive: at addresses that stay, only of what is published, and offered on its page."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import msgspec
import pytest

from live.pages.exports import FORMS
from sessions.export import told
from tests.running import Hall, open_hall, shared_server
from tests.sessions.test_archive import read
from tests.sessions.test_captions import take_in


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server(), title="Buses </script> & “routes”") as hall:
        yield hall


async def test_everything_offered_is_there_and_says_the_same(hall: Hall) -> None:
    rosa, ben, ana = await hall.family(), await hall.staff("ben"), await hall.staff("ana")
    shown, held = await rosa.ask("Will it stop?"), await rosa.ask("Not for everyone.")
    await ben.decide("question.approve", shown)
    await ana.do("session.end")
    await take_in(hall.house)
    nobody = hall.visitor()
    names = [*FORMS, "en.vtt", "es.vtt", "exe"]
    before = {name: (await nobody.get(f"/archive/{hall.code}.{name}")).status_code for name in names}
    assert before == dict.fromkeys(names, 404)
    await ana.do("session.publish")
    page = (await nobody.get(f"/archive/{hall.code}")).text
    offered = re.findall(rf'href="(/archive/{hall.code}\.[^"]+)" download', page)
    assert offered == [f"/archive/{hall.code}.{name}" for name in (*FORMS, "en.vtt")]
    archive = await read(hall.house)
    for path in offered:
        answer = await nobody.get(path)
        kind = path.partition(".")[2]
        assert (answer.status_code, answer.headers["content-disposition"]) == (
            200,
            f'attachment; filename="archive-{hall.code}.{kind}"',
        )
        assert ("Will it stop?" in answer.text, archive.head.hash in answer.text) == (kind != "en.vtt", True)
        assert (held in answer.text, "Not for everyone" in answer.text) == (False, False)
    answer = await nobody.get(f"/archive/{hall.code}.json")
    address = f"{hall.server.base}/archive/{hall.code}"
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(told(archive, address)))
    assert (await nobody.get(f"/archive/{hall.code}.es.vtt")).status_code == 404


async def test_programs_read_on_the_page_what_it_is_about(hall: Hall) -> None:
    ana, nobody = await hall.staff("ana"), hall.visitor()
    await ana.do("session.end")
    await ana.do("session.publish")
    page = (await nobody.get(f"/archive/{hall.code}")).text
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    event = json.loads(data)
    address = f"{hall.server.base}/archive/{hall.code}"
    assert (event["@type"], event["name"], event["url"]) == ("Event", "Buses </script> & “routes”", address)
    meta = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)">', page))
    assert (meta["og:url"], meta["og:title"]) == (address, "Buses &lt;/script&gt; &amp; “routes”")
    assert f'<link rel="canonical" href="{address}">' in page
