"""Who is connected, as python-socketio asks it: in one namespace, once, and only between coming and going."""

from __future__ import annotations

from live.roll import Roll


async def test_a_connection_comes_is_there_and_goes() -> None:
    admitted: list[str] = []

    async def admit(sid: str) -> None:
        assert roll.is_connected(sid, "/")
        admitted.append(sid)

    roll = Roll(admit)
    assert await roll.pre_connect("one", "/") == "one"
    assert not roll.is_connected("one", "/"), "nobody has let it in yet"
    assert await roll.pre_connect("one", "/") is None, "it is on its way already"
    await roll.connect("one", "/")
    assert (admitted, roll.is_connected("one", "/"), await roll.can_disconnect("one", "/")) == (["one"], True, True)
    assert (roll.sid_from_eio_sid("one", "/"), roll.eio_sid_from_sid("one", "/")) == ("one", "one")
    roll.pre_disconnect("one", "/")
    assert not roll.is_connected("one", "/")
    assert roll.sid_from_eio_sid("one", "/") == "one", "it is still known while it goes"
    await roll.disconnect("one", "/", ignore_queue=True)
    assert (roll.sid_from_eio_sid("one", "/"), roll.present) == (None, {})
    await roll.disconnect("one", "/")


async def test_there_is_one_namespace() -> None:
    async def admit(sid: str) -> None:
        raise AssertionError(sid)

    roll = Roll(admit)
    assert list(roll.get_namespaces()) == ["/"]
    assert await roll.pre_connect("one", "/admin") is None
    await roll.pre_connect("one", "/")
    roll.present["one"] = True
    assert (roll.is_connected("one", "/admin"), roll.sid_from_eio_sid("one", "/admin")) == (False, None)
    assert not roll.is_connected(None, "/")
