"""The whole of it, as people do it: a parent asks, a moderator decides, a speaker answers, everybody sees it happen."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.devices import LAN_NAME, LAPTOP, PHONE, PROJECTOR, SMALL_PHONE, TABLET, Demo, Desk, Hands
from tests.running import KEYS


async def ask(phone: Page, words: str) -> None:
    await phone.get_by_text("Ask a question…").click()
    await phone.get_by_role("textbox", name="Your question", exact=True).fill(words)
    await phone.get_by_role("button", name="Ask", exact=True).click()


def card(page: Page, place: str, words: str):  # type: ignore[no-untyped-def]  # a Locator, whose class is not exported
    return page.locator(f'[data-place="{place}"] > [data-card]', has_text=words)


async def test_a_session_from_a_phone_to_the_archive(demo_of_its_own: Demo, hands: Hands) -> None:
    demo = demo_of_its_own
    words = "Will the library stay open in the summer?"
    parent = await hands.open(PHONE, demo.links["families"])
    other = await hands.open(SMALL_PHONE, demo.links["families"], lang="es")
    desk = Desk(await hands.open(LAPTOP, demo.links["desk"]))
    speaker = await hands.open(TABLET, demo.links["presenter"])
    hall = await hands.open(PROJECTOR, demo.links["stage"])

    await ask(parent, words)
    await expect(card(parent, "mine", words)).to_contain_text("Being looked at")
    await expect(card(other, "questions", words)).to_have_count(0)

    await desk.open(words)
    await desk.press("Approve")
    await desk.show("shown")
    await expect(desk.row(words)).to_be_visible()
    await expect(card(parent, "mine", words)).to_contain_text("Shown to everyone")
    # One's own question counts already, and is not offered to vote for.
    await expect(card(parent, "questions", words)).to_be_visible()
    await expect(card(parent, "questions", words).get_by_role("button")).to_have_count(0)

    # Another family is told that there is news, and is not moved while it reads.
    await other.get_by_role("button", name="1 pregunta nueva").click()
    also = card(other, "questions", words)
    await also.get_by_role("button", name="Yo también quiero saberlo").click()
    await expect(also.locator("[data-tally]")).to_have_text("1")
    await expect(desk.row(words).locator("[data-tally]")).to_have_text("1")

    await desk.open(words)
    await desk.press("Put in line")
    await expect(card(parent, "mine", words)).to_contain_text("In line")
    await card(speaker, "next", words).get_by_role("button", name="Take it now").click()
    await expect(card(speaker, "stage", words)).to_be_visible()
    await expect(card(hall, "stage", words)).to_be_visible()
    await expect(card(parent, "stage", words)).to_be_visible()
    await expect(card(other, "stage", words)).to_be_visible()

    await speaker.get_by_role("button", name="Answered, next").click()
    await expect(card(parent, "mine", words)).to_contain_text("Answered")
    await expect(card(hall, "stage", words)).to_have_count(0)
    await expect(card(hall, "stage", "late buses")).to_be_visible()
    await speaker.get_by_role("button", name="Answered, next").click()
    await expect(card(hall, "stage", "almuerzos")).to_be_visible()

    office = await hands.open(LAPTOP, demo.links["office"])
    await office.goto(f"{demo.base}/office/{demo.code}")
    await office.get_by_text("End the session").click()
    await office.get_by_role("button", name="Yes, I am sure").click()
    await expect(parent.locator("body")).to_have_attribute("data-state", "ended")
    await office.get_by_role("link", name="Review and publish").click()
    await office.locator("summary", has_text="Publish the answers").click()
    await expect(office.get_by_text("questions have no outcome yet.").last).to_be_visible()
    await office.get_by_role("button", name="Publish it as it is").click()
    await parent.goto(f"{demo.base}/archive/{demo.code}")
    await expect(parent.get_by_role("heading", name=words)).to_be_visible()
    await expect(parent.get_by_role("heading", name="late buses")).to_be_visible()


async def test_what_waits_behind_the_button_is_seen_on_stage_all_the_same(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "An evening with news")
    reading = await hands.open(PHONE, f"{demo.base}/s/{code}")
    asker = await hands.open(PHONE, f"{demo.base}/s/{code}")
    desk = Desk(await hands.open(LAPTOP, demo.links["office"]))
    await desk.page.goto(f"{demo.base}/s/{code}/desk")
    for words in ("Is the first one there?", "Who opens the library?"):
        await ask(asker, words)
        await desk.open(words)
        await desk.press("Approve")
        await expect(card(asker, "mine", words)).to_contain_text("Shown to everyone")
    await expect(reading.locator("[data-new]")).to_be_visible()
    await desk.show("shown")
    await desk.open("Who opens")
    await desk.press("Put in line")
    await desk.in_line("Who opens").locator("a[data-open]").click()
    # A click on what has only just come there is taken for one on what was there before; a key is meant.
    await desk.decide.get_by_role("button", name="Bring on stage").press("Enter")
    await expect(card(reading, "stage", "Who opens")).to_be_visible()


async def test_the_same_in_spanish(demo: Demo, hands: Hands) -> None:
    words = "¿Habrá clases de verano en la biblioteca?"
    code = await planned(hands, demo, "Una noche de preguntas")
    session = f"{demo.base}/s/{code}"
    parent = await hands.open(SMALL_PHONE, session, lang="es")
    desk = Desk(await hands.open(LAPTOP, demo.links["office"], lang="es"))
    speaker = await hands.open(TABLET, demo.links["office"], lang="es")
    await desk.page.goto(f"{session}/desk")
    await speaker.goto(f"{session}/speak")
    await parent.get_by_text("Haga una pregunta…").click()
    await parent.get_by_role("textbox", name="Su pregunta", exact=True).fill(words)
    await parent.get_by_role("button", name="Preguntar", exact=True).click()
    await expect(card(parent, "mine", words)).to_contain_text("La estamos leyendo")
    await desk.open(words)
    await desk.press("Aprobar")
    await expect(card(parent, "mine", words)).to_contain_text("A la vista de todos")
    await desk.show("shown")
    await desk.open(words)
    await desk.press("Poner en la fila")
    await card(speaker, "next", words).get_by_role("button", name="Contestar ahora").click()
    await expect(card(parent, "stage", words)).to_contain_text("Se contesta ahora")
    await speaker.get_by_role("button", name="Contestada; pasar a la siguiente").click()
    await expect(card(parent, "mine", words)).to_contain_text("Contestada")


async def begun(demo: Demo, title: str) -> str:
    """The code of a new session that is live, by the office's forms without its pages."""
    plan = {"title": title, "starts_at": "2031-05-06T18:00", "zone": "America/Phoenix", "languages": ["en", "es"]}
    plan |= {"review": "true", "names": "optional", "limit": "600", "doors_minutes": "30"}
    async with demo.visitor() as office:
        await office.get(demo.links["office"])
        made = await office.post("/office/new", data=plan)
        code = made.url.path.rpartition("/")[2]
        for step in ("schedule", "open_doors", "start"):
            answer = await office.post(f"/s/{code}/do/session.{step}", json={"key": next(KEYS)})
            assert answer.json()["ok"], answer.text
    return code


async def planned(hands: Hands, demo: Demo, title: str) -> str:
    """The code of a new session that is live, planned as the office does it."""
    office = await hands.open(LAPTOP, demo.links["office"])
    await office.goto(f"{demo.base}/office/new")
    await office.get_by_label("What is it called?").fill(title)
    await office.get_by_label("When does it start?").fill("2031-05-06T18:00")
    await office.get_by_label("English").check()
    await office.get_by_role("button", name="Save").click()
    for step in ("Announce it", "Open the doors", "Start the session"):
        await office.get_by_role("button", name=step).click()
    await expect(office.get_by_text("End the session")).to_be_visible()
    return office.url.rsplit("/", 1)[1].partition("#")[0]


async def test_declining_tells_the_asker_why(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "A second evening")
    office = await hands.open(LAPTOP, demo.links["office"])

    # From another machine over plain http: no randomUUID, no service worker, no secure context.
    parent = await hands.open(PHONE, f"http://{LAN_NAME}:{demo.port}/")
    await parent.get_by_label("code").fill(code.lower())
    await parent.keyboard.press("Enter")
    await ask(parent, "Who won the game last night?")
    await expect(card(parent, "mine", "Who won")).to_contain_text("Being looked at")

    await office.goto(f"{demo.base}/s/{code}/desk")
    desk = Desk(office)
    await desk.open("Who won")
    await desk.decide.locator("summary", has_text="Decline").click()
    await desk.decide.get_by_label("A sentence to the asker").fill("Tonight is about the school year.")
    await desk.press("not about this session's subject")
    await expect(card(parent, "mine", "Who won")).to_contain_text("not about this session's subject")
    await expect(card(parent, "mine", "Who won")).to_contain_text("Tonight is about the school year.")


async def test_two_moderators_on_one_question(demo: Demo, hands: Hands) -> None:
    """The one who is too late is told who did what."""
    hands.expected = ("409",)
    code = await begun(demo, "A third evening")
    office = await hands.open(LAPTOP, demo.links["office"])
    parent = await hands.open(PHONE, f"{demo.base}/s/{code}")
    await ask(parent, "Can we visit the school?")

    late = await hands.device(LAPTOP)
    slow, fast = Desk(await late.new_page()), Desk(office)
    await slow.page.goto(demo.links["office"])
    await slow.page.goto(f"{demo.base}/s/{code}/desk")
    await fast.page.goto(f"{demo.base}/s/{code}/desk")
    rev = await slow.row("Can we visit").get_attribute("data-rev")
    await fast.open("Can we visit")
    await fast.press("Approve")
    await slow.show("shown")
    await expect(slow.row("Can we visit")).to_be_visible()
    told = await slow.page.evaluate(
        """async ([code, id, rev]) => (await fetch(`/s/${code}/do/question.decline`, {method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({key: "late-key-1", question: id, rev, reason: "twice"})})).json()""",
        [code, await slow.row("Can we visit").get_attribute("data-card"), int(rev or 0)],
    )
    assert told["code"] == "stale"
    assert "FACE office" in told["say"] and "approved this" in told["say"]
