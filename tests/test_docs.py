"""What the documentation says of the code is what the code is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_state_diagrams_are_those_of_the_tables() -> None:
    spec = importlib.util.spec_from_file_location("diagrams", ROOT / "docs" / "diagrams.py")
    assert spec and spec.loader
    diagrams = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(diagrams)
    assert (ROOT / "docs" / "states.md").read_text() == diagrams.page()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r'\]\(([^)#]+)[^)]*\)|src="([^"]+)"', page.read_text())
    local = [a or b for a, b in links if not (a or b).startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_how_it_works_names_files_and_functions_that_are_there() -> None:
    """Every path in it; and of `path`, `Name.function` the function as well, which is named in no other way."""
    text = " ".join((ROOT / "docs" / "how-it-works.md").read_text().split())
    paths = re.findall(r"`((?:live|moderation|sessions|static|deploy)/[\w./]+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    pairs = re.findall(r"`((?:live|moderation|sessions)/\w+\.py)`, `([\w.]+)`", text)
    assert len(pairs) >= 25
    gone = [(path, name) for path, name in pairs if not defined(ROOT / path, name.rpartition(".")[2])]
    assert gone == []
    alone = set(re.findall(r"`([A-Z]\w+\.[a-z_]+)`", text)) - {name for _, name in pairs}
    assert alone == set(), "without its file nobody would notice when it goes"


def defined(path: Path, name: str) -> bool:
    return re.search(rf"(?m)^\s*(?:async )?(?:def|class) {name}\b", path.read_text()) is not None
