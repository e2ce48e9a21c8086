"""Bodies for many: compressed once, answered as the request can take them, not sent again to who has them."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from starlette.requests import Request

from live.packed import SMALLEST, VARY, Form, Packed

LONG = ("¿Habrá almuerzo? " * 100).encode()


def asking(**headers: str) -> Request:
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": told})


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("deflate, *", True),
        ("gzip ; q=1", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("xgzip", False),
    ],
)
def test_only_who_can_read_it_gets_it_compressed(accepted: str, zipped: bool) -> None:
    for answer in (
        Packed(LONG, "application/json").answer(asking(accept_encoding=accepted)),
        Form(LONG.decode(), ["@"]).answer(asking(accept_encoding=accepted), ["x"], {}),
    ):
        assert answer.headers.get("content-encoding") == ("gzip" if zipped else None)
        assert answer.headers["vary"] == VARY
        assert (gzip.decompress(answer.body) if zipped else answer.body) == LONG


def test_what_is_short_is_not_worth_it() -> None:
    answer = Packed(b"x" * (SMALLEST - 1), "application/json").answer(asking(accept_encoding="gzip"))
    assert ("content-encoding" in answer.headers, len(answer.body)) == (False, SMALLEST - 1)


def test_who_has_it_already_hears_only_that() -> None:
    packed, other = Packed(LONG, "application/json"), Packed(LONG + b"!", "application/json")
    tag = packed.answer(asking()).headers["etag"]
    assert tag == packed.answer(asking(accept_encoding="gzip")).headers["etag"]
    for held in (tag, f'"another", {tag}'):
        answer: Any = packed.answer(asking(if_none_match=held))
        assert (answer.status_code, answer.body, answer.headers["etag"]) == (304, b"", tag)
    for held in ("", '"another"', other.answer(asking()).headers["etag"]):
        assert packed.answer(asking(if_none_match=held)).status_code == 200


def test_what_is_for_few_is_left_on_no_shared_computer() -> None:
    for asked in (asking(), asking(if_none_match=Packed(LONG, "application/json").tag)):
        answer = Packed(LONG, "application/json").answer(asked, is_public=False)
        assert answer.headers["cache-control"] == "no-store"


def test_each_gets_their_own_words_in_a_page_made_once() -> None:
    page = "<p>%ME%</p>" + "<li>A card like many.</li>" * 500 + "%KEY% and %ME%" + "<p>The end.</p>" * 50
    form = Form(page, ["%ME%", "%KEY%"])
    for me, key in (("a3f9", "k-1"), ("", "¿Sí?"), ("x" * 70, "%ME%")):
        whole = page.replace("%ME%", "\0").replace("%KEY%", key).replace("\0", me).encode()
        assert form.filled([me, key], zipped=False) == whole
        zipped = form.filled([me, key], zipped=True)
        assert gzip.decompress(zipped) == whole
        assert len(zipped) < len(whole) / 20
