"""Words are taken out of everything that is shown: found, looked at, sealed, and a mark left where they were.

The log is not touched, since it never had the words; what reads it finds what is left of them instead.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from moderation.questions import Question, change, find
from sessions import events as ev
from sessions import policy, seals
from sessions.database import Transaction
from sessions.events import Digest, State
from sessions.log import LogRow, record
from sessions.permissions import Caller
from sessions.refusals import Refusal
from sessions.tracks import NOTHING, CueRow, Track, Voice, leaf, root, stream
from sessions.words import SALT, Words, clean, digest, keep, recall

REASONS = ("child", "person", "contact", "hurtful", "wish", "law", "other")
"""Codes of why words were taken out, which everybody may know; their sentences are texts of the screens."""
MARK = "[…]"
"""What stands in a text in place of the words that were taken out of it, in every language."""
MAX_SAY, MAX_PHRASE = 300, 500

PARTS: dict[str, tuple[tuple[type[ev.QuestionEvent], str], ...]] = {
    # With every earlier version: who takes out a name means it wherever it stood.
    "words": ((ev.QuestionAsked, "words"), (ev.QuestionEdited, "words"), (ev.WordsEdited, "words")),
    "name": ((ev.QuestionAsked, "name"),),
    "answer": ((ev.QuestionAnswered, "words"),),
    "say": ((ev.QuestionDeclined, "say"),),
    "handed_to": ((ev.QuestionHandedOver, "to"),),
    "note": ((ev.QuestionNoted, "words"),),
    "tag": ((ev.QuestionTagged, "tag"),),
    "owner": ((ev.FollowUpPlanned, "owner"),),
    "follow_up": ((ev.FollowUpAttempted, "words"), (ev.FollowUpClosed, "words")),
    "redaction": ((ev.WordsRedacted, "say"),),
}
"""What of a question can be taken out, and the fields of the log that it is kept under."""
PART_OF = {field: part for part, fields in PARTS.items() for field in fields}


NO_DIGEST = Digest("")


class Text(NamedTuple):
    """Words of a question: in which entry of the log, of which part, under which digest, and what they say now."""

    entry: int
    part: str
    digest: Digest
    words: str


def left(text: str, phrase: str | None) -> str | None:
    """What is left of a text: nothing, or all of it with a mark wherever the phrase stands, in whatever case."""
    if phrase is None:
        return None
    there = r"\s+".join(map(re.escape, unicodedata.normalize("NFC", phrase).split()))
    return re.sub(there, MARK, text, flags=re.IGNORECASE)


async def texts(db: AsyncSession, session_id: int, question: str) -> list[Text]:
    """All that was ever written about a question and is still there, in the order of the log."""
    rows = select(LogRow.seq, LogRow.body).where(LogRow.session_id == session_id)
    rows = rows.where(LogRow.body.contains(f'"question":"{question}"', autoescape=True)).order_by(LogRow.seq)
    found: list[tuple[int, str, Digest]] = []
    for seq, body in await db.execute(rows):
        event = ev.decode(body)
        for field in ev.WORDS_IN[type(event)]:
            part, name = PART_OF.get((type(event), field)), getattr(event, field)  # type: ignore[arg-type]
            if part and name:
                found.append((seq, part, name))
    said = await recall(db, session_id, (name for *_, name in found))
    return [Text(seq, part, name, words) for seq, part, name in found if (words := said.get(name)) is not None]


def chosen(
    those: Sequence[Text], part: str | None, entry: int | None, phrase: str | None
) -> list[tuple[Text, str | None]]:
    """Those of which something is to be taken out, each with what is left of it. Raises Refusal where none is."""
    wanted = [t for t in those if part in (None, t.part) and entry in (None, t.entry)]
    found = [(text, rest) for text in wanted if (rest := left(text.words, phrase)) != text.words]
    if wanted and not found:
        raise Refusal("bad", "These words do not stand there. Please copy them exactly as they are.")
    if not found:
        raise Refusal("not_now", "Nothing is left there to take out.")
    return found


def phrase_of(typed: str | None) -> str | None:
    return clean(typed, MAX_PHRASE) if typed and typed.strip() else None


def _why(reason: str, say: str | None) -> str | None:
    if reason not in REASONS:
        raise Refusal("bad", "Please choose one of the reasons.")
    return clean(say, MAX_SAY) if say and say.strip() else None


async def redact(
    tx: Transaction,
    caller: Caller,
    question: str,
    reason: str,
    part: str | None = None,
    entry: int | None = None,
    phrase: str | None = None,
    say: str | None = None,
) -> Question:
    """Take out one part of a question, what one entry of the log says of it, or all there is.

    With `phrase` only that, wherever it stands in these texts. In every state of the question and of the session: a
    child's name does not wait for the end. Raises Refusal.
    """
    found, sentence = await find(tx, caller, question), _why(reason, say)
    if part is not None and part not in PARTS:
        raise Refusal("bad", "There is no such text at this question. Please choose one from the list.")
    await tx.flush()
    those = chosen(await texts(tx.db, tx.session.id, found.id), part, entry, phrase_of(phrase))
    taken = await _take_out(tx, {text.digest: rest for text, rest in those})
    return change(
        tx,
        caller,
        found,
        State(found.state),
        ev.WordsRedacted,
        part=part or "",
        taken=taken,
        reason=reason,
        say=keep(tx, sentence) if sentence else None,
        name=caller.name or "",
    )


async def _take_out(tx: Transaction, those: dict[Digest, str | None]) -> dict[Digest, Digest | None]:
    """Seal what stands behind each digest, and keep what is left of it; answers what is left by what was sealed."""
    query = select(Words).where(Words.session_id == tx.session.id)
    rows = {row.digest: row for row in await tx.db.scalars(query.where(Words.digest.in_(those)))}
    later = [row.rest for row in rows.values() if row.text is None]
    rows |= {row.digest: row for row in await tx.db.scalars(query.where(Words.digest.in_(later)))}
    taken: dict[Digest, Digest | None] = {}
    for name, rest in those.items():
        row = rows[name]
        if row.text is None:  # A part was taken out before: what was left then is what goes now.
            row = rows[Digest(row.rest or "")]
        if (gone := Digest(row.digest)) not in taken:
            taken[gone] = keep(tx, rest) if rest is not None else None
            await seals.take_out(tx, row, taken[gone])
    return taken


async def redact_caption(
    tx: Transaction,
    caller: Caller,
    lang: str,
    cue: int,
    reason: str,
    speaker: bool = False,
    phrase: str | None = None,
    say: str | None = None,
) -> None:
    """Take out a caption in every version that it had, or with `speaker` the name of who speaks, wherever it stands.

    With `phrase` only that of it. Raises Refusal.
    """
    policy.require(tx.session, "caption")
    sentence, phrase = _why(reason, say), phrase_of(phrase)
    await tx.flush()
    track = await tx.db.scalar(select(Track).where(Track.session_id == tx.session.id, Track.lang == lang))
    same = (CueRow.track_id == (track.id if track else 0), CueRow.number == cue)
    versions = list(await tx.db.scalars(select(CueRow).where(*same).order_by(CueRow.rev)))
    now = next((row for row in versions if row.until is None), None)
    if track is None or now is None:
        raise Refusal("not_found", "This caption is not there any more. Please reload the page.")
    voice = await tx.db.get(Voice, (tx.session.id, now.voice)) if now.voice else None
    rest, taken = now.words, dict[Digest, Digest | None]()
    if speaker:
        names = await recall(tx.db, tx.session.id, [voice.digest] if voice else [])
        name = names.get(voice.digest) if voice else None
        remains = (left(name, phrase) or MARK) if name else name
        if voice is None or name is None or remains == name:
            raise Refusal("not_now", "Nothing is left there to take out.")
        taken = await _take_out(tx, {Digest(voice.digest): remains})
    else:
        gone = [row for row in versions if row.words is not None and left(row.words, phrase) != row.words]
        if not gone:
            raise Refusal("not_now", "Nothing is left there to take out.")
        rest = left(now.words, phrase) if now.words is not None else None
        for row in gone:
            taken[Digest(row.digest.hex())] = None
            seals.seal(tx, row.digest.hex(), row.salt or b"", row.words or "")
            row.words = row.salt = None
    track.seq += 1
    await tx.db.execute(update(CueRow).where(*same, CueRow.rev == now.rev).values(until=track.seq))
    salt = None if rest is None else secrets.token_bytes(SALT)
    proof = NOTHING if salt is None or rest is None else bytes.fromhex(digest(salt, rest))
    tx.append(
        CueRow,
        track_id=track.id,
        number=cue,
        rev=track.seq,
        until=None,
        start=now.start,
        end=now.end,
        voice=now.voice,
        digest=proof,
        salt=salt,
        words=rest,
        corrected_at=tx.now,
    )
    event = ev.CaptionRedacted(
        at=tx.now,
        by=caller.person,
        lang=lang,
        cue=cue,
        digest=root([leaf(proof, now.start, now.end, voice.digest if voice else "")]),
        taken=taken,
        reason=reason,
        speaker=speaker,
        say=keep(tx, sentence) if sentence else None,
        name=caller.name or "",
    )
    record(tx, event, (stream(lang), track.seq))
