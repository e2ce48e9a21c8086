"""Caption files as meeting tools write them; whole cues are compared, and what is broken is refused by its line."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sessions import captions, subtitles
from sessions.captions import Cue, Line
from sessions.refusals import Refusal
from tests.house import House
from tests.sessions.test_captions import ended, take_in

ONE = "00:00:01.000 --> 00:00:02.500"
TWO = "00:00:02.500 --> 00:01:04.000"
ANA, LUIS = "Ana Trujillo", "Luis"
Told = list[tuple[int, int, str | None, str]]
PLAIN: Told = [(1000, 2500, None, "Good evening."), (2500, 64000, None, "¿Habrá autobús?")]
SPOKEN: Told = [(1000, 2500, ANA, "Good evening."), (2500, 64000, LUIS, "¿Habrá autobús?")]


def vtt(one: str = "Good evening.", two: str = "¿Habrá autobús?", head: str = "WEBVTT", settings: str = "") -> str:
    return f"{head}\n\n{ONE}{settings}\n{one}\n\n{TWO}{settings}\n{two}\n"


def srt(one: str = "Good evening.", two: str = "¿Habrá autobús?") -> str:
    return f"1\n{ONE.replace('.', ',')}\n{one}\n\n2\n{TWO.replace('.', ',')}\n{two}\n"


ZOOM = vtt(f"{ANA}: Good evening.", f"{LUIS}: ¿Habrá autobús?").replace("\n\n0", "\n\n7\n0")
TEAMS = vtt(f"<v {ANA}>Good evening.</v>", f"<v {LUIS}>¿Habrá autobús?</v>").replace(
    "\n\n0", "\n\n3a1f0c22-5b7e-4d7d-9d6b-0b7a3c1f0c22/14-0\n0"
)
ROLLING = f"""WEBVTT
Kind: captions
Language: en

{ONE} align:start position:0%
 
good<00:00:01.400><c> evening</c>

00:00:02.500 --> 00:00:02.510 align:start position:0%
good evening
 

00:00:02.510 --> 00:00:05.000 align:start position:0%
good evening
and<00:00:03.000><c> welcome</c><00:00:04.000><c> all</c>
"""

FILES: dict[str, tuple[str | bytes, Told]] = {
    "vtt": (vtt(), PLAIN),
    "vtt, head with a title": (vtt(head="WEBVTT - Town hall, May 1"), PLAIN),
    "vtt, head with facts": (vtt(head="WEBVTT\nKind: captions\nLanguage: es"), PLAIN),
    "vtt, nothing after the last word": (vtt().rstrip(), PLAIN),
    "vtt, empty lines before the head": ("\n\n" + vtt(), PLAIN),
    "vtt, BOM": (b"\xef\xbb\xbf" + vtt().encode(), PLAIN),
    "vtt, CRLF": (vtt().replace("\n", "\r\n"), PLAIN),
    "vtt, old Mac": (vtt().replace("\n", "\r"), PLAIN),
    "vtt, UTF-16 of Windows": (("\ufeff" + vtt()).encode("utf-16-le"), PLAIN),
    "vtt, UTF-16 big end first": (("\ufeff" + vtt()).encode("utf-16-be"), PLAIN),
    "vtt, UTF-16 without a mark": (vtt().encode("utf-16-le"), PLAIN),
    "vtt, decimal commas": (vtt().replace(".000", ",000").replace(".500", ",500"), PLAIN),
    "vtt, hours missing": (vtt().replace("00:00:0", "00:0").replace("00:01:04", "01:04"), PLAIN),
    "vtt, one digit": (vtt().replace("00:00:0", "0:0:").replace(".500", ".5"), PLAIN),
    "vtt, settings": (vtt(settings=" line:80% position:50% align:middle"), PLAIN),
    "vtt, notes, styles and regions": (
        vtt(head="WEBVTT\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE made by hand\nof Ana"),
        PLAIN,
    ),
    "vtt, spaces on empty lines": (vtt().replace("\n\n", "\n \t\n"), PLAIN),
    "vtt, markup": (vtt("<i>Good</i> <c.yellow.bg>evening</c>.", "<lang es>¿Habrá <b>autobús</b>?</lang>"), PLAIN),
    "vtt, entities": (
        vtt("A &lt;b&gt; &amp; &quot;c&quot;&nbsp;&#33;&rlm;", "R&D &lt &unknown;"),
        [(1000, 2500, None, 'A <b> & "c" !\u200f'), (2500, 64000, None, "R&D &lt &unknown;")],
    ),
    "vtt, two rows": (vtt("Good\nevening."), PLAIN),
    "vtt, zoom": (ZOOM, SPOKEN),
    "vtt, zoom, some go on without their names": (
        ZOOM + "\n8\n00:02:00.000 --> 00:02:01.000\nno lo sé: quizás.\n\n9\n00:02:01.000 --> 00:02:02.000\nOtro día.\n",
        [*SPOKEN, (120_000, 121_000, None, "no lo sé: quizás."), (121_000, 122_000, None, "Otro día.")],
    ),
    "vtt, zoom, names as people type them": (
        vtt("rosa's iphone: Hola.", "rosa's iphone: ¿Me oyen?")
        + "\n00:02:00.000 --> 00:02:01.000\nrosa's iphone: Sí: digo, no.\n",
        [
            (1000, 2500, "rosa's iphone", "Hola."),
            (2500, 64000, "rosa's iphone", "¿Me oyen?"),
            (120_000, 121_000, "rosa's iphone", "Sí: digo, no."),
        ],
    ),
    "vtt, zoom, everybody by the name they gave themselves": (
        vtt(f"{ANA}: Good evening.", "rosa's iPhone: Is it on?"),
        [SPOKEN[0], (2500, 64000, "rosa's iPhone", "Is it on?")],
    ),
    "vtt, teams": (TEAMS, SPOKEN),
    "vtt, teams, CRLF and BOM": (b"\xef\xbb\xbf" + TEAMS.replace("\n", "\r\n").encode(), SPOKEN),
    "vtt, voices with a class, two in one cue": (
        vtt(f"<v.loud {ANA}>Good evening.</v>\n<v Smith &amp; Son>Hello.", "¿Habrá autobús?"),
        [SPOKEN[0], (1000, 2500, "Smith & Son", "Hello."), (2500, 64000, None, "¿Habrá autobús?")],
    ),
    "vtt, youtube, words that roll up": (
        ROLLING,
        [(1000, 2500, None, "good evening"), (2510, 5000, None, "and welcome all")],
    ),
    "vtt, overlapping, out of order": (
        f"WEBVTT\n\n{TWO}\n¿Habrá autobús?\n\n{ONE}\nGood evening.\n\n00:00:01.200 --> 00:00:01.200\nYes.\n",
        [PLAIN[0], (1200, 1201, None, "Yes."), PLAIN[1]],
    ),
    "vtt, nothing said in one": (vtt() + "\n00:02:00.000 --> 00:02:01.000\n\n", PLAIN),
    "vtt, marks that nobody sees": (vtt("\u200bGood\xad eve\x07ning.\u202e", "\ufeff¿Habrá\tautobús?"), PLAIN),
    "vtt, a colon that is no name": (
        vtt("Note: bring the form.", "Good evening.")
        + "".join(f"\n00:02:0{n}.000 --> 00:02:0{n}.900\nand so on\n" for n in range(9)),
        [
            (1000, 2500, None, "Note: bring the form."),
            (2500, 64000, None, "Good evening."),
            *((120_000 + 1000 * n, 120_900 + 1000 * n, None, "and so on") for n in range(9)),
        ],
    ),
    "srt": (srt(), PLAIN),
    "srt, BOM, CRLF": (b"\xef\xbb\xbf" + srt().replace("\n", "\r\n").encode(), PLAIN),
    "srt, points for commas": (srt().replace(",", "."), PLAIN),
    "srt, no numbers": (srt().replace("1\n0", "0").replace("2\n0", "0"), PLAIN),
    "srt, many empty lines": ("\n\n" + srt().replace("\n\n", "\n \n\n\n"), PLAIN),
    "srt, placed and coloured": (
        srt('{\\an8}<font color="#fff">Good</font> evening.', "<i>¿Habrá autobús?</i>"),
        PLAIN,
    ),
    "srt, names": (srt(f"{ANA}: Good evening.", f">> {LUIS}: ¿Habrá autobús?"), SPOKEN),
    "srt, two speak in one": (
        srt(f"- {ANA}: Good\nevening.\n- {LUIS}: Hello.", f"{LUIS}: ¿Habrá autobús?"),
        [SPOKEN[0], (1000, 2500, LUIS, "Hello."), SPOKEN[1]],
    ),
    "srt, arabic": (
        srt("مساء الخير", "هل ستكون هناك حافلة؟"),
        [(1000, 2500, None, "مساء الخير"), (2500, 64000, None, "هل ستكون هناك حافلة؟")],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_whole(name: str) -> None:
    body, expected = FILES[name]
    found = subtitles.read(body if isinstance(body, bytes) else body.encode())
    assert (found.format, [tuple(line) for line in found.lines]) == (name[:3], expected)


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 30


TIMES = "Line {}: the times of a caption are missing here, or the file is cut off."
NO_TIME = "Line {}: this is no time. It looks like 00:01:02.500 --> 00:01:05.000."
NEXT = "Line {}: there has to be an empty line before the next caption."
NOTHING = "There are no captions in this file. Please choose a WebVTT or SRT file."
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", NOTHING),
    "a head alone": ("WEBVTT\n", NOTHING),
    "a picture": (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "Line 1: there are letters here that cannot be read. Please save the file as UTF-8.",
    ),
    "a letter": ("Dear families,\nplease come.\n", TIMES.format(1)),
    "cut off after a number": (srt() + "\n3\n", TIMES.format(9)),
    "cut off within a time": (vtt() + "\n00:02:00.000 --> 00:0", NO_TIME.format(9)),
    "an arrow cut off": (vtt() + "\n00:02:00.000 --", TIMES.format(9)),
    "text between cues": (vtt().replace("\n\n00:00:02", "\n\nand so on\n\n00:00:02"), TIMES.format(6)),
    "no such minute": (vtt().replace("00:01:04", "00:61:04"), NO_TIME.format(6)),
    "letters for a time": (vtt().replace("00:01:04", "00:O1:04"), NO_TIME.format(6)),
    "no part of a second": (vtt().replace("64.000", "64").replace("04.000", "04"), NO_TIME.format(6)),
    "ends before it begins": (vtt().replace("00:01:04", "00:00:01"), "Line 6: this caption ends before it begins."),
    "no empty line between": (vtt().replace("\n\n00:00:02", "\n00:00:02"), NEXT.format(5)),
    "no empty line after the head": (f"WEBVTT\n{ONE}\nHello.\n", "Line 2: there has to be an empty line after WEBVTT."),
    "Windows letters": (
        vtt().encode("cp1252"),
        "Line 7: there are letters here that cannot be read. Please save the file as UTF-8.",
    ),
    "far too long": (
        vtt(two="word " * 1000),
        "Line 7: these words are too long, or carry characters that cannot be shown.",
    ),
    "piled marks": (
        vtt(two="a" + "\u0301" * 40),
        "Line 7: these words are too long, or carry characters that cannot be shown.",
    ),
    "too large": (b" " * (subtitles.MAX_BYTES + 1), "This file is larger than the 4 MB there is room for."),
    "too many voices": (vtt(two="<v A>x" * 20_000), "That is more than the 20000 captions there is room for."),
    "too many": ("WEBVTT\n" + f"\n{ONE}\na\n" * 20_001, "That is more than the 20000 captions there is room for."),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_by_its_line(name: str) -> None:
    body, sentence = BROKEN[name]
    with pytest.raises(Refusal) as refused:
        subtitles.read(body if isinstance(body, bytes) else body.encode())
    assert refused.value.say(str) == sentence


@pytest.mark.parametrize("begun", ["<v", "<v ", "<v.", "<v.a ", "<", "<v A ", "{\\\\", "&#", "A: ", "- "])
def test_what_never_ends_takes_no_longer_than_it_is_long(begun: str) -> None:
    """Hours, where two parts of a pattern may take the same blanks."""
    for two in (f"hello {begun}{' ' * 500_000}x", f"{begun * 200_000}"):
        with suppress(Refusal):
            subtitles.read(vtt(two=two).encode())


WORDS = st.text(st.sampled_from("aB7é-<>&;:{}\\.#| \u0627\u200f>"), max_size=30) | st.sampled_from(
    [
        "Note: it is late",
        "Foo: Bar: baz",
        "<v Ana>",
        "-->",
        "&amp;lt;",
        "{\\an8}",
        "<i>so</i>",
        "WEBVTT",
        "12",
        "NOTE x",
    ]
)
TIMED = st.tuples(st.integers(0, 90 * 3600_000), st.integers(1, 9_000))


@example([((0, 1), "Ana --", "So it is."), ((0, 1), "--", "7"), ((0, 1), "-->", "7 -->")], 0)
@given(st.lists(st.tuples(TIMED, st.none() | WORDS, WORDS), min_size=1, max_size=12), st.integers(0, 5_000_000))
def test_what_is_written_is_read_again(said: list[tuple[tuple[int, int], str | None, str]], offset: int) -> None:
    cues = [
        Cue(id=n, lang="en", start=start, end=start + length, speaker=captions.tidy(name or "") or None, words=words)
        for n, ((start, length), name, text) in enumerate(said, 1)
        if any(c.isalnum() for c in text) and (words := captions.tidy(text))
    ]
    cues.sort(key=lambda cue: (cue.start, cue.end))
    speakers = [cue.speaker if cue.speaker and any(c.isalnum() for c in cue.speaker) else None for cue in cues]
    cues = [
        Cue(id=c.id, lang="en", start=c.start, end=c.end, speaker=s, words=c.words)
        for c, s in zip(cues, speakers, strict=True)
    ]
    if cues:
        found = subtitles.read(subtitles.write(cues, offset=offset).encode())
        lines = captions.on_clock(found.lines, offset)
        assert lines == [Line(c.start, c.end, c.speaker, c.words or "") for c in cues]


@pytest.mark.parametrize("name", ["vtt, zoom", "vtt, teams", "srt, names", "vtt, youtube, words that roll up"])
async def test_in_corrected_out_and_in_again(small_house: House, name: str) -> None:
    house, body = await ended(small_house), FILES[name][0]
    assert isinstance(body, str)
    await take_in(house, lines=list(subtitles.read(body.encode()).lines), offset=500)
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        await captions.correct(tx, house.ana, "en", 2, 1, "Dr. Ortiz: <better> & so", "Dr. Ortiz")
    async with house.database.reading() as db:
        cues = (await captions.read(db, house.session_id, {"en": 2}))["en"]
    again = subtitles.read(subtitles.write(cues, offset=500).encode())
    await take_in(house, lines=list(again.lines), offset=500)
    async with house.database.reading() as db:
        anew = (await captions.read(db, house.session_id, {"en": 3}))["en"]
    assert [(c.start, c.end, c.speaker, c.words) for c in anew] == [(c.start, c.end, c.speaker, c.words) for c in cues]
    assert cues[1].words == "Dr. Ortiz: <better> & so"
