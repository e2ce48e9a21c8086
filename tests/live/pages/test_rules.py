"""The published rules of a session, for everybody who may know of it, in every language."""

from __future__ import annotations

from html import unescape

import pytest

from live import texts
from live.rendering import catalogues
from moderation.decisions import REASONS
from tests.running import open_hall, shared_server


@pytest.mark.parametrize("lang", sorted(catalogues()))
async def test_every_reason_is_published_with_what_it_means(lang: str) -> None:
    gettext = catalogues()[lang].gettext
    async with open_hall(shared_server()) as hall:
        response = await hall.visitor().get("rules", lang=lang)
    page = unescape(response.text)
    assert (response.status_code, response.headers["content-language"]) == (200, lang)
    for told in (texts.reason_labels(gettext), texts.rule_sentences(gettext)):
        assert [code for code in REASONS if told[code] not in page] == []
    assert "Bus routes" in page


async def test_only_the_reasons_of_the_plan_are_published() -> None:
    async with open_hall(shared_server(), reasons=("twice", "language")) as hall:
        page = unescape((await hall.visitor().get("rules")).text)
        rosa, ben = await hall.family(), await hall.staff("ben")
        declined = await rosa.ask()
        await ben.decide("question.decline", declined, reason="twice")
        own = (await rosa.get()).text
    sentences = texts.rule_sentences(str)
    assert [code for code in REASONS if sentences[code] in page] == ["twice", "language"]
    assert own.count(f'href="/s/{hall.code}/rules"') == 3, "in the sheet, with what was declined, at the end"


async def test_who_reviews_and_who_may_still_ask_is_told_as_it_is() -> None:
    async with open_hall(shared_server(), review=False) as hall:
        ana, visitor = await hall.staff("ana"), hall.visitor()
        page = (await visitor.get("rules")).text
        assert "Everyone can see it at once" in page
        assert f'href="/s/{hall.code}#ask"' in page
        await ana.do("session.end")
        assert f'href="/s/{hall.code}#ask"' not in (await visitor.get("rules")).text


async def test_a_draft_has_no_rules_for_anybody_yet() -> None:
    async with open_hall(shared_server(), live=False) as hall:
        assert (await hall.visitor().get("rules")).status_code == 404
        assert (await (await hall.staff("ana")).get("rules")).status_code == 200
