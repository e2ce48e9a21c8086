"""Caption files: WebVTT and SRT as meeting tools write them, read strictly, and written as WebVTT. Pure.

A file that is broken is refused with the number of the line, and nothing of it is taken: a line that was silently
left out would be missing in the public record, and nobody would know.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from html.entities import html5
from itertools import islice
from typing import NamedTuple

from sessions.captions import MAX_CUES, MAX_SPEAKER, MAX_WORDS, Cue, Line, tidy
from sessions.refusals import Refusal
from sessions.words import clean_line

MAX_BYTES = 4 * 1024 * 1024
"""Three hours of captions are about half a megabyte, with every word timed three."""

CLOCK = r"(?:(1?\d{1,2}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
TIMES = re.compile(rf"\s*{CLOCK}\s*-->\s*{CLOCK}(?:\s.*)?")
ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
# One blank, not \s+: what two parts of a pattern may both take is tried in every way there is.
VOICE = re.compile(r"<v(?:\.[^\s<>]*)?(?:\s([^<>]*))?>")
TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.,]*>|</>")
WORD_TIME = re.compile(r"<\d[\d:.]*>")
PLACED = re.compile(r"\{\\[^{}]*\}")
ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{1,8});")
NAMED = re.compile(r"(?:>>\s*|-\s*)?([^\W\d_][^:<>\n]{0,59}?)\s?: +(?=\S)")
SMALL = frozenset(["de", "del", "la", "las", "los", "y", "da", "dos", "van", "von", "der", "bin", "al", "of", "the"])
"""Words within a name that begin small."""
NAMES_SHARE = 5
"""One cue in so many has to begin with a name, for names to be how this file tells its speakers."""
NEARLY_ALL = 0.9
OFTEN = 3
"""What stands before a colon so often is a name, however it is written."""


class File(NamedTuple):
    """What a file holds; `format` is "vtt" or "srt"."""

    format: str
    lines: tuple[Line, ...]


class Block(NamedTuple):
    """A cue as it stands in a file, whose times are on line `at`."""

    at: int
    start: int
    end: int
    payload: tuple[str, ...]


def read(body: bytes) -> File:
    """The lines of a caption file, in the order of their times. Raises Refusal `bad`, with the number of the line."""
    if len(body) > MAX_BYTES:
        raise Refusal("bad", "This file is larger than the {limit} MB there is room for.", limit=MAX_BYTES >> 20)
    text = decoded(body).replace("\r\n", "\n").replace("\r", "\n")
    is_vtt, is_rolling = re.match(r"\s*WEBVTT(?:[ \t\n]|\Z)", text) is not None, WORD_TIME.search(text) is not None
    blocks = list(_blocks(text.split("\n"), is_vtt=is_vtt, is_rolling=is_rolling))
    if not blocks:
        raise Refusal("bad", "There are no captions in this file. Please choose a WebVTT or SRT file.")
    if len(blocks) > MAX_CUES:
        raise Refusal("bad", "That is more than the {limit} captions there is room for.", limit=MAX_CUES)
    if is_rolling:
        blocks = list(_unrolled(blocks))
    found = (line for block, spoken in zip(blocks, _spoken(blocks), strict=True) for line in _lines(block, spoken))
    lines = list(islice(found, MAX_CUES + 1))  # One cue may have a hundred thousand voices.
    if len(lines) > MAX_CUES:
        raise Refusal("bad", "That is more than the {limit} captions there is room for.", limit=MAX_CUES)
    return File("vtt" if is_vtt else "srt", tuple(sorted(lines, key=lambda line: (line.start, line.end))))


def decoded(body: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 as some Windows programs write it."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            encoding, body = name, body[len(mark) :]
            break
    else:
        encoding = {b"\0": "utf-16-be", b"": "utf-8"}.get(body[:1], "utf-16-le" if body[1:2] == b"\0" else "utf-8")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        at = body[: error.start].decode(encoding, "replace").count("\n") + 1
        raise Refusal(
            "bad", "Line {line}: there are letters here that cannot be read. Please save the file as UTF-8.", line=at
        ) from None
    if "\0" in text:
        raise Refusal("bad", "There are no captions in this file. Please choose a WebVTT or SRT file.")
    return text


def _blocks(rows: Sequence[str], *, is_vtt: bool, is_rolling: bool) -> Iterator[Block]:
    """The cues of a file. What stands between two empty lines is one, or an aside that nobody reads."""
    at = 0
    if is_vtt:  # Its head, up to the first empty line after it.
        while not rows[at].strip():
            at += 1
        while at < len(rows) and rows[at].strip() and "-->" not in rows[at]:
            at += 1
        if at < len(rows) and "-->" in rows[at]:
            raise Refusal("bad", "Line {line}: there has to be an empty line after WEBVTT.", line=at + 1)
    while at < len(rows):
        first = at
        # Among words that roll up, a row with a single space is part of its cue.
        while at < len(rows) and (rows[at] if is_rolling else rows[at].strip()):
            at += 1
        if at > first and not (is_vtt and ASIDE.fullmatch(rows[first])):
            yield _block(rows[first:at], first + 1)
        at += 1


def _block(rows: Sequence[str], at: int) -> Block:
    timed = 0 if "-->" in rows[0] else 1
    if timed >= len(rows) or "-->" not in rows[timed]:
        raise Refusal("bad", "Line {line}: the times of a caption are missing here, or the file is cut off.", line=at)
    line = at + timed
    found = TIMES.fullmatch(rows[timed])
    if not found or any(int(found[n]) > 59 for n in (2, 3, 6, 7)):
        raise Refusal("bad", "Line {line}: this is no time. It looks like 00:01:02.500 --> 00:01:05.000.", line=line)
    start, end = (_ms(*found.groups()[n : n + 4]) for n in (0, 4))
    if end < start:
        raise Refusal("bad", "Line {line}: this caption ends before it begins.", line=line)
    for n, row in enumerate(rows[timed + 1 :], line + 1):
        if "-->" in row:
            raise Refusal("bad", "Line {line}: there has to be an empty line before the next caption.", line=n)
    return Block(line, start, max(end, start + 1), tuple(rows[timed + 1 :]))


def _ms(hours: str | None, minutes: str, seconds: str, part: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(part.ljust(3, "0"))


def _unrolled(blocks: Sequence[Block]) -> Iterator[Block]:
    """Where words are timed one by one, each cue shows once more what the one before had said."""
    last = ""
    for block in blocks:
        said = [row for row in block.payload if _plain(row)]
        new = said[1:] if said and _plain(said[0]) == last else said
        last = _plain(said[-1]) if said else last
        yield block._replace(payload=tuple(new))


def _spoken(blocks: Sequence[Block]) -> list[tuple[tuple[str | None, str], ...]]:
    """Who says what in each cue: by voices, or by names before a colon where that is how the file does it."""
    texts = ["\n".join(block.payload) for block in blocks]
    if any(VOICE.search(text) for text in texts):
        return [tuple(_by_voice(text)) for text in texts]
    prefixes = Counter(prefix for text in texts if (prefix := _prefix(text)))
    # Where every caption begins with one, whatever stands there is how a person called themselves.
    is_each = prefixes.total() >= NEARLY_ALL * len(texts)
    often = {prefix for prefix, count in prefixes.items() if is_each or count >= OFTEN}
    named = sum(count for prefix, count in prefixes.items() if prefix in often or _is_name(prefix))
    if not named or named * NAMES_SHARE < len(texts):
        return [((None, text),) for text in texts]
    return [tuple(_by_name(text, often)) for text in texts]


def _by_voice(text: str) -> Iterator[tuple[str | None, str]]:
    before, *parts = VOICE.split(text)
    if _plain(before):
        yield None, before
    for name, said in zip(parts[::2], parts[1::2], strict=True):
        if "</v>" not in said:
            yield name, said
            continue
        own, _, after = said.partition("</v>")
        yield name, own
        if _plain(after):
            yield None, after


def _by_name(text: str, often: Set[str]) -> Iterator[tuple[str | None, str]]:
    speaker: str | None = None
    said: list[str] = []
    for row in text.split("\n"):
        prefix = _prefix(row)
        if prefix and (prefix in often or _is_name(prefix)):
            if said:
                yield speaker, "\n".join(said)
            speaker, said = prefix, [_bare(row).partition(":")[2]]
        else:
            said.append(row)
    yield speaker, "\n".join(said)


def _bare(text: str) -> str:
    return PLACED.sub("", TAG.sub("", text)).strip()


def _prefix(text: str) -> str | None:
    """What stands before a colon at the beginning."""
    found = NAMED.match(_bare(text))
    return found[1].strip() if found else None


def _is_name(prefix: str) -> bool:
    """Whether it looks like one: a few words, of which each that is not small begins large."""
    words = re.sub(r"\([^()]*\)", "", prefix).split()
    return 0 < len(words) <= 6 and all(word[0].upper() == word[0] or word in SMALL for word in words)


def _plain(text: str) -> str:
    """What a person reads of a payload, on one line."""
    return tidy(ENTITY.sub(_character, _bare(text)))


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name[0] != "#":
        return html5.get(f"{name};", found[0])
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(number) if 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else ""


def _lines(block: Block, spoken: Iterable[tuple[str | None, str]]) -> Iterator[Line]:
    for name, text in spoken:
        words, speaker = _plain(text), _plain(name or "")
        if not words:
            continue
        try:
            words = clean_line(words, MAX_WORDS)
            speaker = clean_line(speaker, MAX_SPEAKER) if speaker else ""
        except Refusal:
            raise Refusal(
                "bad",
                "Line {line}: these words are too long, or carry characters that cannot be shown.",
                line=block.at + 1,
            ) from None
        yield Line(block.start, block.end, speaker or None, words)


def write(cues: Iterable[Cue], *, offset: int = 0, taken_out: str = "[…]") -> str:
    """The cues as WebVTT; in the times of a recording in which the session starts after `offset` milliseconds."""
    written = ["WEBVTT\n"]
    for cue in cues:
        words, start = cue.words if cue.words is not None else taken_out, max(0, cue.start + offset)
        said = _escaped(words)
        if cue.speaker:
            name = _escaped(cue.speaker)
            if name.endswith("--"):  # With what closes the tag it would be an arrow, which no caption may hold.
                name = f"{name[:-1]}&#45;"
            said = f"<v {name}>{said}"
        elif NAMED.match(words):  # No speaker, though it looks like one to whoever reads it again.
            said = said.replace(":", "&#58;")
        written.append(f"{cue.id}\n{_clock(start)} --> {_clock(max(start + 1, cue.end + offset))}\n{said}\n")
    return "\n".join(written)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("{\\", "&#123;\\")


def _clock(ms: int) -> str:
    seconds, part = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{part:03d}"
