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
CALLE = r"(?:calle|avenida|avda|ave|av|callejon|privada|camino|placita|paseo|via|vereda|bulevar|boulevard|blvd|calzada|cerrada)"
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


CHILD = frozenset(
    """son sons daughter daughters kid kids kiddo kiddos child boy boys girl girls grandson grandsons granddaughter
    granddaughters grandchild grandkid grandkids grandbaby nephew nephews niece nieces stepson stepdaughter stepchild stepkid
    twin twins triplets baby toddler godson goddaughter foster brother sister cousin student youngest oldest eldest
    hijo hija hijos hijas mijo mija mijos mijas nino nina ninos ninas nieto nieta nietos nietas nietecito nietecita sobrino
    sobrina sobrinos sobrinas sobrinito sobrinita sobrinitos ahijado ahijada ahijados hijastro hijastra hijastros bebe chiquito
    chiquita chiquitos chiquillo chiquilla muchacho muchacha muchachito muchachita morro morra morrito morrita plebe plebes
    gemelo gemela gemelos gemelas cuate cuates cuatitos trillizos menor alumno alumna vecinito vecinita hermanito hermanita
    hermanitos chamaco chamaca chamaquito nene nena primo prima primito primita hijito hijita niñito niñita ninito ninita
    yo""".replace("ñ", "n").split()
)
"""Who is a child of somebody; `yo` as in "my 7 yo"."""
OWN = frozenset(
    [
        "my",
        "our",
        "the",
        "this",
        "that",
        "her",
        "his",
        "a",
        "mi",
        "mis",
        "nuestro",
        "nuestra",
        "nuestros",
        "nuestras",
        "el",
        "la",
        "los",
        "las",
        "un",
        "una",
        "su",
        "sus",
    ]
)
BETWEEN = frozenset(
    [
        "named",
        "name",
        "names",
        "called",
        "is",
        "whose",
        "and",
        "y",
        "se",
        "llama",
        "llaman",
        "llamado",
        "llamada",
        "de",
        "nombre",
        "in",
        "kinder",
        "the",
        "el",
        "la",
        "mayor",
        "menor",
        "chico",
        "chica",
        "grande",
        "mediano",
        "mediana",
        "little",
        "older",
        "younger",
        "own",
    ]
)
"""What may stand between a child and the name."""
NO_NAMES = frozenset(
    [
        "i",
        "im",
        "ive",
        "id",
        "i'm",
        "i'd",
        "i'll",
        "ms",
        "mr",
        "mrs",
        "miss",
        "dr",
        "sr",
        "sra",
        "srta",
        "don",
        "dona",
        "coach",
        "profe",
        "maestra",
        "maestro",
        "senor",
        "senora",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "english",
        "spanish",
        "math",
        "science",
        "history",
        "reading",
        "algebra",
        "biology",
        "chemistry",
        "physics",
        "art",
        "band",
        "music",
        "spanish-speaking",
        "american",
        "mexican",
        "african",
        "arab",
        "somali",
        "black",
        "white",
        "hispanic",
        "latino",
        "latina",
        "native",
        "asian",
        "indian",
        "christian",
        "muslim",
        "jewish",
        "catholic",
        "god",
        "jesus",
        "covid",
        "flu",
        "adhd",
        "autism",
        "autistic",
        "ell",
        "eld",
        "iep",
        "gate",
        "pe",
        "ap",
        "ib",
        "rotc",
        "jrotc",
        "jted",
        "aasa",
        "azella",
        "ap",
        "chromebook",
        "chromebooks",
        "google",
        "zoom",
        "youtube",
        "tiktok",
        "instagram",
        "facebook",
        "snapchat",
        "parentvue",
        "studentvue",
        "clever",
        "iready",
        "ixl",
        "teams",
        "school",
        "middle",
        "high",
        "elementary",
        "academy",
        "charter",
        "district",
        "board",
        "title",
        "freshman",
        "sophomore",
        "junior",
        "senior",
        "kindergarten",
        "kinder",
        "preschool",
        "pre-k",
        "prek",
        "head",
        "start",
        "tucson",
        "arizona",
        "mexico",
        "sonora",
        "phoenix",
        "nogales",
        "marana",
        "vail",
        "oro",
        "sunnyside",
        "tusd",
        "uofa",
        "pima",
        "halloween",
        "christmas",
        "easter",
        "thanksgiving",
        "day",
        "mother's",
        "father's",
        "bus",
        "schools",
        "the",
        "a",
        "an",
        "and",
        "or",
        "but",
        "is",
        "are",
        "was",
        "will",
        "can",
        "could",
        "should",
        "would",
        "has",
        "have",
        "had",
        "does",
        "did",
        "do",
        "not",
        "no",
        "if",
        "when",
        "why",
        "what",
        "where",
        "who",
        "how",
        "which",
        "he",
        "she",
        "they",
        "we",
        "you",
        "it",
        "its",
        "his",
        "her",
        "their",
        "my",
        "our",
        "your",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "please",
        "thanks",
        "thank",
        "hello",
        "hi",
        "good",
        "so",
        "because",
        "also",
        "just",
        "still",
        "only",
        "now",
        "then",
        "el",
        "la",
        "los",
        "las",
        "un",
        "una",
        "y",
        "o",
        "pero",
        "si",
        "no",
        "que",
        "como",
        "cuando",
        "donde",
        "quien",
        "por",
        "para",
        "con",
        "sin",
        "en",
        "de",
        "del",
        "al",
        "se",
        "me",
        "te",
        "le",
        "lo",
        "nos",
        "les",
        "mi",
        "mis",
        "su",
        "sus",
        "tu",
        "ya",
        "va",
        "van",
        "esta",
        "estan",
        "es",
        "son",
        "fue",
        "tiene",
        "tienen",
        "quiere",
        "puede",
        "hay",
        "muy",
        "mas",
        "menos",
        "tambien",
        "porque",
        "gracias",
        "hola",
        "buenas",
        "buenos",
        "ahora",
        "hoy",
        "ayer",
        "lunes",
        "martes",
        "miercoles",
        "jueves",
        "viernes",
        "sabado",
        "domingo",
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
        "ingles",
        "espanol",
        "matematicas",
        "ciencias",
        "historia",
        "navidad",
        "escuela",
        "primaria",
        "secundaria",
        "prepa",
        "preparatoria",
        "distrito",
        "dios",
        "senor",
        "dia",
        "usa",
        "eeuu",
        "estados",
        "unidos",
        "united",
        "states",
        "america",
    ]
)
"""Written with a capital, and still no name."""
SCHOOLS = frozenset(
    ["high", "middle", "elementary", "school", "academy", "magnet", "k-8", "k8", "campus", "charter", "park", "library"]
)
PARENT = frozenset(
    [
        "mom",
        "mother",
        "mama",
        "mommy",
        "dad",
        "father",
        "papa",
        "daddy",
        "parent",
        "grandma",
        "grandmother",
        "grandpa",
        "grandfather",
        "nana",
        "abuela",
        "abuelo",
        "abuelita",
        "abuelito",
        "aunt",
        "uncle",
        "tia",
        "tio",
        "guardian",
        "tutor",
        "tutora",
        "madre",
        "padre",
        "nino",
        "nina",
        "padrino",
        "madrina",
        "papas",
        "padres",
        "madrastra",
        "padrastro",
        "stepmom",
        "stepdad",
        "hermana",
        "hermano",
    ]
)
SELF = frozenset(["im", "i'm", "am", "soy", "llamo", "name's"])
ORDINALS = frozenset(
    [
        "kinder",
        "kindergarten",
        "prek",
        "pre-k",
        "preschool",
        "preescolar",
        "primero",
        "segundo",
        "tercero",
        "cuarto",
        "quinto",
        "sexto",
        "septimo",
        "octavo",
        "noveno",
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "1st",
        "2nd",
        "3rd",
        "4th",
        "5th",
        "6th",
        "7th",
        "8th",
        "9th",
        "10th",
        "11th",
        "12th",
        "room",
        "salon",
    ]
)
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
