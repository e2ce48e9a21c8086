"""Every page in both languages: axe finds nothing; and the families' page is light."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.async_api import FilePayload

from tests.browser.devices import LAPTOP, PHONE, PROJECTOR, ROOT, Demo, Hands, packed
from tests.running import KEYS

AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"
MOST_HTML, MOST_SCRIPTS = 14 * 1024, 25 * 1024
"""Bytes, gzip: the first is what reaches a phone in one round trip (TCP's first window of ten packets)."""


PAGES: dict[str, tuple[dict[str, Any], str]] = {
    "home": (PHONE, "/"),
    "a wrong code": (PHONE, "/?code=NOPE99"),
    "families": (PHONE, "{families}"),
    "mine": (PHONE, "{families}/mine"),
    "rules": (PHONE, "{families}/rules"),
    "desk": (LAPTOP, "{desk}"),
    "desk on a phone": (PHONE, "{desk}"),
    "presenter": (LAPTOP, "{presenter}"),
    "stage": (PROJECTOR, "{stage}"),
    "office": (LAPTOP, "{office}"),
    "archives": (PHONE, "/archive"),
    "what was found": (PHONE, "/archive/search?q=family+supplies&kind=question"),
    "nothing found": (PHONE, "/archive/search?q=quark&topic=Buses"),
    "an archive to come": (PHONE, "/archive/{code}"),
    "sign in": (PHONE, "/sign-in"),
    "nothing": (PHONE, "/nowhere"),
}
"""name -> (device, address); addresses of the staff sign in and lead on."""
SRT = "1\n00:01:01,000 --> 00:01:03,000\nDr. Ortiz: Wait at the stop.\n"
AFTER_SIGNING_IN = ("/office/new", "/office/{code}", "/office/{code}/edit", "/device")


async def found(page: Any, *rules: str) -> list[str]:
    """What axe has to say, shortly; by these rules, or by all."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    result = await page.evaluate("rules => axe.run(rules.length ? { runOnly: rules } : {})", list(rules))
    return [f"{v['id']}: {v['nodes'][0]['target']} {v['nodes'][0]['failureSummary']}" for v in result["violations"]]


async def found_in_both(page: Any) -> list[str]:
    """By day and by night, between which only the colours differ."""
    by_day = await found(page)
    await page.emulate_media(color_scheme="dark")
    by_night = await found(page, "color-contrast")
    await page.emulate_media(color_scheme="light")
    return by_day + [f"dark: {said}" for said in by_night]


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("name", PAGES)
async def test_axe_finds_nothing(demo: Demo, hands: Hands, name: str, lang: str) -> None:
    kind, address = PAGES[name]
    hands.expected = ("404",)  # Two of the pages are about what is not there.
    faults: dict[str, list[str]] = {}
    # Colours that are on their way to others are nobody's to judge.
    page = await hands.open(
        kind, urljoin(demo.base, address.format(**demo.links)), lang=lang, color_scheme="light", reduced_motion="reduce"
    )
    assert await page.get_attribute("html", "lang") == lang
    faults[name] = await found_in_both(page)
    if name == "families":
        await page.locator("[data-ask] summary").click()
        faults["the ask sheet"] = await found_in_both(page)
    if name == "office":
        for path in AFTER_SIGNING_IN:
            await page.goto(demo.base + path.format(code=demo.code))
            faults[path] = await found_in_both(page)
        await page.goto(f"{demo.base}/archive")
        earlier = str(await page.locator("main a").first.get_attribute("href")).rpartition("/")[2]
        for path in ("review", "captions"):
            await page.goto(f"{demo.base}/office/{earlier}/{path}")
            faults[path] = await found_in_both(page)
        file: FilePayload = {"name": "may.srt", "mimeType": "text/plain", "buffer": SRT.encode()}
        await page.set_input_files("[name=file]", files=[file])
        async with page.expect_navigation():
            await page.locator("[value=look]").click()
        faults["a file that is looked at"] = await found_in_both(page)
    if name == "archives":
        async with page.expect_navigation():
            await page.locator("main a").first.click()
        faults["an archive"] = await found_in_both(page)
    assert {name: said for name, said in faults.items() if said} == {}
    assert hands.asked == {demo.base}


async def test_the_families_page_is_light(demo: Demo) -> None:
    async with demo.visitor() as desk:
        await desk.get(demo.links["desk"])
        for number in range(20):
            async with demo.visitor() as parent:
                await parent.get(f"/s/{demo.code}")
                words = f"Will bus number {number} wait when the first class starts later than it did last year?"
                body = {"key": next(KEYS), "words": words, "lang": "en", "topic": "Buses"}
                asked = (await parent.post(f"/s/{demo.code}/do/question.ask", json=body)).json()["question"]
            board = (await desk.get(f"/s/{demo.code}/board?audience=desk&format=json")).json()
            rev = next(card["rev"] for card in board["cards"] if card["id"] == asked)
            body = {"key": next(KEYS), "question": asked, "rev": rev}
            assert (await desk.post(f"/s/{demo.code}/do/question.approve", json=body)).json()["ok"]
    async with demo.visitor() as newcomer:
        page = (await newcomer.get(f"/s/{demo.code}")).content
    assert page.count(b'class="card"') == 20
    dist = ROOT / "static" / "dist"
    manifest = json.loads((dist / "manifest.json").read_text())
    scripts = [name for name in manifest.values() if f'src="/static/{name}"'.encode() in page]
    weight = {"html": packed(page), "scripts": sum(packed((dist / name).read_bytes()) for name in scripts)}
    assert scripts and weight["html"] <= MOST_HTML and weight["scripts"] <= MOST_SCRIPTS, weight
    # What only who writes needs is named by the page, and not loaded with it.
    assert manifest["suggest.js"].encode() in page and manifest["suggest.js"] not in scripts
