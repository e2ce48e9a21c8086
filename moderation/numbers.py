"""Numbers in a text that lead to a person: telephones, and what stands for one student. Pure.

Written by hand: `phonenumbers` takes 48 MB and 90 µs for a question, and reads no number that is spelled in words,
as people do who were told not to write one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

MOST_GROUPS, MOST_TRIED = 13, 100
"""Of one number: each digit by itself, and a country before them. In how many places of a run one is looked for."""


def _spelled() -> dict[str, int]:
    """Number words up to 99 in both languages, and the hundreds that Spanish telephones are read in."""
    english = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    spanish = "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis"
    found = {word: value for line in (english, spanish) for value, word in enumerate(line.split())}
    found |= {"seventeen": 17, "eighteen": 18, "nineteen": 19, "diecisiete": 17, "dieciocho": 18, "diecinueve": 19}
    found |= {"oh": 0, "un": 1, "una": 1}
    tens = "twenty thirty forty fifty sixty seventy eighty ninety"
    diez = "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa"
    found |= {word: 10 * value for line in (tens, diez) for value, word in enumerate(line.split(), 2)}
    found |= {f"veinti{word}": 20 + value for word, value in list(found.items()) if 0 < value < 10}
    hundreds = "cien doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
    return found | {word: 100 * value for value, word in enumerate(hundreds.split(), 1)} | {"ciento": 100}


SPELLED = _spelled()
TIMES = {"double": 2, "doble": 2, "triple": 3}
PIECE = re.compile(r"(?P<many>\d{1,3}(?:,\d{3})+(?!,?\d))|(?P<figures>\d+)|(?P<word>[a-z]+)|(?P<mark>[^\s\w])|_")
FEWEST_SPELLED = 5
"""Number words of a telephone read in pairs."""
BINDS = frozenset("-.(),")

CALL = re.compile(
    r"\b(?:call|text|phone|cell|cel|celular|tel|telefono|number|numero|area code|whats\w*|wsp|marque\w*|marc[ao]\w*"
    r"|llam[ae]\w*|hablen|termina|reach me|mobile|movil|ext|fax)\b"
)
CALL_NOW = re.compile(
    r"\b(?:call|text|phone|cell|cel|celular|tel|telefono|whats\w*|marqu\w*|llam[ae]\w*)\b[^.?!]{0,12}$"
)
YEAR = re.compile(r"(?:19|20)\d\d")

STUDENT = re.compile(
    r"\b(?:ids?|student|students|estudiantil|estudiante|alumn[oa]s?|matric|matriculas?|matricula|matriculation|stu|perm"
    r"|badge|gafete|credencial|escolar|sais|ssid|parentvue|studentvue|nip|seguro social|ssn|social security|expediente)\b"
)
STUDENT_NOW = re.compile(
    r"\b(?:id|ids|student (?:id|no|num|number)|matric\w*|perm|stu|numero de (?:alumn[oa]|estudiante)|id escolar|alumn[oa])"
    r"\b(?: (?:number|no|num|numero|is|es|de|code|#|:))*[\s#:.]*s?$"
)
OTHER_NUMBER = re.compile(
    r"(?:\$|\b(?:ticket|case|caso|order|orden|folio|invoice|factura|confirmation|tracking|serial|meeting id|zoom id|webinar"
    r"|model|modelo|isbn|grant|permit|license|policy|bond|ein|tax id|zip))\b[^.?!]{0,16}$|\$\s?$"
)
AMOUNT = re.compile(
    r"^\W{0,2}(?:dollars?|dolares|dlls|pesos|usd|million\w*|millon\w*|votes?|votos|people|personas|students|alumnos|%|kids"
    r"|miles|millas|families|familias)"
)
BEFORE, AFTER = 60, 30
"""Characters around a number in which is said what it is."""


class Number(NamedTuple):
    """Figures that belong together, as they were grouped, and where they stand."""

    groups: tuple[str, ...]
    start: int
    end: int
    has_plus: bool = False
    is_hyphened: bool = False

    @property
    def figures(self) -> str:
        return "".join(self.groups)


def numbers(text: str) -> Iterator[Number]:
    """Every number of a folded text, in figures or in words, with what is written between its parts left out."""
    groups: list[str] = []
    start = end = tens = 0
    has_plus, is_hyphened, times = False, False, 1
    for piece in PIECE.finditer(text):
        kind, there = piece.lastgroup, piece.group()
        value = SPELLED.get(there) if kind == "word" else None
        if kind == "figures" or value is not None or there in TIMES:
            if not groups and times == 1:
                start = piece.start()
            if there in TIMES:
                times = TIMES[there]
                continue
            if value is None:
                groups.append(there)
                tens = 0
            elif tens and value < tens and tens >= 10:  # fifty five, cincuenta y cinco, quinientos veinte
                groups[-1] = str(int(groups[-1]) + value)
                tens = _room(value)
            else:
                groups += [str(value)] * times
                tens = _room(value)
            end, times = piece.end(), 1
        elif kind == "mark" and there in BINDS:
            is_hyphened |= there in "-." and bool(groups) and text[piece.end() : piece.end() + 1].isdigit()
            tens = 0
        elif there == "y" and tens:
            continue
        elif groups:
            yield Number(tuple(groups), start, end, has_plus, is_hyphened)
            groups, has_plus, is_hyphened, tens, times = [], there == "+", False, 0, 1
        else:
            has_plus, tens, times = there == "+", 0, 1
    if groups:
        yield Number(tuple(groups), start, end, has_plus, is_hyphened)


def is_spelled(words: Iterable[str]) -> bool:
    """Whether there are enough number words to spell a number that leads to a person."""
    return sum(word in SPELLED for word in words) >= FEWEST_SPELLED


def _room(value: int) -> int:
    """Below what the next word adds to this one: hundreds take tens, tens take ones."""
    return 100 if value and value % 100 == 0 else 10 if value >= 20 and value % 10 == 0 else 0


def is_phone(number: Number, text: str) -> bool:
    """Ten figures as North America numbers its telephones, or Mexico; seven where it is said that one may call."""
    figures, groups = number.figures, number.groups
    if number.has_plus and 8 <= len(figures) <= 15:
        return True
    for first in range(min(len(groups), MOST_TRIED)):
        length = 0
        for last in range(first, min(len(groups), first + MOST_GROUPS)):
            length += len(groups[last])
            if length > 13:
                break
            if length >= 10 and _is_long(groups[first : last + 1]):
                return True
    if len(figures) != 7 or figures[0] in "01":
        return False
    if len(groups) == 1:
        return bool(CALL_NOW.search(text[max(0, number.start - BEFORE) : number.start]))
    around = text[max(0, number.start - BEFORE) : number.end + AFTER]
    return (
        groups[0][:3] == figures[:3] and (number.is_hyphened or bool(CALL.search(around))) and not _is_counting(groups)
    )


def _is_long(groups: tuple[str, ...]) -> bool:
    figures = "".join(groups)
    if len(figures) in (12, 13) and figures.startswith("52"):
        figures = figures[-10:]
    elif len(figures) == 11 and figures[0] == "1":
        figures = figures[1:]
    if len(figures) != 10 or figures[0] in "01":
        return False
    if len(groups) == 1:
        return True
    years = sum(bool(YEAR.fullmatch(group)) for group in groups)
    return years < 2 and max(map(len, groups)) <= 7 and not _is_counting(groups)


def _is_counting(groups: tuple[str, ...]) -> bool:
    """Grades 6 7 8 9 10 11 12, rooms 201 203 205: a list with one step, and no number."""
    values = [int(group) for group in groups]
    steps = {after - before for before, after in pairwise(values)}
    return len(values) > 2 and len(steps) == 1 and 0 not in steps


def is_student(number: Number, text: str) -> bool:
    """What a school numbers its students with: seven to nine figures in one, or six where it is said what they are."""
    figures, groups = number.figures, number.groups
    if not 5 <= len(figures) <= 10 or all(YEAR.fullmatch(group) for group in groups):
        return False
    before = text[max(0, number.start - BEFORE) : number.start]
    after = text[number.end : number.end + AFTER]
    if OTHER_NUMBER.search(before) or AMOUNT.search(after):
        return False
    if STUDENT_NOW.search(before) or tuple(map(len, groups)) == (3, 2, 4):
        return True
    if len(groups) == 1 and 7 <= len(figures) <= 9 and not figures.endswith("0000"):
        return True
    return 6 <= len(figures) <= 9 and len(groups) != 2 and bool(STUDENT.search(before) or STUDENT.search(after))
