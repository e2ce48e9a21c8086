"""Words as they are searched for: what a reader takes for the same is the same."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import folding
from sessions.folding import LONGEST, NO_WORD, STEMMERS, fold, spots, stem, stemmer, words

SAME = {
    "en": ["bus buses Bus BUSES", "run running runs", "child children", "policy policies", "parent's parents"],
    "es": ["información informacion INFORMACIÓN informaciones", "niño nino niños NIÑO", "escuela escuelas"],
    "ar": ["مدرسة مَدْرَسَة مدرسه", "إلى الى إلي", "أحمد احمد", "مـدرسة مدرسة", "٢٠٢٦ 2026"],
    "fr": ["école Ecole écoles", "élève eleve"],
    "vi": ["trường truong TRƯỜNG", "Đà da"],
    "de": ["Straße Strasse Straßen"],
    "so": ["Dugsi dugsi"],
    "ru": ["ёлка елка", "школа школы"],
}
DIFFERENT = {"en": "bus but", "es": "casa perro", "ar": "مدرسة مكتبة", "hi": "स्कूल बस", "ja": "か が"}


@pytest.mark.parametrize(("lang", "same"), [(lang, same) for lang, all in SAME.items() for same in all])
def test_forms_and_spellings_of_a_word_are_one(lang: str, same: str) -> None:
    tokens = {words(word, lang)[0].token for word in same.split()}
    assert len(tokens) == 1, tokens


@pytest.mark.parametrize(("lang", "two"), DIFFERENT.items())
def test_other_words_are_not(lang: str, two: str) -> None:
    one, other = words(two, lang)
    assert one.token != other.token


def test_a_form_is_what_can_be_typed_without_accents() -> None:
    assert [word.form for word in words("¿Habrá camión, O’Brien?", "es")] == ["habra", "camion", "o", "brien"]


def test_what_is_written_without_spaces_is_cut_into_characters() -> None:
    assert [word.form for word in words("学校bus到", "zh")] == ["学", "校", "bus", "到"]
    assert [word.form for word in words("โรงเรียน", "th")][:3] == ["โ", "ร", "ง"]


def test_words_are_found_where_they_stand() -> None:
    for text in ("Will the buses, all of them, run?", "¿Habrá niños — mañana?", "a\u0301rbol nin\u0303o"):
        assert [fold(text[start:end]) for start, end in spots(text)] == [word.form for word in words(text, "es")]


def test_every_language_has_a_stemmer_that_is_there() -> None:
    assert {lang: stemmer(name).stemWord("a") for lang, name in STEMMERS.items()} == dict.fromkeys(STEMMERS, "a")
    assert (stem("buses", "en-US"), stem("buses", "xx"), stem("2026", "en")) == ("bus", "buses", "2026")


def test_an_endless_word_costs_no_more_than_a_long_one() -> None:
    (word,) = words("x" * 100_000, "en")
    assert (len(word.form), len(word.token)) == (LONGEST, LONGEST)


async def test_threads_do_not_disturb_each_others_stems() -> None:
    folding.read.cache_clear()
    text = " ".join(f"running{n} policies{n} schools" for n in range(200))
    alone = [stem(word, "en") for word in text.split()]
    found = await asyncio.gather(*(asyncio.to_thread(lambda: [stem(w, "en") for w in text.split()]) for _ in range(8)))
    assert found == [alone] * 8


@given(st.text(max_size=200), st.sampled_from(["en", "es", "ar", "zh", "hi", "xx"]))
def test_a_token_is_one_plain_word_for_both_databases(text: str, lang: str) -> None:
    for form, token in words(text, lang):
        for part in (form, token):
            assert part and not NO_WORD.search(part), part
    assert [fold(text[start:end])[:LONGEST] for start, end in spots(text)] == [form for form, _ in words(text, lang)]
