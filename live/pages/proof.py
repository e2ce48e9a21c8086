"""An export against the log: whether its head is in it, who signed that, and whether it says what the log said then."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from live.pages.exports import FORMS, Taken, not_here
from live.pages.visit import house_of
from live.rendering import Renderer
from live.settings import Settings
from sessions import archive as archives
from sessions import export
from sessions import session as sessions
from sessions.archive import Archive, Seal
from sessions.log import LogRow
from sessions.session import Session
from sessions.signing import Signed, is_sound

ADDRESS = re.compile(r"https?://[^\s\"'<>()\\,]+/archive/([A-Z0-9]{4,12})\b")
HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
SIGNATURE = re.compile(r"(?<![0-9a-f])[0-9a-f]{128}(?![0-9a-f])")
NUMBER = re.compile(r"\d{1,9}")
BEFORE = 200
"""Characters before a hash within which its number stands, in every form."""
SHOWN = 5
"""Differences that are named."""


class Told(NamedTuple):
    """What an export was found to be: sentences for what holds, and for what does not."""

    holds: list[str]
    faults: list[str]


async def check(db: AsyncSession, body: bytes, settings: Settings, trusted: Collection[str]) -> Told:
    """An export's head and content against the log. Raises Refusal where its session is not here."""
    text = body.decode("utf-8-sig", "replace")
    address = ADDRESS.search(text)
    hashes = list(HASH.finditer(text))
    if not address or not hashes:
        return Told([], ["this is no export of an archive: no address or no head is in it"])
    session = await sessions.find(db, address[1])
    found = Told([], [])
    rows = select(LogRow.seq, LogRow.hash).where(LogRow.session_id == session.id)
    at = {hash: seq for seq, hash in await db.execute(rows)}
    # The last of them: a family may have written such digits, and the head stands after all that they wrote.
    seq, hash = next(((at[one[0]], one[0]) for one in reversed(hashes) if one[0] in at), (0, ""))
    signed = signed_in(text, session, hashes)
    if signed:
        of, number, key = signed
        whose = "the trusted key" if key.key in trusted else f"a key that is not trusted ({key.key})"
        said = f"the head that it prints, of entry {number}, was signed with {whose}"
        (found.holds if key.key in trusted else found.faults).append(said)
        if of not in at:
            found.faults.append(f"the log does not have that head: it was cut, or changed, since it ended at {number}")
            return found
    elif SIGNATURE.search(text):
        found.faults.append("the signature that it prints does not hold for any head that it prints")
    if not seq:
        found.faults.append("the head that it prints is not in the log: one of them was changed")
        return found
    found.holds.append(f"the head that it prints is that of entry {seq} of the log")
    archive = await archives.read_at(db, session, seq, settings.cipher())
    # What it prints of the signature was looked at already; the database may have lost its own.
    seal = Seal(seq, hash, signed[2] if signed else None)
    differences = compare(body, msgspec.structs.replace(archive, head=seal), address[0], settings)
    if differences:
        found.faults.extend([f"it does not say what the log said at entry {seq}", *differences[:SHOWN]])
    else:
        found.holds.append(f"every word of it is what the log said at entry {seq}")
    return found


def signed_in(text: str, session: Session, hashes: list[re.Match[str]]) -> tuple[str, int, Signed] | None:
    """(hash, number, signature) of the head that the text prints with a signature that holds."""
    for signature in reversed(SIGNATURE.findall(text)):
        for head in reversed(hashes):
            numbers = [int(n) for n in NUMBER.findall(text[max(0, head.start() - BEFORE) : head.start()])]
            for key in (one[0] for one in reversed(hashes) if one[0] != head[0]):
                signed = Signed(key, signature)
                for number in reversed(numbers[-10:]):
                    if is_sound(session.code, number, head[0], signed):
                        return head[0], number, signed
    return None


def compare(body: bytes, archive: Archive, address: str, settings: Settings) -> list[str]:
    """Where an export differs from what is written of an archive now; of JSON, each place."""
    try:
        read = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        renderer = Renderer(settings)
        made = (
            form.make(Taken(archive, address, renderer, lang))
            for lang in renderer.translations
            for form in FORMS.values()
        )
        tracks = (export.as_vtt(archive, lang, address).encode() for lang in archive.tracks)
        if any(body == one for several in (tracks, made) for one in several):
            return []
        return ["it was changed, or written by another version of FACE-to-Face; its JSON shows where"]
    return list(unlike(read, msgspec.json.decode(export.as_json(archive, address)), "it"))


def unlike(one: object, other: object, place: str) -> Iterator[str]:
    """Each place in which two values of JSON differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from unlike(one.get(name), other.get(name), f"{place}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (this, that) in enumerate(zip(one, other, strict=True), 1):
            yield from unlike(this, that, f"{place}[{number}]")
    elif one != other:
        yield f"{place} differs"


async def key(request: Request) -> Response:
    """The public key by which signed heads are checked, as other tools read it."""
    signer = house_of(request).database.signer
    if signer is None:
        raise not_here()
    return PlainTextResponse(f"ed25519 {signer.key}\n\n{signer.pem}")


routes = [Route("/archive/key", key)]
