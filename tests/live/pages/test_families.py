"""The families' page and one's own: what is on them for whom, and what is everybody's and each one's own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest

from live.pages.families import BLANKS
from tests.running import Hall, open_hall, shared_server


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def test_names_are_shown_only_where_the_session_allows_them() -> None:
    async with open_hall(shared_server(), names="never") as hall:
        rosa, ben = await hall.family(), await hall.staff("ben")
        assert 'name="name"' not in (await rosa.get()).text
        question = await rosa.ask(name="Rosa Zwetschge")
        await ben.decide("question.approve", question)
        for visitor, path in ((rosa, ""), (rosa, "mine"), (ben, "desk")):
            assert "Zwetschge" not in (await visitor.get(path)).text


async def test_without_review_a_question_shows_at_once() -> None:
    async with open_hall(shared_server(), review=False) as hall:
        rosa, luz = await hall.family(), await hall.join(await hall.family())
        question = await rosa.ask()
        await luz.until(lambda: question in luz.cards)
        private = await rosa.ask("Only for staff?", private=True)
        await hall.agree()
        assert private not in luz.cards
        assert "Everyone can see it now." in (await rosa.get()).text


# What became of one's own question, in words.


def own_card(page: str, question: str) -> str:
    """What stands on a card of one's own, as it is read."""
    found = re.search(rf'<li id="mine-{re.escape(question)}".*?</li>', page, re.S)
    assert found is not None
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


async def test_who_asked_what_was_joined_reads_what_is_answered_there(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    living, joined = await luz.ask("Will the late bus stop at the library?"), await rosa.ask("A late bus?")
    await ben.decide("question.merge", joined, into=living)
    held = own_card((await rosa.get()).text, joined)
    assert "Joined with a question like it" in held
    assert "A person is still reading the question that it was joined with" in held
    assert "library" not in held, "it is not public"
    await ben.decide("question.approve", living)
    page = (await rosa.get()).text
    shown = own_card(page, joined)
    assert "Joined with a question like it · Shown to everyone" in shown
    assert "Will the late bus stop at the library?" in shown
    assert f'data-into="{living}"' in page
    form = re.search(rf'<form class="vote"[^>]*data-vote="{living}"[^>]*>', page)
    assert form is not None
    assert form[0].endswith("data-own>"), "it counts already"
    await ben.decide("question.answer", living, words="Yes, from Monday on.", lang="en")
    answered = own_card((await rosa.get("mine")).text, joined)
    assert "Joined with a question like it · Answered" in answered
    assert "Yes, from Monday on." in answered
    await ben.decide("question.hide", living)
    hidden = own_card((await rosa.get()).text, joined)
    assert ("is not shown any more" in hidden, "library" in hidden, "Monday" in hidden) == (True, False, False)


async def test_what_was_declined_for_another_is_not_told_in_their_words(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    living, joined = await luz.ask("Who won?"), await rosa.ask("Who won the game?")
    await ben.decide("question.merge", joined, into=living)
    await ben.decide("question.decline", living, reason="off_topic", say="Luz, not tonight.")
    told = own_card((await rosa.get()).text, joined)
    assert ("was not taken up" in told, "Luz" in told) == (True, False)


async def test_who_asked_reads_both_the_tidied_words_and_their_own(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    question = await rosa.ask("heatin broken agin???")
    await ben.decide("question.edit_words", question, words="Is the heating broken again?")
    await ben.decide("question.approve", question)
    own = own_card((await rosa.get()).text, question)
    assert "The moderators tidied the words: Is the heating broken again? You wrote: heatin broken agin???" in own
    page = (await luz.get()).text
    assert "Words tidied by the moderators" in page
    assert "agin" not in page


async def test_who_may_be_in_danger_is_shown_where_help_is(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    question = await rosa.ask("I am afraid for my niece")
    await ben.do("question.flag", question=question, flag="danger")
    assert "If somebody is in danger now, call 911" in own_card((await rosa.get()).text, question)
    await ben.decide("question.approve", question)
    shown = re.search(rf'<li id="q-{question}".*?</li>', (await luz.get()).text, re.S)
    assert shown is not None
    assert "911" not in shown[0], "nobody else learns of it"


async def test_a_promise_to_go_on_after_the_session_is_told(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    question = await rosa.ask()
    for command in ("question.approve", "lineup.add", "stage.bring", "stage.defer"):
        await ben.decide(command, question)
    promised = "Will be answered after the session"
    assert promised in (await luz.get()).text
    own = own_card((await rosa.get()).text, question)
    assert own.startswith(promised)
    assert "A person goes on with this after the session." in own
    await ben.decide("lineup.add", question)
    page = (await luz.get()).text
    assert (promised in page, "In line" in page) == (False, True), "in line again, it has its turn"
    await ben.decide("followup.close", question, outcome="referred")
    assert "It is settled now." in own_card((await rosa.get()).text, question)


async def test_a_school_is_asked_for_where_there_are_some() -> None:
    async with open_hall(shared_server(), schools=("Cholla High", "Manzo <Elementary>")) as hall:
        rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
        page = (await rosa.get()).text
        assert "<option>Cholla High</option><option>Manzo &lt;Elementary&gt;</option>" in page
        wrong = await rosa.press("question.ask", words=" ", school="Cholla High", contact="520", times="After six")
        assert "<option selected>Cholla High</option>" in wrong.text
        assert 'value="After six"' in wrong.text
        sent = await rosa.press("question.ask", words="Is there a late bus?", school="Cholla High")
        assert sent.status_code == 303
        (own,) = (await rosa.mine())["questions"]
        await ben.decide("question.approve", own["id"])
        assert "A parent · <bdi>Cholla High</bdi>" in (await luz.get()).text


async def test_the_page_made_for_many_is_each_ones_own(hall: Hall) -> None:
    """A newcomer's page is made once for all: their mark and their key are theirs, and so is what they did here."""
    ben = await hall.staff("ben")
    question = await (await hall.family()).ask("Will there be lunch?")
    await ben.decide("question.approve", question)
    pages = [(await hall.visitor().get()) for _ in range(3)]
    keys = {re.search(r'name="key" value="([^"]{8,})"', page.text)[1] for page in pages}  # type: ignore[index]
    marks = {re.search(r'data-me="([0-9a-f]{8})"', page.text)[1] for page in pages}  # type: ignore[index]
    assert (len(keys), len(marks), {page.text.count("Will there be lunch?") for page in pages}) == (3, 3, {1})
    assert not any(blank in page.text for page in pages for blank in BLANKS)
    assert not any(word in blank for blank in BLANKS for word in ("mark", "key")), "nobody can write one"
    luz = hall.visitor()
    first = await luz.get()
    assert first.headers["content-encoding"] == "gzip"
    again = await luz.get()
    assert "set-cookie" not in again.headers, "who is known stays who they are"
    assert re.findall(r'data-me="\w+"', first.text) == re.findall(r'data-me="\w+"', again.text)
    await luz.do("question.vote", question=question)
    assert "question.unvote" in (await luz.get()).text
    await luz.ask("Is this mine?")
    assert "Is this mine?" in (await luz.get()).text
    assert "Is this mine?" not in (await hall.visitor().get()).text
