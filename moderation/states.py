"""What may become of a question. Pure.

A question begins `held` (or `shown`, where the session does not review first) and ends with an outcome: answered,
declined with a reason, with a person, or withdrawn. Nothing is ever deleted: what must not be seen is hidden, and can
be restored by a person who looks again. Each row below is one verb in one state; whatever has no row is refused, so
the table is the whole theory, and the diagram in the documentation is drawn from it.
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
    (S.SHOWN, "queue"): S.QUEUED,
    (S.SHOWN, "decline"): S.DECLINED,
    (S.SHOWN, "hide"): S.HIDDEN,
    (S.SHOWN, "hand_over"): S.PRIVATE,
    (S.SHOWN, "withdraw"): S.WITHDRAWN,
    (S.SHOWN, "answer"): S.ANSWERED,
    (S.QUEUED, "move"): S.QUEUED,
    (S.QUEUED, "bring"): S.ON_STAGE,
    (S.QUEUED, "remove"): S.SHOWN,
    (S.QUEUED, "hide"): S.HIDDEN,
    (S.QUEUED, "withdraw"): S.WITHDRAWN,
    (S.QUEUED, "answer"): S.ANSWERED,
    (S.ON_STAGE, "settle"): S.ANSWERED,
    (S.ON_STAGE, "skip"): S.QUEUED,
    (S.ON_STAGE, "hide"): S.HIDDEN,
    (S.ANSWERED, "answer"): S.ANSWERED,
    (S.ANSWERED, "reopen"): S.SHOWN,
    (S.ANSWERED, "hide"): S.HIDDEN,
    (S.DECLINED, "restore"): S.HELD,
    (S.DECLINED, "answer"): S.DECLINED,
    (S.PRIVATE, "withdraw"): S.WITHDRAWN,
    (S.PRIVATE, "hand_over"): S.PRIVATE,
    (S.PRIVATE, "restore"): S.HELD,
    (S.PRIVATE, "answer"): S.PRIVATE,
    (S.HIDDEN, "restore"): S.HELD,
}
"""(state, verb) -> state."""

VERBS = sorted({verb for _, verb in TRANSITIONS})
VOTABLE = frozenset({S.SHOWN, S.QUEUED})
"""Where "I want to know this too" counts."""
OPEN = frozenset({S.HELD, S.SHOWN, S.QUEUED, S.ON_STAGE})
"""Without an outcome yet."""

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
}
"""A state within a sentence."""


def first(*, private: bool, review: bool) -> S:
    """Where a new question begins; one that is only for staff never passes through anything public."""
    if private:
        return S.PRIVATE
    return S.HELD if review else S.SHOWN


def step(state: S, verb: str) -> S:
    """The state that `verb` leads to, or Refusal `not_now`."""
    if (state, verb) not in TRANSITIONS:
        raise Refusal("not_now", "That cannot be done: this question is {state} now.", state=NAMES[state])
    return TRANSITIONS[state, verb]
