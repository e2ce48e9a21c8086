"""Screening proposes what deserves a second look: each flag, what must not raise it, and what it costs."""

from __future__ import annotations

import time

import pytest

from moderation.decisions import FLAGS
from moderation.screening import MOST, OURS, listed, screen
from tests.load.scores import rows, screening

RAISES: dict[str, tuple[str, ...]] = {
    "danger": (
        "My niece says she does not want to live any more, she wants to die",
        "a boy in 8th grade has a gun in his backpack",
        "my stepdad hits my little brother every night and we are scared to go home",
        "mi sobrino dice que ya no quiere vivir",
        "un alumno trae una navaja en la mochila",
        "el tío la toca y le dice que es un secreto",
        "Mi hijo me dice que su tío le pega. ¿Con quién hablo?",
    ),
    "phone": (
        "call me at (520) 555-0142",
        "5205550142",
        "+52 662 555 0142",
        "five two zero, five five five, zero one four two",
        "cinco veinte, cinco cincuenta y cinco, cero uno cuarenta y dos",
        "٥٢٠ ٥٥٥ ٠١٤٢",
    ),
    "email": ("ana@example.org", "ana (at) example (dot) org", "ana arroba ejemplo punto com"),
    "street": ("we live at 1420 E Linden St", "vivo en la calle Ochoa numero 214"),
    "student": ("her student id is 2039481", "la matricula de mi hija es 5508231", "S20519983"),
    "child": ("my son Marcus has no bus", "mi hija Ximena va en segundo", "jayden in room 12", "soy la mamá de Joel"),
    "profanity": ("this is bullshit", "f*ck this", "que p1nche junta", "p u t o s", "fuuuuck", "bola de rateros"),
    "capitals": ("WHY DOES NOBODY ANSWER US", "POR QUÉ NADIE NOS CONTESTA"),
    "link": ("see https://example.org/plan", "tusd.example.org", "bit.ly/abc"),
    "repeats": ("no no no no", "save our school save our school save our school", "pleeeeease", "jajajajajajaja"),
}

RAISES_NOTHING = (
    "",
    "\u200b",
    "?!",
    "Why did the bus times change again?",
    "this schedule is killing me",
    "my daughter is shooting for a scholarship",
    "are active shooter drills announced before?",
    "me muero de calor en la fila",
    "tiros libres en el recreo",
    "What is the policy about knives?",
    "Is it 2024-2025 or 2025-2026?",
    "grades 6 7 8 9 10 11 12",
    "where did the 3,000,000 dollars go",
    "is the district office still at 1010 E 10th St?",
    "which school is zip 85745 zoned for",
    "my son's teacher Ms. Alvarez is leaving",
    "My son is at Tucson High and speaks Spanish",
    "IEP, ELL, GATE, JTED?",
    "ok.so when do we find out",
    "can the meeting be @ 6?",
    "what is the assistant principal's role in class assessments",
    "very very important",
    "desgraciadamente no pude ir",
)


@pytest.mark.parametrize(("flag", "words"), [(flag, words) for flag, there in RAISES.items() for words in there])
def test_each_flag_is_raised(flag: str, words: str) -> None:
    assert flag in screen(words)


@pytest.mark.parametrize("words", RAISES_NOTHING)
def test_usual_questions_raise_none(words: str) -> None:
    assert screen(words) == ()


def test_every_flag_has_examples_but_a_moderators_own() -> None:
    assert [*RAISES, "look"] == list(FLAGS)


def test_flags_come_in_the_order_of_the_table() -> None:
    words = "https://example.org ana@example.org 520 555 0142 my son Marcus has a gun in his backpack"
    assert screen(words) == ("danger", "phone", "email", "child", "link")


def test_accents_case_and_marks_do_not_hide_a_word() -> None:
    assert screen("PÍNCHE") == screen("pin\u0301che") == screen("pin\u200bche") == ("profanity",)


def test_a_district_has_its_own_list() -> None:
    assert screen("what the fudge", frozenset({"fudge"})) == ("profanity",)
    assert screen("fudging", frozenset({"fudg*"})) == ("profanity",)
    assert screen("bullshit", frozenset({"fudge"})) == ()
    assert screen("what the fudge", OURS) == ()


def test_a_districts_file_adds_to_ours() -> None:
    district = listed("# our own\n\nFudge\n  darn   it # both words\nFlip*\n*\n")
    assert district - OURS == {"fudge", "darn it", "flip*"}
    assert district >= OURS
    for words in ("what the FUDGE", "Darn it!", "flipping", "f*dge", "bullshit"):
        assert screen(words, district) == ("profanity",)
    assert listed("") == OURS


def test_nothing_beyond_the_limit_is_looked_at() -> None:
    assert screen("a" + " b" * MOST + " bullshit") == screen("a" + " b" * MOST)


HOSTILE = (
    "a", "a ", "1 ", "@", "*", "a*", "a.", "a-", "a@", "x_", "son ", "my son ", "5 e ", "calle ", "calle a ", "f u ",
    "you are a ", "he hit her dad ", "12345 ", "five ", "(1-", "1,111", "a at b.", "a" * 60 + ".", "\u0301", "e\u0301",
    "\ufdfa", "no quiere ", "kill ", "1234567 id ", "jajajaj", "www.", "A ",
)  # fmt: skip


def cost(words: str) -> float:
    """Of this thread alone, the least of three."""
    taken = []
    for _ in range(3):
        start = time.thread_time()
        screen(words)
        taken.append(time.thread_time() - start)
    return min(taken)


@pytest.mark.parametrize("part", HOSTILE, ids=lambda part: repr(part[:12]))
def test_nothing_that_anybody_sends_takes_long(part: str) -> None:
    def long(characters: int) -> str:
        return (part * characters)[:characters]

    whole = cost(long(MOST))
    assert whole < 0.25
    # Four times as long takes four times the time; a square would take sixteen. A millisecond is the clock's own.
    assert whole < 10 * cost(long(MOST // 4)) + 0.003
    assert cost(long(100 * MOST)) < 3 * whole + 0.003


def recall(counted: dict[tuple[str, str], int], flag: str) -> float:
    found, missed = counted.get((flag, "found"), 0), counted.get((flag, "missed"), 0)
    return found / (found + missed)


@pytest.mark.parametrize("half", ["a", "b"])
@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_figures_of_the_samples_hold(lang: str, half: str) -> None:
    """With room for a few lines, since each flag has about a dozen."""
    counted, among = screening(lang, half), len(rows("lines", lang, half))
    flags = [
        flag for flag in RAISES if recall(counted, flag) < (0.9 if half == "a" else 0.5 if flag == "danger" else 0.7)
    ]
    assert flags == []
    assert [flag for flag in [*RAISES, "any"] if counted[flag, "false"] > 0.02 * among] == []
