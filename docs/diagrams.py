"""Draws docs/states.md from the tables themselves: `python docs/diagrams.py` writes it, a test compares it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from moderation import states
from sessions import lifecycle
from sessions.events import State
from sessions.question import OPEN

PAGE = Path(__file__).with_name("states.md")


def mermaid(table: Mapping[tuple[str, str], str], begins: Iterable[tuple[str, str]]) -> str:
    """A state diagram; verbs that lead the same way share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, verb), after in table.items():
        arrows.setdefault((state, after), []).append(verb)
    lines = [f"    [*] --> {state}: {verb}" for state, verb in begins]
    lines += [f"    {state} --> {after}: {', '.join(verbs)}" for (state, after), verbs in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def page() -> str:
    starts = [
        (states.first(private=False, review=True), "ask"),
        (states.first(private=False, review=False), "ask, where nobody reads first"),
        (states.first(private=True, review=True), "ask, only for staff"),
    ]
    open_states = ", ".join(f"`{state}`" for state in State if state in OPEN)
    return f"""# States

Drawn from `moderation/states.py` and `sessions/lifecycle.py` by `python docs/diagrams.py`.
What has no arrow is refused.

## A question

{mermaid(states.TRANSITIONS, starts)}

Without an outcome yet: {open_states}. At most one question is `on_stage`. A question asked only for staff
is never restored or approved: it is answered to its asker alone.

## A session

{mermaid(lifecycle.TRANSITIONS, [("draft", "plan")])}
"""


if __name__ == "__main__":
    PAGE.write_text(page())
