"""What moderators decide about a question: each verb guards, changes and records."""

from __future__ import annotations

from typing import Any

from moderation import alarms, states
from moderation.questions import Question, change, find, guard, move_votes, take_apart, whose_doing
from sessions import events as ev
from sessions import policy
from sessions.database import Transaction
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import DANGER
from sessions.refusals import Refusal
from sessions.words import clean, clean_line, keep

REASONS = ("off_topic", "already_answered", "twice", "personal", "language", "not_ours")
"""Codes of the published rules, from which each session takes its own; their sentences are texts of the screens."""
FLAGS = (DANGER, "phone", "email", "street", "student", "child", "profanity", "capitals", "link", "repeats", "look")
"""What a question can be flagged for. Screening raises all but `look`, which is a moderator's "please look, too"."""
MAX_SAY, MAX_NOTE, MAX_ANSWER, MAX_PERSON, MAX_TAG = 300, 1000, 4000, 80, 30


async def approve(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "approve")
    _not_private(found)
    return change(tx, caller, found, state, ev.QuestionApproved)


async def decline(
    tx: Transaction, caller: Caller, question: str, rev: int, reason: str, say: str | None = None
) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "decline")
    if reason not in (tx.plan.reasons or REASONS):
        raise Refusal("bad", "Please choose one of the reasons.")
    sentence = clean(say, MAX_SAY) if say and say.strip() else None
    told = keep(tx, sentence) if sentence else None
    return change(tx, caller, found, state, ev.QuestionDeclined, reason=reason, say=told)


async def hide(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "hide")
    return change(tx, caller, found, state, ev.QuestionHidden)


async def restore(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "restore")
    _not_private(found)
    return change(tx, caller, found, state, ev.QuestionRestored)


async def hand_over(tx: Transaction, caller: Caller, question: str, rev: int, to: str | None = None) -> Question:
    """To a person of the staff, outside the session; `to` names them for the asker."""
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "hand_over")
    person = clean_line(to, MAX_PERSON) if to and to.strip() else None
    found.taken = True
    return change(tx, caller, found, state, ev.QuestionHandedOver, to=keep(tx, person) if person else None)


async def answer(tx: Transaction, caller: Caller, question: str, rev: int, words: str, lang: str) -> Question:
    """In writing: public where the question is, for the asker alone where it is not."""
    policy.require(tx.session, "answer")
    found, state = await guard(tx, caller, question, rev, "answer")
    words = clean(words, MAX_ANSWER)
    found.taken = True
    return change(
        tx, caller, found, state, ev.QuestionAnswered, words=keep(tx, words), lang=lang, name=caller.name or ""
    )


async def reopen(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "answer")
    found, state = await guard(tx, caller, question, rev, "reopen")
    return change(tx, caller, found, state, ev.QuestionReopened)


async def merge(tx: Transaction, caller: Caller, question: str, rev: int, into: str) -> Question:
    """One answer for both: `into`, or what it was merged into itself, lives for it from now on.

    Votes stay where they were given; whoever counts them counts people.
    """
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "merge")
    living = await find(tx, caller, into)
    while living.into:
        living = await find(tx, caller, living.into)
    if living.id == found.id:
        raise Refusal("bad", "A question cannot be joined with itself. Please choose another one.")
    if State(living.state) not in states.TWINS or living.private:
        raise Refusal(
            "not_now",
            "That other question is {state}, so nothing can be joined with it. {who} made it so {ago}.",
            state=states.NAMES[State(living.state)],
            **await whose_doing(tx, living, lambda event: event.state is not event.was),
        )
    move_votes(tx, found, living.id)
    return change(tx, caller, found, state, ev.QuestionMerged, into=living.id)


async def unmerge(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "decide")
    found, _ = await guard(tx, caller, question, rev, "unmerge")
    return take_apart(tx, caller, found)


async def edit_words(
    tx: Transaction, caller: Caller, question: str, rev: int, words: str | None = None, lang: str | None = None
) -> Question:
    """Tidies the words that are shown, or puts their language right; the asker sees their own words beside them."""
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "edit_words")
    tidy = clean(words, tx.plan.limit) if words and words.strip() else None
    if tidy is None and lang is None:
        raise Refusal("bad", "There are no words here yet. Please write something first.")
    kept = keep(tx, tidy) if tidy else None
    name = caller.name or ""
    return change(tx, caller, found, state, ev.WordsEdited, words=kept, lang=lang, name=name)


async def note(tx: Transaction, caller: Caller, question: str, words: str) -> Question:
    """Between moderators; in any state, and never a reason to refuse a colleague's decision as stale."""
    found = await find(tx, caller, question)
    kept = keep(tx, clean(words, MAX_NOTE))
    return _beside(tx, caller, found, ev.QuestionNoted, words=kept, name=caller.name or "")


async def flag(tx: Transaction, caller: Caller, question: str, flag: str, on: bool = True) -> Question:
    """Needs a look, or needs none any more; a person decides what screening only proposes."""
    found = await find(tx, caller, question)
    if flag not in FLAGS:
        raise Refusal("bad", "There is no such flag. Please choose one from the list.")
    if flag == DANGER:
        await (alarms.raise_alarm if on else alarms.clear_alarm)(tx, found.id)
    return _beside(tx, caller, found, ev.QuestionFlagged, flag=flag, on=on)


async def tag(tx: Transaction, caller: Caller, question: str, tag: str, on: bool = True) -> Question:
    found = await find(tx, caller, question)
    return _beside(tx, caller, found, ev.QuestionTagged, tag=keep(tx, clean_line(tag, MAX_TAG)), on=on)


async def see(tx: Transaction, caller: Caller, question: str) -> Question:
    """For the record of who has read what may reveal danger, and when."""
    found = await find(tx, caller, question)
    return _beside(tx, caller, found, ev.QuestionSeen, name=caller.name or "")


def _beside(
    tx: Transaction, caller: Caller, question: Question, event: type[ev.QuestionEvent], **fields: Any
) -> Question:
    return change(tx, caller, question, State(question.state), event, **fields)


def _not_private(question: Question) -> None:
    if question.private:
        raise Refusal("not_now", "The family asked that only staff see this. It can be answered to them in writing.")
