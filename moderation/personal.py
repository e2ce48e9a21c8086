"""What in a text leads to one person: an address of theirs, or the name of a child. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from moderation.spelling import entries

AT = r"\s?(?:@|\(at\)|\[at\]|\barroba\b)\s?"
DOT = r"(?:\s?(?:\.|\(dot\)|\[dot\]|\(punto\))\s?|\s(?:dot|punto)\s)"
PLACE = rf"[a-z\d-]{{1,60}}(?:{DOT}[a-z\d-]{{1,60}}){{0,3}}?"
EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}{AT}{PLACE}{DOT}[a-z]{{2,10}}\b"
    rf"|(?<![\w.+-])[\w.+-]{{1,64}}\sat\s[a-z\d-]{{1,60}}\s?(?:\.|\sdot\s|\(dot\))\s?(?:com|org|net|edu|gov|mx|us)\b"
    r"|\b(?:at|arroba|@) ?(?:gmail|hotmail|yahoo|outlook|icloud|aol|live|msn)\b"
)

DIRECTION = r"(?:n|s|e|w|north|south|east|west|norte|sur|este|oeste)\.?"
KIND = (
    r"(?:st|street|ave|avenue|av|rd|road|dr|drive|ln|lane|blvd|boulevard|bulevar|ct|court|pl|place|way|cir|circle|ter"
    r"|terrace|trl|trail|pkwy|parkway|hwy|loop|stra|stravenue)"
)
NAME = r"[a-z\d'][a-z\d'.]{0,20}"
# Between a number and "road" stands a name, and none of these: "a 6 lane road", "20 minutes on that road".
NO_NAME = (
    r"(?!(?:and|or|the|of|on|in|at|to|for|from|by|a|an|is|are|was|per|my|our|your|that|this|with|no|all|every|any|minutes?"
    r"|mins?|hours?|miles?|blocks?|lanes?|kids?|students?|cars?|buses|times?|days?|weeks?|years?|months?|dollars?|feet|ft|am"
    r"|pm|grade|th|st|nd|rd|de|del|la|el|los|las|en|y|o|por|para|con|que|desde|hasta|anos?|minutos?|horas?|millas?|cuadras?"
    r"|ninos|carros|camiones|veces|dias|pesos|dolares|a la|hay|es|son)\b)"
)
STREET = re.compile(
    rf"(?<![\d:$.,/-])\b\d{{3,5}}(?:-?[a-d])?,? {DIRECTION} (?!learning|mail){NO_NAME}{NAME}"
    rf"|(?<![\d:$.,/-])\b\d{{1,5}},? (?:{NO_NAME}{NAME} ){{1,3}}{KIND}\b(?!')"
    rf"|\b\d{{1,5}},? (?:(?:de|en) )?(?:la )?(?:calle|avenida|avda|callejon|privada|camino|placita|paseo|calzada|cerrada) {NO_NAME}{NAME}"
    rf"|\b(?:calle|avenida|avda|callejon|privada|camino|placita|paseo|calzada|cerrada) (?:{NAME},? ){{1,4}}(?:(?:numero|num|no|nro)\.? ?|# ?)\d{{1,5}}\b"
    rf"|\b(?:calle|avenida|avda|callejon|privada|camino|placita|paseo|calzada|cerrada) (?:{NO_NAME}{NAME} ){{1,3}}\d{{3,5}}\b"
    r"|\b(?:p\.? ?o\.?|apartado) (?:box|postal) #? ?\d"
    r"|\b(?:my|our|mi|nuestra) (?:home |house )?(?:address|direccion|domicilio)(?: \w+){0,3} #? ?\d{2,5} \w"
    r"|\b(?:casa|house|departamento|depa|apartment|apt|trailer|traila|espacio|space|unit) (?:#|no\.?|num\.?|numero)? ?\d{1,5},? (?:on|of|de|en) "
    rf"(?:la |el )?(?:calle|{NAME} {KIND})\b"
)
AT_HOME = re.compile(
    r"\b(?:i|we|my|our|me|us|he|she|they|casa|vivo|vivimos|viven|vive|mi|mis|nuestr[ao]|rent\w*|somos|soy|address|home|house|apt"
    r"|apartamento|depa\w*|family|familia|domicilio|live|lives|living|moved|mudamos)\b"
)
PUBLIC_PLACE = re.compile(
    r"\b(?:offices?|district|board|meetings?|school|library|clinic|center|store|church|park|oficinas?|distrito|junta|reunion"
    r"|escuela|biblioteca|clinica|centro|tienda|iglesia|parque|evento|event|still|sigue|siguen|queda|todavia)\b"
)


def has_street(text: str) -> bool:
    """A house number and a street; not where it is said to be a place of the public's."""
    for found in STREET.finditer(text):
        before = text[max(0, found.start() - 60) : found.start()]
        if AT_HOME.search(before) or not PUBLIC_PLACE.search(before):
            return True
    return False


class Word(NamedTuple):
    """A word as it was written, folded, and what stands between it and the next one."""

    written: str
    folded: str
    gap: str


_WORDS = entries("children")
CHILD = frozenset(_WORDS["child"])
"""Who is a child of somebody; `yo` as in "my 7 yo"."""
OWN = frozenset(_WORDS["own"])
BETWEEN = frozenset(_WORDS["between"])
"""What may stand between a child and the name."""
NO_NAMES = frozenset(_WORDS["no names"])
"""Written with a capital, and still no name."""
SCHOOLS = frozenset(_WORDS["schools"])
PARENT = frozenset(_WORDS["parent"])
SELF = frozenset(_WORDS["self"])
ORDINALS = frozenset(_WORDS["classes"])
CAPITALS_IN_TITLES = 0.6
"""Where so many words begin with a capital, none of them says that a name does."""


@cache
def first_names() -> frozenset[str]:
    return frozenset(entries("names")[""])


def names_child(words: Sequence[Word]) -> bool:
    """Whether a child is named beside what makes them a child: son, niece, "in room 12", "mamá de"."""
    long = [word for word in words if len(word.written) > 3]
    titles = sum(word.written[0].isupper() for word in long)
    is_title = titles > CAPITALS_IN_TITLES * len(long) and len(long) > 2
    return any(_is_child(words, at, is_title) for at in range(len(words)) if words[at].folded in ANCHORS)


ANCHORS = CHILD | PARENT | ORDINALS | {"named", "called", "llamado", "llamada"}


def _is_child(words: Sequence[Word], at: int, is_title: bool) -> bool:
    here = words[at].folded
    before, after = _before(words, at), _after(words, at)
    if here in CHILD:
        return _named_after(words, at, is_title) or _named_before(words, at, is_title)
    if here in PARENT:  # Olivia's mom, mamá de Joel
        of = next((w for w in after[1:2] if after[0].folded in ("of", "de", "to")), None)
        if of and _is_name(of, is_title) and not _is_school(words, at + 2):
            return True
        return bool(before) and before[-1].written.endswith(("'s", "’s")) and _is_name(before[-1], is_title)
    if here in ORDINALS:  # Jayden in room 12, Joel de segundo
        names = [w for w in before if w.folded in first_names()]
        joins = {"in", "de", "from", "en", "del"}
        return bool(names) and before[-1].folded in joins | {"the", "el"} and not _is_self(words, at)
    return bool(after) and before != [] and before[-1].folded in CHILD and _is_name(after[0], is_title)


def _before(words: Sequence[Word], at: int) -> list[Word]:
    """The words before this one, up to four and not beyond the sentence."""
    found: list[Word] = []
    for word in reversed(words[max(0, at - 4) : at]):
        if _ends(word.gap):
            break
        found.append(word)
    return found[::-1]


def _after(words: Sequence[Word], at: int) -> list[Word]:
    found: list[Word] = []
    for previous, word in zip(words[at : at + 5], words[at + 1 : at + 6], strict=False):
        if _ends(previous.gap):
            break
        found.append(word)
    return found


def _ends(gap: str) -> bool:
    return (any(mark in gap for mark in ".?!;\n") and not gap.startswith(". ")) or gap.startswith((". ", "?", "!"))


def _named_after(words: Sequence[Word], at: int, is_title: bool) -> bool:
    if words[at].written.endswith(("'s", "’s")):
        return False
    for distance, word in enumerate(_after(words, at)[:4], 1):
        if _is_name(word, is_title):
            return not _is_school(words, at + distance)
        if word.folded not in BETWEEN:
            return False
    return False


def _named_before(words: Sequence[Word], at: int, is_title: bool) -> bool:
    """Emiliano, mi nieto; Zoe in kinder, my youngest; not "I am Patricia, my son"."""
    before = _before(words, at)
    if (
        not before
        or before[-1].folded not in OWN - {"the", "el", "la", "a", "un", "una", "that", "this"}
        or _is_self(words, at)
    ):
        return False
    return any(word.folded in first_names() for word in before[:-1])


def _is_self(words: Sequence[Word], at: int) -> bool:
    """Whether somebody gives their own name here."""
    near = [word.folded for word in words[max(0, at - 6) : at]]
    return any(word in SELF for word in near) or any(
        pair in (("my", "name"), ("this", "is"), ("mi", "nombre"), ("me", "llamo")) for pair in pairwise(near)
    )


def _is_name(word: Word, is_title: bool) -> bool:
    bare = word.folded.removesuffix("'s")
    if bare in first_names():
        return True
    if is_title or bare in NO_NAMES or bare in CHILD or bare in PARENT or len(bare) < 3 or not bare.isalpha():
        return False
    written = word.written.removesuffix("'s").removesuffix("’s")
    return written[0].isupper() and not written.isupper()


def _is_school(words: Sequence[Word], at: int) -> bool:
    return any(word.folded in SCHOOLS for word in words[at + 1 : at + 3])
