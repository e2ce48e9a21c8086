"""What in a question deserves a second look. Pure: proposes flags, never decides.

English and Spanish are looked for in every text, since people mix them. Each recogniser goes over the text a bounded
number of times, whatever the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

from moderation.danger import is_danger
from moderation.numbers import is_phone, is_spelled, is_student, numbers
from moderation.personal import EMAIL, Word, has_street, names_child
from moderation.spelling import Lexicon, entries, fold, unmarked

MOST = 4_000
"""Characters that are looked at: more than any question may have."""
MOST_NUMBERS, MOST_MASKED = 100, 60
FIGURE = re.compile(r"\d")
AT = re.compile(r"@|arroba|\bat\b")
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

LOUD_LETTERS, LOUD_WORDS, LOUD_SHARE = 12, 3, 0.7
"""So many letters and words, and so much of all letters, in capitals is shouting; a handful of initials is not."""
INITIALS = 4
"""Letters that a list of initials (IEP, JTED) does not go beyond; a sentence has longer words, or one of these."""
SMALL_WORDS = frozenset(entries("small")[""])
SAID_AGAIN, PHRASE_AGAIN, LONGEST_PHRASE, WHOLE_AGAIN = 4, 3, 6, 5
"""A word so often in a row, or a phrase so often; or all that is said, from so many words on, twice."""
SAME_LETTER = re.compile(r"([^\W\d_])\1{4}|([!?¡¿])\2{4}|([^\W\d_]{2})\3{5}")
"""Five times the same letter or mark, or six times the same syllable."""

TOP = "com|org|net|edu|gov|info|biz|io|co|us|tv|ly|be|gl|gle|me|app|dev|link|site|online|store|shop|xyz|news|page|mx"
LINK = re.compile(
    r"\b(?:https?|ftp)://\S|\bwww\.[\w-]"
    rf"|(?<![\w@.+-])(?:[a-z\d][\w-]{{0,60}}\.){{1,6}}(?:{TOP})(?![\w@-]|\.\w)"
    r"|(?<![\w@.+-])(?:[a-z\d][\w-]{0,60}\.){1,6}[a-z]{2,12}/\w"
    r"|\b[a-z\d-]{2,60} (?:dot|punto) (?:com|org|net|edu|gov)\b"
)

MASKED = re.compile(r"(?<![a-z\d])[a-z]{1,20}[\d*@$!%#+._-][a-z\d*@$!%#+._-]{1,30}")
STARS = frozenset("*%#@$!")
BLANKED = re.compile(r"[a-z]\*{2,}")
LETTERS = str.maketrans("013457@$!", "oieastasi")
SPACED = re.compile(r"\b(?:[a-z][ .*_-]{1,2}){3,14}[a-z]\b")
STRETCHED = re.compile(r"([a-z])\1{2,}")


def _profanity() -> frozenset[str]:
    there = entries("profanity")
    insults = {f"{calling} {insult}" for calling in there["calling"] for insult in there["insults"]}
    return frozenset({*there["english"], *there["spanish"], *insults})


OURS = _profanity()
"""Swear words and insults of both languages, to which a district adds its own."""


def listed(text: str) -> frozenset[str]:
    """A district's words with ours: one a line, with an asterisk for any ending; `#` begins a remark."""
    lines = (" ".join(line.partition("#")[0].split()) for line in text.splitlines())
    return OURS | {fold(unmarked(line)) for line in lines if line.strip("*~ ")}


def screen(words: str, profanity: frozenset[str] = OURS) -> tuple[str, ...]:
    """The flags that these words raise, in the order of `decisions.FLAGS`."""
    seen = unmarked(words[:MOST])
    text = fold(seen)[:MOST]
    spoken = split(seen)
    plain = [word.folded for word in spoken]
    has_figures = FIGURE.search(text) is not None
    found = list(islice(numbers(text), MOST_NUMBERS)) if has_figures or is_spelled(plain) else []
    phones = [number for number in found if is_phone(number, text)]
    without_email = EMAIL.sub(" ", text) if AT.search(text) else text
    raised = {
        "danger": is_danger(plain),
        "phone": bool(phones),
        "email": without_email is not text and without_email != text,
        "street": has_figures and has_street(text),
        "student": any(is_student(number, text) for number in found if number not in phones),
        "child": names_child(spoken),
        "profanity": swears(text, plain, profanity),
        "capitals": is_loud(spoken),
        "link": LINK.search(without_email) is not None,
        "repeats": repeats(text, plain),
    }
    return tuple(flag for flag, is_raised in raised.items() if is_raised)


def split(seen: str) -> list[Word]:
    """The words of a text, with what stands behind each."""
    matches = list(WORD.finditer(seen))
    if not matches:
        return []
    written = [match.group() for match in matches]
    folded = fold("\n".join(written)).split("\n")
    ends = [match.start() for match in matches[1:]] + [len(seen)]
    return [
        Word(one, plain, seen[match.end() : end])
        for one, plain, match, end in zip(written, folded, matches, ends, strict=True)
    ]


def is_loud(words: Sequence[Word]) -> bool:
    cased = [word.written for word in words if word.written.upper() != word.written.lower()]
    loud = [word for word in cased if len(word) > 1 and word.isupper()]
    letters = sum(map(len, loud))
    return (
        len(loud) >= LOUD_WORDS
        and letters >= LOUD_LETTERS
        and letters >= LOUD_SHARE * sum(map(len, cased))
        and (sum(len(word) > INITIALS for word in loud) > 1 or any(fold(word) in SMALL_WORDS for word in loud))
    )


def repeats(text: str, words: Sequence[str]) -> bool:
    if SAME_LETTER.search(text):
        return True
    often = Counter(words)
    if max(often.values(), default=0) < PHRASE_AGAIN:
        return len(words) >= 2 * WHOLE_AGAIN and _is_twice(words)
    for length in range(1, LONGEST_PHRASE + 1):
        needed = (SAID_AGAIN if length == 1 else PHRASE_AGAIN) * length - length
        same = 0
        for earlier, later in zip(words, words[length:], strict=False):
            same = same + 1 if earlier == later else 0
            if same >= needed:
                return True
    return _is_twice(words)


def _is_twice(words: Sequence[str]) -> bool:
    half = len(words) // 2
    return half >= WHOLE_AGAIN and words[:half] == words[half:]


class Swearing:
    """A district's list, made ready: words, phrases, and the words by what is left of them under a mask."""

    def __init__(self, profanity: frozenset[str]) -> None:
        plain = [fold(entry) for entry in profanity if not entry.startswith("~")]
        self.lexicon = Lexicon({"profanity": plain})
        self.masked: dict[str, list[tuple[str, bool]]] = {}
        for entry in (fold(entry).lstrip("~") for entry in profanity):
            stem = entry.rstrip("*")
            if stem.isalpha() and len(stem) > 2:
                self.masked.setdefault(stem[0], []).append((stem, stem != entry))

    def says(self, words: Sequence[str]) -> bool:
        return any(found.heading for found in self.lexicon.find(words))

    def hides(self, word: str) -> bool:
        """Whether a word with marks or figures in it is one of the list: a star stands for any letter."""
        bare = "".join(letter for letter in word if letter not in "*.-_+%#").translate(LETTERS)
        if len(bare) > 2 and self.lexicon.headings_of(bare):
            return True
        if not STARS & set(word):
            return False
        for stem, is_beginning in self.masked.get(word[0], ()):
            if len(word) == len(stem) or (is_beginning and len(word) > len(stem)):
                same = [mine == theirs for mine, theirs in zip(word, stem, strict=False)]
                if sum(same) * 2 >= len(stem) and all(
                    is_same or mine in STARS for is_same, mine in zip(same, word, strict=False)
                ):
                    return True
        return False


@lru_cache(maxsize=16)
def swearing(profanity: frozenset[str]) -> Swearing:
    return Swearing(profanity)


def swears(text: str, words: Sequence[str], profanity: frozenset[str]) -> bool:
    listed = swearing(profanity)
    if listed.says(words):
        return True
    is_stretched = STRETCHED.search(text)
    stretched = [STRETCHED.sub(r"\1", word) for word in words if STRETCHED.search(word)] if is_stretched else []
    spaced = [re.sub(r"[^a-z]", "", match.group()) for match in islice(SPACED.finditer(text), MOST_MASKED)]
    if listed.says(stretched) or listed.says(spaced):
        return True
    masked = (match.group().strip(".-_!+") for match in MASKED.finditer(text))
    hiding = (word for word in masked if 2 < len(word) <= 20 and word[0].isalpha() and not word.isalpha())
    return any(BLANKED.match(word) or listed.hides(word) for word in islice(hiding, MOST_MASKED))
