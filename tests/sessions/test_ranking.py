"""What was meant comes first, and what is shown of it has it in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessions import folding
from sessions.fulltext import Candidate
from sessions.places import Document, place
from sessions.ranking import SNIPPET, Look, Ranked, by_session, rank, snippet, weight

BUS, LATE, SCHOOL = (Look(((token,),), 2.0) for token in ("bus", "late", "school"))
SCHOOL_BUS = Look((("school", "bus"),), 2.0)


def candidate(number: int, *texts: tuple[str, str], session: int = 1) -> Candidate:
    documents = [Document(kind=kind, anchor="q-1", lang="en", words=words) for kind, words in texts]
    return Candidate(number, session, place(session, documents).tokens)


def order(looks: list[Look], *texts: str, kind: str = "question") -> list[str]:
    found = rank([candidate(number, (kind, text)) for number, text in enumerate(texts)], looks)
    return [texts[one.id] for one in found]


def test_more_of_what_was_asked_for_and_closer_together_comes_first() -> None:
    both_near, both_far = "Is the bus late again?", "The bus is where, and may my son be late?"
    one, padded = "Where is the bus?", "Where is the bus" + " that we were told about and waited for" * 9
    assert order([BUS, LATE], padded, one, both_far, both_near) == [both_near, both_far, one, padded]
    assert order([BUS], "a train", "no") == []


def test_a_phrase_is_only_what_stands_together_within_one_text() -> None:
    texts = ("The school buses", "A bus to school")
    assert order([SCHOOL_BUS], *texts) == [texts[0]]
    parted = candidate(1, ("question", "Which school?"), ("answer", "Bus 14."))
    assert rank([parted], [SCHOOL_BUS]) == []
    (found,) = rank([parted], [SCHOOL, BUS])
    assert (found.part, found.tokens) == (0, ["which", "school"])


def test_a_question_weighs_more_than_what_was_said_and_a_kind_can_be_asked_for() -> None:
    said, asked = candidate(1, ("caption", "the bus is late")), candidate(2, ("question", "The bus is late"))
    assert [one.id for one in rank([said, asked], [BUS])] == [2, 1]
    both = candidate(3, ("question", "A bus?"), ("answer", "No bus at all, and none was late."))
    (found,) = rank([both], [LATE, BUS], "answer")
    assert found.part == 1
    assert rank([candidate(4, ("question", "A bus?"), ("answer", "No."))], [BUS], "answer") == []


def test_a_session_counts_by_its_best_places() -> None:
    def ranked(session: int, *scores: float) -> list[Ranked]:
        return [Ranked(session * 10 + n, session, score, 0, []) for n, score in enumerate(scores)]

    found = by_session([*ranked(1, 5.0), *ranked(2, 4.9, 4.8, 4.7), *ranked(3, 4.0, 0.1)])
    assert [session for session, _ in found] == [2, 1, 3]


def test_a_rare_word_weighs_more() -> None:
    assert weight(1, 1000) > weight(10, 1000) > weight(900, 1000) > weight(1000, 1000) > 0


@given(st.lists(st.sampled_from(["bus", "late", "niño", "x" * 30, "—", "\n", "the"]), max_size=120), st.booleans())
def test_a_snippet_is_a_stretch_of_the_text_with_what_was_found_marked(parts: list[str], upper: bool) -> None:
    text = " ".join(parts).strip()
    text = text.upper() if upper else text
    tokens = [word.token for word in folding.words(text, "en")]
    first, pieces = snippet(text, tokens, [BUS, LATE])
    shown = "".join(piece.words for piece in pieces)
    assert shown.removeprefix("… ").removesuffix(" …") in text
    assert len(shown) <= SNIPPET * 5 // 4 + 4
    assert {piece.words.casefold() for piece in pieces if piece.is_match} <= {"bus", "late"}
    has_match = any(token in ("bus", "late") for token in tokens)
    assert any(piece.is_match for piece in pieces) is has_match
    assert not has_match or text[first:].casefold().startswith(("bus", "late"))
