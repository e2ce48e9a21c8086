"""Every state, reason and role has its words, in every language, and every sentence for people is translated."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from live import texts
from live.rendering import catalogues
from moderation.decisions import REASONS
from moderation.followups import OUTCOMES, TRIES
from sessions.events import SessionState, State
from sessions.permissions import Role

LOCALE = Path(texts.__file__).parent / "locale"
LANGUAGES = sorted(catalogues())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_has_a_label(lang: str) -> None:
    translation = catalogues()[lang]
    labels = texts.labels(translation.gettext)
    assert set(labels["question"]) == set(State)
    assert set(labels["session"]) == set(SessionState)
    assert set(labels["reasons"]) == set(labels["rules"]) == set(REASONS)
    assert set(labels["tries"]) == set(TRIES)
    assert set(labels["outcomes"]) == set(OUTCOMES)
    assert set(labels["roles"]) == set(Role)
    assert set(labels["invitations"]) == {"open", "used", "revoked", "expired"}
    for group in labels.values():
        assert all(group.values())
        assert len(set(group.values())) == len(group), "two are told apart by their words"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, ""),
        (1, "every second"),
        (45, "every 45 seconds"),
        (90, "every 90 seconds"),
        (60, "every minute"),
        (300, "every 5 minutes"),
    ],
)
def test_how_often_one_may_ask_is_told_in_words(seconds: int, told: str) -> None:
    sentence = texts.slow_sentence(catalogues()["en"].ngettext, seconds)
    assert sentence == (f"Many people are asking. For now, everyone may ask one question {told}." if told else "")


def test_scripts_have_the_same_sentences_in_every_language() -> None:
    told = {lang: texts.script_texts(t.gettext, t.ngettext) for lang, t in catalogues().items()}
    for lang, said in told.items():
        assert set(said) == set(told["en"]), lang
        for name, sentence in said.items():
            english = told["en"][name]
            assert type(sentence) is type(english)
            for form in sentence if isinstance(sentence, dict) else [None]:
                one = sentence[form] if isinstance(sentence, dict) and form else sentence
                other = english[form] if isinstance(english, dict) and form else english
                assert isinstance(one, str)
                assert isinstance(other, str)
                assert places(one) == places(other), (lang, name)
                assert lang == "en" or one != other, (lang, name)


def places(sentence: str) -> set[str | None]:
    """What is filled in later, in either of the two styles."""
    return {field for _, field, _, _ in Formatter().parse(re.sub(r"%\(\w+\)s", "", sentence)) if field} | set(
        re.findall(r"%\((\w+)\)s", sentence)
    )


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_a_catalogue_is_whole_and_fills_the_same_places(lang: str) -> None:
    with (LOCALE / "messages.pot").open("rb") as file:
        template = read_po(file)
    with (LOCALE / lang / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=lang)

    def of(id: object) -> Message:
        found = catalogue.get(id)  # type: ignore[arg-type]
        assert found is not None, f"not translated: {id}"
        return found

    for one in template:
        if not one.id:
            continue
        translated = of(one.id)
        assert not translated.fuzzy, one.id
        forms = translated.string if isinstance(translated.string, tuple | list) else [translated.string]
        sources = one.id if isinstance(one.id, tuple | list) else [one.id]
        for form in forms:
            assert isinstance(form, str), one.id
            assert form, f"not translated: {one.id}"
            assert places(form) <= set().union(*map(places, sources)), one.id
        if len(forms) == 1:
            assert places(str(forms[0])) == places(sources[0]), one.id


def test_every_refusal_in_the_code_is_in_the_catalogues() -> None:
    """Sentences that are passed to Refusal or Phrase as they stand; a new one is seen here before a parent sees it."""
    root = LOCALE.parent.parent
    source = "\n".join(p.read_text() for d in ("live", "moderation", "sessions") for p in (root / d).glob("*.py"))
    found = re.findall(r'Refusal\(\s*"\w+",\s*"((?:[^"\\]|\\.)+)"', source)
    found += re.findall(r'Phrase\(\s*"((?:[^"\\]|\\.)+)"', source)
    assert len(found) > 50
    for lang in LANGUAGES:
        if lang != "en":
            known = catalogues()[lang]._catalog  # type: ignore[attr-defined]
            assert [sentence for sentence in found if sentence not in known] == []
