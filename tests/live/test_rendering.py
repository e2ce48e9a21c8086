"""Pages and cards from our templates: in the reader's language, with every word of a person escaped."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from live.rendering import Renderer, catalogues, qr, session_view, when
from live.settings import Settings
from sessions.audiences import SCREENS, Card, card, own_card
from sessions.board import Board
from sessions.events import Plan, SessionState, State
from sessions.question import Audience, FollowUp, Question, Said

ATTACK = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{7*7}}{%x%}"""
AT = datetime(2031, 7, 1, 22, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    return Renderer(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('none')}/none.db"))


def question(state: State, words: str | None = ATTACK, **more: Any) -> Question:
    said = Said(words, ATTACK, AT, "es")
    fields: dict[str, Any] = {
        "id": "aTq3_-xY",
        "number": 7,
        "author": "rosa",
        "state": state,
        "words": words,
        "lang": "en",
        "asked_at": AT,
        "name": ATTACK,
        "topic": ATTACK,
        "answers": (said,),
        "notes": (said,),
        "reason": "twice" if state is State.DECLINED else None,
        "say": ATTACK if state is State.DECLINED else None,
        "handed_to": ATTACK if state is State.PRIVATE else None,
        "contact": True,
        "revised": True,
        "settled_at": AT if state is State.ANSWERED else None,
        "revs": dict.fromkeys(Audience, 9),
        "rev": 9,
    }
    return Question(**fields | more)


class Tags(HTMLParser):
    """The elements of a card; fails where they are not well nested."""

    EMPTY = frozenset({"input", "path", "br", "img", "meta", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


def cards() -> list[tuple[str, Card]]:
    found: list[tuple[str, Card]] = []
    for state, private in itertools.product(State, (False, True)):
        one = question(state, private=private)
        for screen, (audience, _) in SCREENS.items():
            shown = card(one, audience, screen)
            if shown is not None and shown.place is not None:
                found.append((screen, shown))
        found.append(("mine", own_card(one)))
    found.append(("desk", card(question(State.HELD, None), Audience.DESK) or own_card(question(State.HELD))))
    found.append(("mine", own_card(question(State.ANSWERED, None))))
    # Tidied, urgent, promised; and joined with one that everyone sees, or with one that they do not.
    tidied = question(State.SHOWN, tidied=True, original=ATTACK, flags=("danger",), follow_up=FollowUp(), school=ATTACK)
    found += [("mine", own_card(tidied)), ("mine", own_card(question(State.SHOWN, tidied=True, original=None)))]
    joined = question(State.MERGED, into="living")
    for state in (State.ANSWERED, State.HELD, State.DECLINED, State.PRIVATE, State.HIDDEN):
        found.append(("mine", own_card(joined, question(state, id="living"))))
    return found


VIEW = session_view(Board(code="QK7RTM", plan=Plan(title=ATTACK, zone="America/Phoenix"), state=SessionState.LIVE))


@pytest.mark.parametrize("lang", sorted(catalogues()))
def test_every_card_is_one_element_with_every_word_escaped(renderer: Renderer, lang: str) -> None:
    for screen, shown in cards():
        html = renderer.card(shown, screen, lang, VIEW)
        tags = Tags()
        tags.feed(html)
        assert tags.open == [], (screen, shown.state)
        first, about = tags.seen[0]
        assert first == "li"
        assert (about["data-card"], about["data-rev"], about["data-order"]) == (shown.id, "9", shown.order)
        assert about["id"] == ("mine-" if screen == "mine" else "q-") + shown.id
        assert html.count("<li ") == 1 + html.count('<li class="label"')
        assert {"script", "img", "style"} & {tag for tag, _ in tags.seen} == set()
        assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on")]
        assert "7*7" in html or shown.words is None
        assert "{%x%}" in html or shown.words is None
        for tag, attributes in tags.seen:
            if tag == "form":
                assert attributes["method"] == "post"
                assert attributes["action"] == f"/s/QK7RTM/do/{attributes['data-command']}"
            if "data-words" in attributes and shown.words is not None:
                assert (attributes["lang"], attributes["dir"]) == ("en", "auto")


def test_shared_cards_carry_nothing_personal(renderer: Renderer) -> None:
    """They are rendered once for everybody: without tallies, and as if nobody had voted."""
    for state in (State.SHOWN, State.QUEUED):
        shown = card(question(state), Audience.PUBLIC)
        assert shown is not None
        html = renderer.card(shown, "families", "en", VIEW)
        assert 'aria-pressed="false"' in html
        assert re.search(r"data-tally-of=\"aTq3_-xY\" hidden>", html)


@pytest.mark.parametrize(
    ("style", "lang", "zone", "told"),
    [
        ("clock", "en", "America/Phoenix", "3:00\u00a0PM"),
        ("clock", "en", "America/New_York", "6:00\u00a0PM"),
        ("day", "en", "Asia/Tokyo", "July 2, 2031"),
        ("day", "es", "America/Phoenix", "1 de julio de 2031"),
        ("full", "en", "America/Phoenix", "Tue, Jul 1, 2031, 3:00\u00a0PM"),
    ],
)
def test_a_moment_is_told_in_the_sessions_zone(style: str, lang: str, zone: str, told: str) -> None:
    assert when(AT, zone, style, lang) == told


def test_no_moment_is_told_as_nothing() -> None:
    assert when(None, "America/Phoenix", "full", "en") == ""


def test_a_qr_code_is_markup_that_needs_no_style_of_its_own() -> None:
    code = qr("https://ask.example.org/s/QK7RTM?x=<&>")
    assert isinstance(code, Markup)
    assert code.startswith("<svg")
    assert "style=" not in code
    assert "<&>" not in code


def test_texts_for_scripts_cannot_end_their_block(renderer: Renderer) -> None:
    for lang in catalogues():
        told = str(renderer.environments[lang].globals["texts_json"])
        assert "<" not in told


def test_every_asset_that_a_template_names_is_built(renderer: Renderer) -> None:
    templates = Path(__file__).parent.parent.parent / "live" / "templates"
    named = {n for p in templates.rglob("*.html") for n in re.findall(r"asset\('([^']+)'\)", p.read_text())}
    assert named
    for name in named:
        assert renderer.asset(name).startswith("/static/")


def test_a_language_that_is_not_known_is_english(renderer: Renderer) -> None:
    assert [renderer.known(lang) for lang in ("en", "es", "tlh", "", None)] == ["en", "es", "en", "en", "en"]
