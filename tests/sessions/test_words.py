"""What people wrote: kept as they wrote it, or refused in words; never cut, never silently altered."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sessions import words
from sessions.database import Database
from sessions.refusals import Refusal
from sessions.words import (
    CODES_IN_A_CHARACTER,
    MARKS_BEFORE_NORMALISING,
    MARKS_IN_A_CLUSTER,
    Words,
    clean,
    clean_line,
    digest,
    is_within,
)
from tests.house import House

LIMIT = 600
EMPTY = "There are no words here yet. Please write something first."
HIDDEN = "Some hidden characters came along with these words. Please type them again."
LONG = "That is longer than the 600 characters there is room for. Please shorten it."
MARKS = "Some letters here carry too many marks to be read. Please type them again."

REFUSED: dict[str, tuple[str, str]] = {
    "nothing": ("", EMPTY),
    "zalgo with joiners": ("W" + "\u0301\u200d" * 40 + "hy?", MARKS),
    "zalgo with other joiners": ("W" + "\u0301\u200c" * 40 + "hy?", MARKS),
    "spacing marks alone": ("W" + "\u302e" * 9, MARKS),
    "spaces": ("   ", EMPTY),
    "line ends and tabs": ("\r\n\t \n", EMPTY),
    "spaces of other widths": ("\u3000\u2003\u00a0", EMPTY),
    "zero-width spaces": ("\u200b\u200b", EMPTY),
    "joiners alone": ("\u200d\u200c\u2060\ufeff", EMPTY),
    "direction marks alone": ("\u200e\u200f", EMPTY),
    "marks with nothing under them": ("\u0301\u0302", EMPTY),
    "control characters alone": ("\x07\x00", EMPTY),
    "a blank letter of Hangul": ("\u3164", EMPTY),
    "blank fillers": ("\u115f\u1160\uffa0", EMPTY),
    "Braille without dots": ("\u2800\u2800", EMPTY),
    "blanks of every kind": (" \u3164\n\u2800\u200b\u115f\u0301", EMPTY),
    "10,000 characters": ("a" * 10_000, LONG),
    "one too many": ("a" * 601, LONG),
    "one family too many": ("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 601, LONG),
    "a megabyte": ("a" * 1_000_000, LONG),
    "a megabyte of marks": ("a" + "\u0301" * 1_000_000, LONG),
    "a megabyte of nothing": (" " * 1_000_000, LONG),
    "a megabyte of joiners": ("\U0001f468" + "\u200d" * 1_000_000, LONG),
    "a zero byte": ("Why\x00?", HIDDEN),
    "a bell": ("Why\x07?", HIDDEN),
    "an escape": ("Why\x1b[31m?", HIDDEN),
    "a C1 control": ("Why\x85?", HIDDEN),
    "half a character": ("Why\ud83d?", HIDDEN),
    "a private character": ("Why\ue000?", HIDDEN),
    "no character, and never one": ("Why\uffff?", HIDDEN),
    "half of a byte order mark, turned": ("Why\ufffe?", HIDDEN),
    "a right-to-left override": ("Why \u202egpj.exe", HIDDEN),
    "a left-to-right override": ("Why \u202d?", HIDDEN),
    "an embedding": ("Why \u202b?\u202c", HIDDEN),
    "zalgo": ("W" + "\u0301\u0316" * 20 + "hy?", MARKS),
    "nine marks on a letter": ("x" + "\u0323" * 9, MARKS),
    "eighteen marks that compose to nine": ("x" + "\u0344" * 9, MARKS),
    "a stack of enclosing marks": ("e" + "\u20dd" * 9, MARKS),
    "marks to sort by the thousand": ("a" + "\u0301" * 3500 + "\u0316" * 3500, MARKS),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(fault: str) -> None:
    text, sentence = REFUSED[fault]
    with pytest.raises(Refusal) as refused:
        clean(text, LIMIT)
    assert (refused.value.code, refused.value.say(str)) == ("bad", sentence)


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
TONED = "\u200d".join(f"{person}\U0001f3fd" for person in FAMILY.split("\u200d"))
KEPT: dict[str, str] = {
    "English": "Will the bus stop at Speedway?",
    "Spanish": "¿Por qué no hay autobús el miércoles?",
    "Vietnamese": "Xe buýt có dừng ở trường không? Đường Nguyễn Huệ",
    "Arabic": "هل ستتوقف الحافلة عند المدرسة؟",
    "Arabic with vowels": "هَلْ سَتَتَوَقَّفُ الحافِلَةُ؟",
    "Hebrew": "האם האוטובוס יעצור ליד בית הספר?",
    "Hebrew with points and accents": "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים",
    "Persian with a joiner": "می\u200cخواهم بدانم",
    "Hindi": "क्या बस स्कूल पर रुकेगी?",
    "Tibetan": "བསྒྲུབས་པ།",
    "Thai": "รถบัสจะจอดที่โรงเรียนไหม",
    "Burmese": "ကျောင်းကားရပ်မလား",
    "Chinese": "校车会停吗？",
    "Somali": "Baska ma joogsan doonaa?",
    "Tohono O'odham": "Ṣa:cu ʼo ha-ju:?",
    "an emoji family": f"{FAMILY} can we all come?",
    "a flag and a skin tone": "\U0001f1f2\U0001f1fd \U0001f44d\U0001f3fe",
    "a script tag": "<script>alert('bus')</script>",
    "markup": "<b>why</b> & <img src=x onerror=alert(1)>",
    "a template": "{{ 7 * 7 }} ${x} %s {limit}",
    "an address with isolates": "Call \u2066+1 520 555 0100\u2069",
    "three lines": "One\nTwo\n\nThree",
    "one character": "?",
    "a blank letter among others": "\u3164Why?",
    "an answer in Braille": "\u2813\u2800\u280a",
    "eight marks on a letter": "x" + "\u0323" * 8,
    "as many as there is room for": "a" * 600,
    "as many families": FAMILY * 600,
    "as many families with skin tones": TONED * 600,
    "as many flags of regions": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f" * 600,
    "as many pointed letters": "\u05e9\u05bc\u05c1\u05b8\u0596" * 600,
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_can_be_read_is_kept_as_it_is(text: str) -> None:
    assert clean(text, LIMIT) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("autobu\u0301s", "autob\u00fas"),
        ("  Why?\n", "Why?"),
        ("One\r\nTwo\rThree", "One\nTwo\nThree"),
        ("One\tTwo", "One Two"),
        ("\u1112\u1161\u11ab", "\ud55c"),
    ],
)
def test_words_are_tidied_and_composed(typed: str, kept: str) -> None:
    assert clean(typed, LIMIT) == kept


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        (FAMILY, 1),
        ("\U0001f1f2\U0001f1fd", 1),
        ("\U0001f44d\U0001f3fe", 1),
        ("e\u0323\u0302", 1),
        ("क्षि", 1),
        ("a\r\nb", 3),
        (FAMILY * 3, 3),
    ],
)
def test_length_is_what_a_reader_counts(text: str, length: int) -> None:
    assert [is_within(text, limit) for limit in range(length + 3)] == [False] * length + [True] * 3


def test_nobody_counts_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Counted:
        def finditer(self, text: str) -> Iterator[int]:
            for n, _ in enumerate(text, 1):
                seen.append(n)
                yield n

    monkeypatch.setattr(words, "CLUSTER", Counted())
    assert not is_within("a" * 1_000_000, 5)
    assert seen == [1, 2, 3, 4, 5, 6]


class TooDear(Exception):
    """Work was begun whose cost was to be bounded before."""


def dear(*_: object) -> str:
    raise TooDear


DEAR: dict[str, tuple[str, str]] = {
    "one code point too many": ("a" * (LIMIT * CODES_IN_A_CHARACTER + 1), LONG),
    "a megabyte of marks": ("\u0301" * 1_000_000, LONG),
    "spacing marks to sort": ("a" + "\u302e" * 3500 + "\U0001d165" * 3500, MARKS),
    "marks to sort": ("a" + "\u0301\u0316" * 3000, MARKS),
    "a pile at the end": ("Why? " * 100 + "a" + "\u0323" * (MARKS_BEFORE_NORMALISING + 1), MARKS),
    "enclosing marks": ("e" + "\u20dd" * (MARKS_BEFORE_NORMALISING + 1), MARKS),
}


@pytest.mark.parametrize("text", DEAR)
def test_what_costs_too_much_is_refused_before_it_costs_anything(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Neither normalised nor counted: both are quadratic over such texts."""
    monkeypatch.setattr(
        words,
        "unicodedata",
        SimpleNamespace(category=unicodedata.category, combining=unicodedata.combining, normalize=dear),
    )
    monkeypatch.setattr(words, "is_within", dear)
    hostile, sentence = DEAR[text]
    for limit, say in ((LIMIT, sentence), (1, LONG.replace("600", "1"))):
        with pytest.raises(Refusal) as refused:
            clean(hostile, limit)
        assert (refused.value.code, refused.value.say(str)) == ("bad", say)
    for bounded in ("a" * (LIMIT * CODES_IN_A_CHARACTER), "x" + "\u0323" * MARKS_BEFORE_NORMALISING):
        with pytest.raises(TooDear):
            clean(bounded, LIMIT)


def test_length_is_not_counted_where_there_are_too_many_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "is_within", dear)
    for text in ("x" + "\u0323" * (MARKS_IN_A_CLUSTER + 1), "x" + "\u0323" * MARKS_BEFORE_NORMALISING):
        with pytest.raises(Refusal) as refused:
            clean(text, LIMIT)
        assert refused.value.say(str) == MARKS
    with pytest.raises(TooDear):
        clean("x" + "\u0323" * MARKS_IN_A_CLUSTER, LIMIT)


def test_marks_that_compose_are_counted_as_they_are_kept() -> None:
    """Up to sixteen may be typed; what counts is what is left of them."""
    typed = "\u0915\u093c\u094d" * 20 + "a\u0302\u0301" + "\u0323" * 6
    kept = clean(typed, LIMIT)
    assert kept == unicodedata.normalize("NFC", typed)
    composed = "u\u0308\u0301" + "\u0302" * 8  # Ten marks, of which the first two go into the letter.
    assert clean(composed, LIMIT) == "\u01d8" + "\u0302" * 8
    with pytest.raises(Refusal) as refused:
        clean(composed + "\u0302", LIMIT)
    assert refused.value.say(str) == MARKS


def test_the_limit_counts_what_a_reader_counts() -> None:
    assert clean(FAMILY * 10, 10) == FAMILY * 10
    with pytest.raises(Refusal):
        clean(FAMILY * 11, 10)


@given(st.text(max_size=200))
def test_words_are_kept_whole_or_refused(text: str) -> None:
    try:
        kept = clean(text, 100)
    except Refusal as refusal:
        assert refusal.code == "bad"
        return
    assert clean(kept, 100) == kept
    assert is_within(kept, 100)
    assert not is_within(kept, 0)
    assert unicodedata.is_normalized("NFC", kept)
    kept.encode()
    spaces = str.maketrans("\r\t", "\n ")
    tidy = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(spaces)).strip()
    assert kept == tidy


@given(st.text(max_size=80))
def test_a_line_is_one_line(text: str) -> None:
    try:
        line = clean_line(text, 60)
    except Refusal:
        return
    assert line == " ".join(line.split())
    assert clean_line(line, 60) == line


def test_a_line_is_clean() -> None:
    assert clean_line("  Ms.\n  Ortiz ", 60) == "Ms. Ortiz"
    with pytest.raises(Refusal):
        clean_line("Ms. \u202eOrtiz", 60)
    with pytest.raises(Refusal) as refused:
        clean_line("\u2800 \u3164", 60)
    assert refused.value.say(str) == EMPTY


async def test_words_are_kept_apart_under_a_digest_of_their_own(house: House) -> None:
    """The same words twice have two digests: who knows the words cannot find them in the log."""
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        names = [words.keep(tx, "Why?"), words.keep(tx, "Why?")]
        await tx.flush()
        assert await words.recall(tx.db, house.session_id, names) == dict.fromkeys(names, "Why?")
        rows = {w.digest: w for w in await tx.db.scalars(select(Words))}
    assert len(set(names)) == 2
    for name in names:
        assert (rows[name].text, rows[name].length, len(rows[name].salt)) == ("Why?", 4, 16)
        assert digest(rows[name].salt, "Why?") == name
    assert rows[names[0]].salt != rows[names[1]].salt


async def test_words_of_a_whole_evening_are_recalled(sqlite: Database) -> None:
    house = await House.build(sqlite, live=False)
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        names = [words.keep(tx, f"Number {n}?") for n in range(1234)]
    other = await House.build(sqlite, live=False)
    async with house.database.reading() as db:
        assert await words.recall(db, house.session_id, [*names, "unknown"]) == {
            name: f"Number {n}?" for n, name in enumerate(names)
        }
        assert await words.recall(db, other.session_id, names) == {}
        assert await words.recall(db, house.session_id, []) == {}
