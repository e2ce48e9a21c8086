"""docker-compose.yml names settings that exist, and leaves nothing open or secret in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from live.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
APP: dict[str, Any] = COMPOSE["services"]["app"]
PREFIX = "FACETOFACE_"


def test_every_name_in_the_environment_is_a_setting() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert set(APP["environment"]) <= known


def test_what_production_needs_is_there() -> None:
    needed = {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "HOST", "PORT", "TRUSTED_PROXIES"}
    assert {f"{PREFIX}{name}" for name in needed} <= set(APP["environment"])


def test_the_image_sets_only_settings() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    words = (ROOT / "Dockerfile").read_text(encoding="utf-8").split()
    assert {word.partition("=")[0] for word in words if word.startswith(PREFIX)} <= known


def test_secrets_come_from_outside_and_must_be_given() -> None:
    for name in ("FACETOFACE_SECRET_KEY", "FACETOFACE_PUBLIC_URL"):
        assert APP["environment"][name].startswith(f"${{{name}:?")
    for service in ("app", "postgres"):
        values = " ".join(COMPOSE["services"][service]["environment"].values())
        assert "${POSTGRES_PASSWORD:?" in values


def test_a_districts_list_of_words_is_where_the_setting_says() -> None:
    """Without one the setting is empty, and nothing is read."""
    setting = APP["environment"]["FACETOFACE_PROFANITY_LIST"]
    (mounted,) = APP["volumes"]
    assert setting == "${PROFANITY_LIST:+/run/profanity.txt}"
    assert mounted == "${PROFANITY_LIST:-/dev/null}:/run/profanity.txt:ro"


def test_only_the_app_can_be_reached_and_only_from_this_machine() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["app"]
    assert all(port.startswith("127.0.0.1:") for port in APP["ports"])


def test_everything_tells_its_health_and_the_app_waits_for_it() -> None:
    assert all("healthcheck" in service for service in COMPOSE["services"].values())
    assert "/readyz" in " ".join(APP["healthcheck"]["test"])
    for waited_for in ("postgres", "redis"):
        assert APP["depends_on"][waited_for]["condition"] == "service_healthy"


def test_the_image_does_not_run_as_root() -> None:
    users = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line.startswith("USER")]
    assert users == ["USER facetoface"]
