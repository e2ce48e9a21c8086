"""What may become of a question. Pure.

A question begins `held` (or `shown`, where the session does not review first) and ends with an outcome: answered,
declined with a reason, with a person, merged into another, or withdrawn. Nothing is ever deleted: what must not be
seen is hidden, and can be restored by a person who looks again. Each row below is one verb in one state; whatever has
no row is refused, so the table is the whole theory, and the diagram in the documentation is drawn from it.
"""

from __future__ import annotations

from sessions.events import State as S
from sessions.refusals import Phrase, Refusal

TRANSITIONS: dict[tuple[S, str], S] = {
    (S.HELD, "edit"): S.HELD,
    (S.HELD, "approve"): S.SHOWN,
    (S.HELD, "decline"): S.DECLINED,
    (S.HELD, "hand_over"): S.PRIVATE,
    (S.HELD, "withdraw"): S.WITHDRAWN,
    (S.HELD, "merge"): S.MERGED,
    (S.HELD, "edit_words"): S.HELD,
    (S.HELD, "follow_up"): S.HELD,
    (S.SHOWN, "queue"): S.QUEUED,
    (S.SHOWN, "decline"): S.DECLINED,
    (S.SHOWN, "hide"): S.HIDDEN,
    (S.SHOWN, "hand_over"): S.PRIVATE,
    (S.SHOWN, "withdraw"): S.WITHDRAWN,
    (S.SHOWN, "answer"): S.ANSWERED,
    (S.SHOWN, "merge"): S.MERGED,
    (S.SHOWN, "edit_words"): S.SHOWN,
    (S.SHOWN, "assign"): S.SHOWN,
    (S.SHOWN, "follow_up"): S.SHOWN,
    (S.QUEUED, "move"): S.QUEUED,
    (S.QUEUED, "bring"): S.ON_STAGE,
    (S.QUEUED, "remove"): S.SHOWN,
    (S.QUEUED, "hide"): S.HIDDEN,
    (S.QUEUED, "withdraw"): S.WITHDRAWN,
    (S.QUEUED, "answer"): S.ANSWERED,
    (S.QUEUED, "merge"): S.MERGED,
    (S.QUEUED, "edit_words"): S.QUEUED,
    (S.QUEUED, "assign"): S.QUEUED,
    (S.QUEUED, "follow_up"): S.QUEUED,
    (S.ON_STAGE, "settle"): S.ANSWERED,
    (S.ON_STAGE, "skip"): S.QUEUED,
    (S.ON_STAGE, "hide"): S.HIDDEN,
    (S.ON_STAGE, "defer"): S.SHOWN,
    (S.ON_STAGE, "edit_words"): S.ON_STAGE,
    (S.ON_STAGE, "assign"): S.ON_STAGE,
    (S.ANSWERED, "answer"): S.ANSWERED,
    (S.ANSWERED, "reopen"): S.SHOWN,
    (S.ANSWERED, "hide"): S.HIDDEN,
    (S.ANSWERED, "edit_words"): S.ANSWERED,
    (S.ANSWERED, "follow_up"): S.ANSWERED,
    (S.DECLINED, "restore"): S.HELD,
    (S.DECLINED, "answer"): S.DECLINED,
    (S.DECLINED, "follow_up"): S.DECLINED,
    (S.PRIVATE, "withdraw"): S.WITHDRAWN,
    (S.PRIVATE, "hand_over"): S.PRIVATE,
    (S.PRIVATE, "restore"): S.HELD,
    (S.PRIVATE, "answer"): S.PRIVATE,
    (S.PRIVATE, "edit_words"): S.PRIVATE,
    (S.PRIVATE, "follow_up"): S.PRIVATE,
    (S.HIDDEN, "restore"): S.HELD,
    (S.HIDDEN, "follow_up"): S.HIDDEN,
    (S.MERGED, "unmerge"): S.HELD,
    (S.MERGED, "withdraw"): S.WITHDRAWN,
}
"""(state, verb) -> state. `unmerge` leads back to the state before the merge; see `taken_apart`."""

VERBS = sorted({verb for _, verb in TRANSITIONS})
VOTABLE = frozenset({S.SHOWN, S.QUEUED})
"""Where "I want to know this too" counts."""
TWINS = frozenset({S.HELD, S.SHOWN, S.QUEUED, S.ON_STAGE, S.ANSWERED})
"""What another question may be merged into: what still lives, or has its answer for everyone."""

NAMES: dict[S, Phrase] = {
    S.HELD: Phrase("waiting to be looked at"),
    S.SHOWN: Phrase("shown to everyone"),
    S.QUEUED: Phrase("in line for the speakers"),
    S.ON_STAGE: Phrase("on stage"),
    S.ANSWERED: Phrase("answered"),
    S.DECLINED: Phrase("not taken up"),
    S.PRIVATE: Phrase("with a person of the staff"),
    S.HIDDEN: Phrase("hidden"),
    S.WITHDRAWN: Phrase("withdrawn"),
    S.MERGED: Phrase("joined with another question"),
}
"""A state within a sentence."""


def first(*, private: bool, review: bool, is_flagged: bool = False) -> S:
    """Where a new question begins; one that is only for staff never passes through anything public.

    What screening has flagged waits for a person, also where nobody else's question does.
    """
    if private:
        return S.PRIVATE
    return S.HELD if review or is_flagged else S.SHOWN


def taken_apart(came_from: str | None) -> S:
    """Where a question goes that was merged by mistake: back to where it stood, but not into its old place in line."""
    state = S(came_from or S.HELD)
    return S.SHOWN if state is S.QUEUED else state


def step(state: S, verb: str) -> S:
    """The state that `verb` leads to, or Refusal `not_now`."""
    if (state, verb) not in TRANSITIONS:
        raise Refusal("not_now", "That cannot be done: this question is {state} now.", state=NAMES[state])
    return TRANSITIONS[state, verb]
