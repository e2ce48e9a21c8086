"""What is taken away says what the archive says, in every form, and can be read back."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from live.pages.exports import FORMS, Taken, as_markdown_file, as_page
from live.rendering import Renderer
from live.settings import Settings
from sessions import archive as archives
from sessions import export, subtitles
from sessions.archive import Archive, Asked, Seal, Span
from sessions.audiences import Card
from sessions.captions import Cue
from sessions.events import Link, SessionState, State
from sessions.export import COLUMNS, Told
from sessions.question import Said
from sessions.recording import Recording

AT = datetime(2026, 5, 1, 18, 0, tzinfo=UTC)
ADDRESS = "https://face.example/archive/BUSBUS"
NASTY = (
    '=HYPERLINK("https://evil.example")',
    "<script>alert(1)</script> & </style>",
    "# Not a heading\n- nor a list\n1. nor this\n> nor that\n    nor code",
    "*stars* _and_ `ticks` [links](https://a.example) ![x](y) | a | ~b~ \\ back",
    "-->\n\n00:00 --> 00:01\nforged",
    "¿Y mañana? 👪 مرحبا שלום",
    "He said: “no”, twice",
    "@SUM(A1)",
)
"""Words that mean something to one of the forms."""


def card(number: int, words: str | None, **more: Any) -> Card:
    usual: dict[str, Any] = {
        "lang": "en",
        "asked_at": AT,
        "place": None,
        "order": "",
        "state": State.ANSWERED,
        "rev": 1,
    }
    return Card(id=f"id{number}", number=number, words=words, **usual | more)


@pytest.fixture(scope="module")
def archive() -> Archive:
    questions = [
        Asked(
            card(
                n,
                words,
                name=words.split("\n")[0][:40] if n % 2 else None,
                topic="Buses & co",
                answers=(Said(f"{words} – answered", "Ana =1", AT, "es"), Said(None, "Ben", AT)),
                settled_at=AT if n <= 2 else None,
            ),
            n,
            (Span(n * 2000, n * 2000 + 1500),) if n <= 2 else (),
        )
        for n, words in enumerate(NASTY, 1)
    ]
    questions.append(Asked(card(99, None, state=State.SHOWN)))
    line = [" ".join(words.split()) for words in NASTY]
    cues = tuple(
        Cue(id=n, lang="en", start=n * 1000, end=n * 1000 + 900, words=words, speaker="Ms. <Ortiz>" if n % 2 else None)
        for n, words in enumerate(line, 1)
    )
    return msgspec.structs.replace(
        archives.made([], {}),
        code="BUSBUS",
        state=SessionState.PUBLISHED,
        title="Buses <&> “routes”",
        about="# About\n=1+1",
        speakers=("Ana",),
        starts_at=AT,
        published_at=AT,
        questions=tuple(questions),
        tracks={
            "en": cues,
            "es": tuple(Cue(id=n, lang="es", start=n, end=n + 5, words=f"Hola {n}") for n in (0, 2500)),
        },
        recording=Recording("file", "https://video.example/a.mp4", 2000),
        links=(Link("Map [1]", "https://map.example/?a=1&b=2"),),
        head=Seal(7, "ab" * 32),
    )


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(Settings(database_url="sqlite+aiosqlite:///unused.db", secret_key="s" * 40))


Facts = tuple[list[str | None], list[str | None], dict[str, list[tuple[str | None, str | None]]]]
"""The words of questions, of answers, and (speaker, words) of captions by language: what all forms have in common."""


def facts(archive: Archive, gone: str | None) -> Facts:
    """Of the archive itself, with `gone` for words that were taken out."""

    def told(words: str | None) -> str | None:
        return gone if words is None else words

    return (
        [told(asked.card.words) for asked in archive.questions],
        [told(said.words) for asked in archive.questions for said in asked.card.answers],
        {lang: [(cue.speaker, told(cue.words)) for cue in cues] for lang, cues in archive.tracks.items()},
    )


def of_json(body: bytes) -> Facts:
    read = msgspec.json.decode(body, type=Told)
    return (
        [q.words for q in read.questions],
        [a.words for q in read.questions for a in q.answers],
        {lang: [(cue.speaker, cue.words) for cue in cues] for lang, cues in read.captions.items()},
    )


def of_csv(body: bytes) -> Facts:
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))

    def untamed(cell: str) -> str:
        return cell.removeprefix("'") if cell[1:2] in tuple("=+-@") else cell

    def words(kind: str) -> list[str | None]:
        return [untamed(row["words"]) for row in rows if row["kind"] == kind]

    captions: dict[str, list[tuple[str | None, str | None]]] = {}
    for row in rows:
        if row["kind"] == "caption":
            captions.setdefault(row["lang"], []).append((row["who"] or None, untamed(row["words"])))
    return words("question"), words("answer"), captions


class Page(HTMLParser):
    """What a reader of the file sees, by the elements that carry it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.questions: list[str | None] = []
        self.answers: list[str | None] = []
        self.captions: dict[str, list[tuple[str | None, str | None]]] = {}
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.track, self.is_answer = "", False
        self.speaker: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]
        if tag == "table":
            self.track = told["lang"] or ""
        if tag == "tr":
            self.speaker = None
        if tag == "p":
            self.is_answer = told.get("class") is None and "div" in self.open
        if tag in ("h3", "b", "p", "span", "div"):
            self.open.append(tag)
            self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "h3":
            self.questions.append(self.text)
        if tag == "b":
            self.speaker = self.text.removesuffix(":")
        if tag == "span":
            self.captions.setdefault(self.track, []).append((self.speaker, self.text))
        if tag == "p" and self.is_answer:
            self.answers.append(self.text)
        if tag in ("h3", "b", "p", "span", "div"):
            self.open.pop()


def of_markdown(text: str) -> Facts:
    """Read by blocks: quotations after headings and after bold lines, and the lists of captions."""
    questions, answers, captions = (
        list[str | None](),
        list[str | None](),
        dict[str, list[tuple[str | None, str | None]]](),
    )
    before, lang = "", ""
    for block in text.strip().split("\n\n"):
        if block.startswith(("> ", ">\n")) or block == ">":
            words = "\n".join(
                plain(line.removeprefix(">").removeprefix(" ").removesuffix("  ")) for line in block.split("\n")
            )
            (answers if before.startswith("**") else questions).append(words)
        if block.startswith("*What was said"):
            lang = {"English": "en", "Español": "es"}[re.findall(r"\((.*)\)", block)[0]]
        if lang and block.startswith("- "):
            for line in block.split("\n"):
                found = re.fullmatch(r"- [\d:]+ (?:\*\*(.*?):\*\* )?(.*)", line)
                assert found, line
                captions.setdefault(lang, []).append((found[1] and plain(found[1]), plain(found[2])))
        before = block
    return questions, answers, captions


def plain(text: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text.replace("&nbsp;", " "))


def test_every_form_says_what_the_archive_says(archive: Archive, renderer: Renderer) -> None:
    taken, gone = Taken(archive, ADDRESS, renderer, "en"), "These words were taken out."
    assert of_json(export.as_json(archive, ADDRESS)) == facts(archive, None)
    assert of_csv(export.as_csv(archive, ADDRESS)) == facts(archive, "")
    page = Page(as_page(taken).decode())
    assert (page.questions, page.answers, page.captions) == facts(archive, gone)
    assert of_markdown(as_markdown_file(taken).decode()) == facts(archive, gone)
    captions = {lang: subtitles.read(export.as_vtt(archive, lang, ADDRESS).encode()).lines for lang in archive.tracks}
    assert {lang: [(one.speaker, one.words) for one in lines] for lang, lines in captions.items()} == facts(
        archive, None
    )[2]
    offset = archive.recording.offset if archive.recording else 0
    assert [(one.start - offset, one.end - offset) for one in captions["en"]] == [
        (c.start, c.end) for c in archive.tracks["en"]
    ]


def test_every_form_carries_the_head_and_the_address(archive: Archive, renderer: Renderer) -> None:
    taken = Taken(archive, ADDRESS, renderer, "es")
    forms = {name: form.make(taken).decode("utf-8-sig") for name, form in FORMS.items()}
    forms |= {lang: export.as_vtt(archive, lang, ADDRESS) for lang in archive.tracks}
    for name, body in forms.items():
        assert archive.head.hash in body and str(archive.head.seq) in body, name
        assert "archive/BUSBUS" in body.replace("\\", ""), name


def test_the_page_in_one_file_needs_nothing_and_runs_nothing(archive: Archive, renderer: Renderer) -> None:
    html = as_page(Taken(archive, ADDRESS, renderer, "en")).decode()
    page = Page(html)
    assert not page.tags & {"script", "img", "iframe", "object", "form", "video", "base"}
    assert [a for a in page.addresses if not a.startswith("https://")] == []
    assert html.count("<style>") == html.count("</style>") == 1
    assert "default-src 'none'" in html
    assert 'lang="es"' in as_page(Taken(archive, ADDRESS, renderer, "es")).decode()


def test_the_page_has_what_was_said_with_its_question(archive: Archive, renderer: Renderer) -> None:
    """Of every language, the reader's own first and alone open; what was said between stands between."""
    said = {
        "en": [("", ["en-1", "es-0"]), ("id1", ["en-2", "en-3", "es-2500"])],
        "es": [("", ["es-0", "en-1"]), ("id1", ["es-2500", "en-2", "en-3"])],
    }
    for lang, begins in said.items():
        html = as_page(Taken(archive, ADDRESS, renderer, lang)).decode()
        assert places(html) == [*begins, ("id2", ["en-4", "en-5"]), ("", ["en-6", "en-7", "en-8"])]
        other = "es" if lang == "en" else "en"
        first = html.replace("\n", "").partition('id="q-id1"')[2].partition("</article>")[0]
        assert re.findall(r'(<details>)?(?:<summary lang="(\w+)">.*?</summary>)?<table lang="(\w+)">', first) == [
            ("", "", lang),
            ("<details>", other, other),
        ]


def test_the_text_has_what_was_said_with_its_question(archive: Archive, renderer: Renderer) -> None:
    text = as_markdown_file(Taken(archive, ADDRESS, renderer, "es")).decode()
    outline = re.findall(r"^(?:---|#+ .*|\*Lo que.*\*|- \d:\d\d:\d\d)", text, re.MULTILINE)
    spanish, english = "*Lo que se dijo (Español)*", "*Lo que se dijo (English)*"
    assert outline[outline.index("## Contestadas en vivo") :] == [
        "## Contestadas en vivo",
        *("---", spanish, "- 0:00:00", english, "- 0:00:01"),
        "### Pregunta 1",
        *(spanish, "- 0:00:02", english, "- 0:00:02", "- 0:00:03"),
        "### Pregunta 2",
        *(english, "- 0:00:04", "- 0:00:05"),
        *("---", english, "- 0:00:06", "- 0:00:07", "- 0:00:08"),
        "## Contestadas por escrito",
        *(f"### Pregunta {n}" for n in range(3, 9)),
        "## No se contestaron en la sesión",
        "### Pregunta 99",
    ]


def places(html: str) -> list[tuple[str, list[str]]]:
    """The captions of a page by the question in whose article they stand; empty for those in none."""
    found: list[tuple[str, list[str]]] = []
    for end, question, cue in re.findall(r'(</article>)|<article id="q-(\w+)"|<span id="c-([\w-]+)"', html):
        if end or question or not found:
            found.append((question, []))
        if cue:
            found[-1][1].append(cue)
    return [(question, cues) for question, cues in found if cues]


def test_no_row_of_the_sheet_runs(archive: Archive) -> None:
    rows = list(csv.reader(io.StringIO(export.as_csv(archive, ADDRESS).decode("utf-8-sig"), newline="")))
    assert rows[0] == list(COLUMNS)
    assert {cell[:1] for row in rows for cell in row} & set("=+-@\t\r") == set()


def test_the_schema_in_the_documents_is_that_of_the_code(archive: Archive) -> None:
    path = Path(__file__).parents[2] / "docs" / "archive.schema.json"
    assert json.loads(path.read_text()) == export.schema(), "write it anew: docs/archive.md says how"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(export.as_json(archive, ADDRESS).replace(b'"version"', b'"edition"'), type=Told)
