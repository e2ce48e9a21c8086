"""An archive as Markdown, in a reader's language. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sessions.archive import Archive, Asked
from sessions.captions import Cue
from sessions.question import Taken
from sessions.refusals import Phrase
from sessions.transcript import stretches

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&])")
# What begins a list, a rule or a heading where it begins a line.
BEGINS = re.compile(r"^(\d*)([-+=.)])", re.MULTILINE)
BLANKS = re.compile(r"^ +", re.MULTILINE)
Said = Mapping[str, Sequence[Cue]]

TAKEN_OUT = Phrase("These words were taken out.")
TEXTS: dict[str, Phrase] = {
    "who": Phrase("Who answered: {who}"),
    "stage": Phrase("Answered on stage"),
    "written": Phrase("Answered in writing"),
    "open": Phrase("Not answered in the session"),
    "between": Phrase("What was said"),
    "question": Phrase("Question {number}"),
    "asker": Phrase("A parent"),
    "answer": Phrase("Answer from {by}, {day}"),
    "captions": Phrase("What was said ({language})"),
    "recording": Phrase("Recording"),
    "links": Phrase("To read on"),
    "taken": Phrase("Words were taken out here on {day}: {reason}."),
    "signed": Phrase("Signed with the key {key}: {signature}."),
    "seal": Phrase("Written down as it happened: entry {number} of the session's log, seal {hash}."),
}


class Teller(NamedTuple):
    """How things are told in one language."""

    gettext: Callable[[str], str]
    day: Callable[[datetime], str]
    language: Callable[[str], str]
    outcome: Callable[[Asked], str]
    reason: Callable[[str], str]

    def say(self, text: str, **places: object) -> str:
        return plain(self.gettext(TEXTS[text]).format(**places))

    def words(self, words: str | None) -> str:
        return self.gettext(TAKEN_OUT) if words is None else words


def marks(those: Sequence[Taken], teller: Teller) -> Iterator[str]:
    """Each day and reason once: who took out a name did it in every version."""
    yield from dict.fromkeys(teller.say("taken", day=teller.day(m.at), reason=teller.reason(m.reason)) for m in those)


def plain(text: str) -> str:
    """The text with nothing in it that Markdown takes for more than letters."""
    escaped = SPECIAL.sub(r"\\\1", text)
    return BEGINS.sub(r"\1\\\2", BLANKS.sub(lambda blanks: "&nbsp;" * len(blanks[0]), escaped))


def quoted(text: str) -> str:
    """The text as a quotation, its lines as they were."""
    return "\n".join(f"> {line}".rstrip() + "  " * bool(line) for line in plain(text).split("\n")).rstrip()


def as_markdown(archive: Archive, address: str, langs: Sequence[str], teller: Teller) -> str:
    """With what was said in these languages beneath its question, or between."""
    return "\n\n".join(_blocks(archive, address, langs, teller)) + "\n"


def _blocks(archive: Archive, address: str, langs: Sequence[str], teller: Teller) -> Iterator[str]:
    yield f"# {plain(archive.title)}"
    if archive.about:
        yield plain(archive.about)
    if archive.starts_at:
        yield plain(teller.day(archive.starts_at))
    if archive.speakers:
        yield teller.say("who", who=", ".join(archive.speakers))
    yield f"<{address}>"
    if archive.recording:
        yield f"{teller.say('recording')}: <{archive.recording.address}>"
    if archive.links:
        yield f"## {teller.say('links')}"
        yield "\n".join(f"- {plain(link.label)}: <{link.address}>" for link in archive.links)
    for section, found in groupby(stretches(archive, langs), key=lambda one: one.section):
        those = list(found)
        yield f"## {teller.say(section if any(one.asked for one in those) else 'between')}"
        for stretch in those:
            if stretch.asked:
                yield from _question(stretch.asked, stretch.said, teller)
            else:
                yield "---"  # It belongs to no question, also not to the one above.
                yield from _said(stretch.said, teller)
    yield teller.say("seal", number=archive.head.seq, hash=archive.head.hash)
    if signed := archive.head.signed:
        yield teller.say("signed", key=signed.key, signature=signed.signature)


def _question(asked: Asked, said: Said, teller: Teller) -> Iterator[str]:
    card = asked.card
    yield f"### {teller.say('question', number=card.number)}"
    yield quoted(teller.words(card.words))
    nobody = TEXTS["asker"]
    about = (card.name or teller.gettext(nobody), card.school, card.topic, teller.outcome(asked))
    yield " · ".join(plain(one) for one in about if one)
    yield from _said(said, teller)
    for answer in card.answers:
        yield f"**{teller.say('answer', by=answer.by, day=teller.day(answer.at))}**"
        yield quoted(teller.words(answer.words))
    yield from marks(card.taken, teller)


def _said(said: Said, teller: Teller) -> Iterator[str]:
    for lang, cues in said.items():
        yield f"*{teller.say('captions', language=teller.language(lang))}*"
        yield "\n".join(_cue(cue, teller) for cue in cues)


def _cue(cue: Cue, teller: Teller) -> str:
    speaker = f"**{plain(cue.speaker)}:** " if cue.speaker else ""
    mark = "".join(f" *{said}*" for said in marks([cue.taken], teller)) if cue.taken else ""
    return f"- {clock(cue.start)} {speaker}{plain(teller.words(cue.words))}{mark}"


def clock(ms: int) -> str:
    """A time since the session started, in hours, minutes and seconds."""
    seconds = ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
