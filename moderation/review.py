"""Before an archive is published: what personal data may be in it. Pure: proposes, and never decides.

Captions are looked at a turn at a time: a number that is read aloud goes over several lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from moderation.screening import OURS, screen
from sessions.archive import Archive
from sessions.transcript import turns

PERSONAL = frozenset({"danger", "phone", "email", "street", "student", "child", "profanity"})
"""Flags that matter in something published; shouting and links do not."""


class Finding(NamedTuple):
    """`where` is "question", "answer" or "caption"; `id` the question's, or the cue's of the track in `lang`."""

    where: str
    id: str
    lang: str
    words: str
    flags: tuple[str, ...]


def findings(archive: Archive, profanity: frozenset[str] = OURS) -> list[Finding]:
    """What deserves a look: questions and answers by their numbers, then captions by their times."""
    return [
        finding._replace(flags=flags)
        for finding in _texts(archive)
        if (flags := tuple(flag for flag in screen(finding.words, profanity) if flag in PERSONAL))
    ]


def _texts(archive: Archive) -> Iterator[Finding]:
    for card in (asked.card for asked in archive.questions):
        if card.words:
            yield Finding("question", card.id, card.lang, card.words, ())
        for answer in card.answers:
            if answer.words:
                yield Finding("answer", card.id, answer.lang or card.lang, answer.words, ())
    for lang, cues in archive.tracks.items():
        for turn in turns(cues):
            words = " ".join(cue.words for cue in turn.cues if cue.words)
            if words:
                yield Finding("caption", str(turn.cues[0].id), lang, words, ())


def named(archive: Archive) -> list[str]:
    """The names that families gave with their questions, each once."""
    return list(dict.fromkeys(asked.card.name for asked in archive.questions if asked.card.name))


def voices(archive: Archive) -> list[str]:
    """Who speaks in the captions and is none of the session's speakers: perhaps a parent, as a meeting names them."""
    known = {part.strip() for speaker in archive.speakers for part in (speaker, speaker.partition(",")[0])}
    heard = dict.fromkeys(cue.speaker for cues in archive.tracks.values() for cue in cues if cue.speaker)
    return [speaker for speaker in heard if speaker not in known]
