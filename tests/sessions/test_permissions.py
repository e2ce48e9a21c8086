"""What a role may do."""

from __future__ import annotations

import pytest

from sessions.permissions import GRANTS, MAY_HEAR, Caller, Permission, Role
from sessions.question import Audience
from sessions.refusals import Refusal

TABLE = """
                participant captioner speaker moderator liaison host administrator
read_public     yes         yes       yes     yes       yes     yes  yes
ask             yes         yes       yes     yes       yes     yes  yes
vote            yes         yes       yes     yes       yes     yes  yes
read_speaker    -           -         yes     yes       -       yes  yes
answer          -           -         yes     yes       -       yes  yes
stage           -           -         yes     yes       -       yes  yes
read_desk       -           -         -       yes       yes     yes  yes
decide          -           -         -       yes       -       yes  yes
follow_up       -           -         -       yes       yes     yes  yes
redact          -           -         -       yes       -       yes  yes
read_contacts   -           -         -       -         yes     -    yes
caption         -           yes       -       yes       -       yes  yes
run_session     -           -         -       -         -       yes  yes
invite          -           -         -       -         -       yes  yes
plan_sessions   -           -         -       -         -       -    yes
"""
ROLES, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
GRANTED = {
    role: frozenset(Permission(permission) for permission, *cells in ROWS if cells[column] == "yes")
    for column, role in enumerate(map(Role, ROLES))
}


def test_the_grants_are_those_written_out_here() -> None:
    assert GRANTS == GRANTED
    assert {permission for permission, *_ in ROWS} == set(Permission)


@pytest.mark.parametrize("role", Role)
def test_a_caller_may_what_the_role_may(role: Role) -> None:
    caller = Caller("someone", frozenset({role}))
    assert {permission for permission in Permission if caller.may(permission)} == GRANTED[role]
    for permission in set(Permission) - GRANTED[role]:
        with pytest.raises(Refusal) as refused:
            caller.require(permission)
        assert (refused.value.code, refused.value.status) == ("not_allowed", 403)
    for permission in GRANTED[role]:
        caller.require(permission)


def test_nobody_may_nothing() -> None:
    assert not any(Caller("nobody", frozenset()).may(permission) for permission in Permission)


@pytest.mark.parametrize(
    ("role", "audience", "is_staff"),
    [
        (Role.PARTICIPANT, Audience.PUBLIC, False),
        (Role.CAPTIONER, Audience.PUBLIC, False),
        (Role.SPEAKER, Audience.SPEAKER, True),
        (Role.MODERATOR, Audience.DESK, True),
        (Role.LIAISON, Audience.DESK, True),
        (Role.HOST, Audience.DESK, True),
        (Role.ADMINISTRATOR, Audience.DESK, True),
    ],
)
def test_who_hears_what(role: Role, audience: Audience, is_staff: bool) -> None:
    caller = Caller("someone", frozenset({Role.PARTICIPANT, role}))
    assert (caller.audience, caller.is_staff) == (audience, is_staff)


def test_every_audience_takes_a_permission() -> None:
    assert set(MAY_HEAR) == set(Audience)
