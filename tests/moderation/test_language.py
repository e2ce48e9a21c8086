"""The language of words: what is clear by script or small words, and everything else as the page says."""

from __future__ import annotations

import pytest

from moderation.language import MOST, SCRIPTS, language, small_words
from tests.load.scores import rows

CLEAR: tuple[tuple[str, str, str], ...] = (
    ("¿A qué hora pasa el camión de la escuela?", "en", "es"),
    ("a que hora llega el camion a la escuela", "en", "es"),
    ("What time does the bus leave?", "es", "en"),
    ("What time does the bus leave?", "es-MX", "en"),
    ("متى يصل الباص إلى المدرسة؟", "es", "ar"),
    ("باص", "es", "ar"),
    ("آیا اتوبوس می آید؟ چرا دیر است؟", "en", "fa"),
    ("بچے کا اسکول کب ہے؟", "ar", "ur"),
    ("Когда придет автобус?", "en", "ru"),
    ("बस कब है", "en", "hi"),
    ("校车什么时候来？", "en", "zh"),
    ("バスはいつ来ますか", "en", "ja"),
    ("버스는 언제 와요?", "en", "ko"),
    ("Goorma ayuu baska imaanayaa dugsiga?", "en", "so"),
    ("Basi la shule linafika lini kwa watoto wangu?", "en", "sw"),
    ("Khi nào xe buýt đến trường?", "en", "vi"),
    ("Are the buses late?", "ar", "en"),
)
UNCLEAR: tuple[tuple[str, str], ...] = (
    ("", "es"),
    ("?!", "es"),
    ("520-555-0142", "es"),
    ("IEP?", "es"),
    ("bus", "so"),
    ("no", "es"),
    ("no", "en"),
    ("Marana High School", "es"),
    ("La Cholla", "en"),
    ("متى يصل الباص؟", "fa"),
    ("校车什么时候来？", "ja"),
    ("校车什么时候来？", "zh-Hant"),
    ("A qué hora es la junta", "es-MX"),
    ("bus باص", "en"),
)


@pytest.mark.parametrize(("words", "page", "spoken"), CLEAR)
def test_what_is_clear_prevails_over_the_page(words: str, page: str, spoken: str) -> None:
    assert language(words, page) == spoken


@pytest.mark.parametrize(("words", "page"), UNCLEAR)
def test_what_is_not_stays_as_the_page_says(words: str, page: str) -> None:
    assert language(words, page) == page


def test_only_so_much_is_looked_at() -> None:
    assert language("1" * MOST + " What time does the bus leave?", "es") == "es"


def test_a_small_word_tells_between_languages_that_are_written_alike() -> None:
    listed = small_words()
    assert listed["the"] == ("en",)
    assert listed["cuando"] == ("es",)
    assert set(listed["la"]) >= {"es", "fr"}
    assert set(SCRIPTS["Arabic"]) >= set(listed["به"])


@pytest.mark.parametrize(
    ("lang", "page", "most"), [("en", "en", 0), ("es", "es", 0), ("en", "es", 0.03), ("es", "en", 0.12)]
)
def test_on_the_samples_it_is_never_wrong_where_the_page_is_right(lang: str, page: str, most: float) -> None:
    """And seldom where the page is of the other language: those few keep its label."""
    lines = [words for *_, words in rows("lines", lang, "a")]
    wrong = [words for words in lines if language(words, page) != lang]
    assert len(wrong) <= most * len(lines), wrong
