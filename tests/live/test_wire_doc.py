"""docs/wire.md says what the code does: its tables are compared with the tables they tell of."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import msgspec

from live.app import MOST_BODY, RECHECK_EVERY
from live.commands import COMMANDS
from live.identity import RECEIPT_DAYS
from live.incoming import MOST_BYTES
from live.throttle import BUDGETS, LANE, STAFF, WHOLE
from moderation import asking, decisions
from sessions import people
from sessions.audiences import SCREENS, UNSEEN, Card
from sessions.events import EVENTS, Plan, State
from sessions.lifecycle import LIMITS
from sessions.permissions import GRANTS, MAY_HEAR, Permission, Role
from sessions.question import Audience
from sessions.refusals import STATUS

DOC = (Path(__file__).parent.parent.parent / "docs" / "wire.md").read_text()


def table(first: str) -> list[list[str]]:
    """The rows of the table whose header begins so."""
    lines = DOC.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


LISTED = (Role.MODERATOR, Role.SPEAKER, Role.LIAISON, Role.CAPTIONER, Role.HOST)


def named(cell: str) -> str:
    return cell.strip("`")


def who(permission: Permission) -> str:
    """Whom the table of permissions lets; administrators come with the hosts."""
    roles = [role for role in Role if permission in GRANTS[role]]
    assert (Role.HOST in roles) is (Role.ADMINISTRATOR in roles)
    if Role.PARTICIPANT in roles:
        return "everybody"
    return ", ".join(role for role in LISTED if role in roles)


def test_commands() -> None:
    told = [(named(name), body.strip(" |"), allowed) for name, body, allowed, _ in map(cells, commands())]
    expected = []
    for name, command in COMMANDS.items():
        fields = msgspec.structs.fields(command.body)
        body = " ".join(f"`{f.name}{'' if f.required else '?'}`" for f in fields if f.name != "key")
        expected.append((name, body, who(command.permission)))
    assert told == expected


def commands() -> list[str]:
    return [line for line in DOC.splitlines() if re.match(r"\| `[a-z]+\.[a-z_]+` \|.*\|.*\|.*\|$", line)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_events() -> None:
    expected = []
    for name, kind in EVENTS.items():
        heard = [str(audience) for audience in (Audience.SPEAKER, Audience.DESK) if kind not in UNSEEN[audience]]
        seen_by_all = all(kind not in unseen for unseen in UNSEEN.values())
        expected.append([f"`{name}`", "everybody" if seen_by_all else ", ".join(heard)])
    assert table("event") == expected


def test_refusals() -> None:
    assert [(named(code), int(status)) for code, status, _ in table("code")] == list(STATUS.items())


def test_screens() -> None:
    told = {}
    for screen, audience, places in table("screen"):
        lists = [place.partition(": ") for place in places.split(" · ")]
        told[named(screen)] = (
            named(audience),
            {State(s): named(p) for p, _, states in lists for s in states.split(", ")},
        )
    assert told == {screen: (str(audience), dict(places)) for screen, (audience, places) in SCREENS.items()}


def test_who_hears_what() -> None:
    paragraph = re.sub(r"\s+", " ", DOC)
    for audience in (Audience.SPEAKER, Audience.DESK):
        roles = [f"{role}s" for role in (Role.SPEAKER, Role.MODERATOR, Role.HOST, Role.LIAISON, Role.ADMINISTRATOR)]
        heard = [r for r in roles if MAY_HEAR[audience] in GRANTS[Role(r[:-1])]]
        assert f"`{audience}` for {', '.join(heard[:-1])} and {heard[-1]}" in paragraph


def test_fields_of_a_card() -> None:
    assert [named(field) for field, _, _ in table("field")] == list(Card.__struct_fields__)


def test_limits() -> None:
    told = {what: most for what, most in table("what")}
    assert f"{Plan(title='').limit} characters" in told.pop("a question")
    assert f"({LIMITS.start} to {LIMITS.stop - 1})" in DOC
    assert told == {
        "the name of an asker": f"{asking.MAX_NAME} characters",
        "a contact": f"{asking.MAX_CONTACT} characters",
        "a sentence to the asker": f"{decisions.MAX_SAY} characters",
        "a note": f"{decisions.MAX_NOTE} characters",
        "an answer": f"{decisions.MAX_ANSWER} characters",
        "a body over HTTP": f"{MOST_BODY} bytes",
        "a frame on the socket": f"{MOST_BYTES} bytes",
    }
    assert f"again every {RECHECK_EVERY:.0f} seconds" in DOC
    assert f"for {people.INVITATION_DAYS} days" in DOC
    assert f"good for {people.DEVICE_MINUTES} minutes" in re.sub(r"\s+", " ", DOC)


def test_budgets() -> None:
    start = DOC.index("| command | at once |")
    lines = itertools.takewhile(lambda line: line.startswith("|"), DOC[start:].splitlines()[2:])
    rows = [cells(line) for line in lines]
    budgets = {f"`{name}`": budget for name, budget in BUDGETS.items()} | {"all others together": STAFF}
    assert rows == [[name, str(b.burst), f"{b.seconds:g} s"] for name, b in budgets.items()]
    paragraph = re.sub(r"\s+", " ", DOC)
    for budget, told in ((WHOLE, "{} at once, then one every {:g} s"), (LANE, "{} at once, then one every {:g} s")):
        assert told.format(budget.burst, budget.seconds) in paragraph
    assert f"to read for {RECEIPT_DAYS} days" in paragraph


def test_reasons() -> None:
    paragraph = re.sub(r"\s+", " ", DOC).partition("Reasons to decline:")[2].partition(".")[0]
    assert tuple(re.findall(r"`(\w+)`", paragraph)) == decisions.REASONS
