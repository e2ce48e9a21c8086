"""Imports go one way: live → moderation → sessions; within live, pages → the rest. The tables are the rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# package: which packages of ours it may import, beside itself
MAY_IMPORT: dict[str, set[str]] = {
    "sessions": set(),
    "moderation": {"sessions"},
    "live": {"moderation", "sessions"},
}

# Everything in the checkout that could be imported by mistake. static/ speaks the wire and is never imported.
OURS = {*MAY_IMPORT, "static", "tests"}

# Delivering is live's alone: below it nothing knows of a network, a page, a command line.
ONLY_IN_LIVE = {"click", "engineio", "jinja2", "redis", "servestatic", "socketio", "starlette", "uvicorn"}

# Only live reads the environment; the others are told.
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv"}
READS_ENVIRONMENT = {"dotenv", "pydantic_settings"}

# The pages stand on what tells the devices; only what puts a server together, and commands of the operator, know them.
KNOW_PAGES = {"app.py", "cli.py", "rehearsal.py", "rehearse.py", "verify.py"}

# Names that say nothing about the domain.
NO_SUCH_FILES = {"common", "core", "helper", "helpers", "manager", "misc", "service", "shared", "util", "utils"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def environment_reads(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ENVIRONMENT
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        ):
            yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in ENVIRONMENT)


def faults(package: str, source: str) -> list[str]:
    """What in this source breaks the rule for a file of that package."""
    tree = ast.parse(source)
    found = []
    for name in imported(tree):
        top = name.partition(".")[0]
        if top in OURS - {package} - MAY_IMPORT[package]:
            found.append(f"imports {name}")
        if package != "live" and top in ONLY_IN_LIVE | READS_ENVIRONMENT:
            found.append(f"imports {name}, which is for live alone")
    if package != "live":
        found += [f"reads the environment in line {line}" for line in environment_reads(tree)]
    return found


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    assert sources(package)
    broken = {
        str(path.relative_to(ROOT)): found
        for path in sources(package)
        if (found := faults(package, path.read_text(encoding="utf-8")))
    }
    assert not broken


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("sessions", "import moderation.votes"),
        ("sessions", "def late():\n    from live import commands"),
        ("sessions", "import starlette.routing"),
        ("sessions", "import os\nhome = os.environ['HOME']"),
        ("moderation", "from live.app import create_app"),
        ("moderation", "from os import getenv"),
        ("moderation", "from pydantic_settings import BaseSettings"),
        ("live", "from static import dist"),
        ("live", "import tests.servers"),
    ],
)
def test_the_rule_sees_a_breach(package: str, source: str) -> None:
    assert faults(package, source)


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("sessions", "from sessions.log import record\nfrom . import board\nimport sqlalchemy"),
        ("moderation", "from sessions.log import record"),
        ("live", "import os, redis.asyncio\nfrom moderation import questions\nhome = os.environ['HOME']"),
    ],
)
def test_the_rule_lets_the_right_way_pass(package: str, source: str) -> None:
    assert not faults(package, source)


def test_what_tells_the_devices_knows_no_pages() -> None:
    knowing = {
        path.name
        for path in (ROOT / "live").glob("*.py")
        if any(name.startswith("live.pages") for name in imported(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert knowing == KNOW_PAGES


def test_files_are_named_by_nouns_of_the_domain() -> None:
    vague = [path for package in MAY_IMPORT for path in (ROOT / package).rglob("*") if path.stem in NO_SUCH_FILES]
    assert not vague


def test_tests_are_no_package() -> None:
    # tests/live/__init__.py would stand before the package `live`.
    assert not list((ROOT / "tests").rglob("__init__.py"))
