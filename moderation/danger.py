"""Signs that somebody may be in danger: abuse, harm to oneself, threats, weapons, a child who is not safe. Pure.

It only proposes, and rather once too often: a person reads what it points at. `lists/danger.txt` has the words; here is
which of them have to stand near each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from moderation.spelling import Lexicon, entries


class Sign(NamedTuple):
    """Headings of which each has a word within so many words of the first one's.

    What is said `calmly` is no sign where the text speaks of rules and trainings, what is `asked` nor where it is
    a question about everybody: unless it says whose child it is about.
    """

    headings: tuple[str, ...]
    within: int = 0
    calmly: bool = True
    asked: bool = False


SIGNS = (
    Sign(("despair",)),
    Sign(("living", "weary", "no"), 4),
    Sign(("pills", "hoard"), 5),
    Sign(("harm", "body"), 6, calmly=False),
    Sign(("threat",)),
    Sign(("strike", "intent", "target"), 7),
    Sign(("weapon", "carry"), 7),
    Sign(("weapon", "kid"), 7, asked=True),
    Sign(("weapon", "grownup"), 7, asked=True),
    Sign(("violence",)),
    Sign(("abuse", "kid"), 10),
    Sign(("abuse", "grownup"), 8),
    Sign(("abuse talk", "mine"), 8, asked=True),
    Sign(("hit", "grownup", "kid"), 8),
    Sign(("cruel", "kid"), 5),
    Sign(("hit", "body"), 4, calmly=False),
    Sign(("hit", "fear"), 12, calmly=False),
    Sign(("mark", "kid"), 12, calmly=False),
    Sign(("mark", "home"), 12, calmly=False),
    Sign(("neglect", "kid"), 10),
    Sign(("unwatched", "late", "kid"), 10),
    Sign(("stalk", "grownup", "kid"), 12),
    Sign(("online", "kid"), 10),
    Sign(("lure", "home"), 6, calmly=False),
    Sign(("lure", "online"), 8, calmly=False),
    Sign(("secret", "grownup"), 12, calmly=False),
    Sign(("fear", "grownup", "home"), 10, calmly=False),
)
BEGINNING_WITH = {
    first: [sign for sign in SIGNS if sign.headings[0] == first] for first, *_ in (s.headings for s in SIGNS)
}
ASKING = frozenset(entries("openings")[""])
"""How a question begins that is about everybody."""

IS_ALSO = {"mine": ("mine", "kid"), "cruel": ("cruel", "hit"), "lure": ("lure", "kid", "mine")}
"""A phrase that counts under another heading, too."""


@cache
def lexicon_of_signs() -> Lexicon:
    return Lexicon(entries("danger"))


def is_danger(words: Sequence[str]) -> bool:
    return bool(signs(words))


def signs(words: Sequence[str]) -> list[Sign]:
    """Those that these folded words show."""
    if not words:
        return []
    places: dict[str, list[int]] = {}
    for found in lexicon_of_signs().find(words):
        for heading in IS_ALSO.get(found.heading, (found.heading,)):
            places.setdefault(heading, []).append(found.start)
    about_all = "mine" not in places
    is_calm = about_all and "policy" in places
    is_asked = about_all and (is_calm or words[0] in ASKING)
    return [
        sign
        for heading in places
        for sign in BEGINNING_WITH.get(heading, ())
        if not (is_calm and sign.calmly) and not (is_asked and sign.asked) and _stands(sign, places)
    ]


def _stands(sign: Sign, places: dict[str, list[int]]) -> bool:
    if any(heading not in places for heading in sign.headings):
        return False
    first, *others = (places[heading] for heading in sign.headings)
    return any(all(_is_near(place, there, sign.within) for there in others) for place in first)


def _is_near(place: int, there: list[int], within: int) -> bool:
    at = bisect_left(there, place - within)
    return at < len(there) and there[at] <= place + within
