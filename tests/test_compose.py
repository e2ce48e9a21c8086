"""docker-compose.yml names settings that exist, leaves nothing open or secret in it, and fits deploy/haproxy.cfg."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from live.server import GRACE_SECONDS
from live.settings import Settings
from sessions.database import Database
from tests.servers import HAPROXY_CFG

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
APP: dict[str, Any] = COMPOSE["services"]["app"]
DOOR: dict[str, Any] = COMPOSE["services"]["haproxy"]
PREFIX = "FACETOFACE_"


def test_every_name_in_the_environment_is_a_setting() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert set(APP["environment"]) <= known


def test_what_production_needs_is_there() -> None:
    needed = {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "SIGNING_KEY", "HOST", "PORT", "TRUSTED_PROXIES"}
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


def test_only_the_door_can_be_reached_and_only_from_this_machine() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["haproxy"]
    assert DOOR["ports"] == ["127.0.0.1:8000:8000"]


def test_the_door_is_what_the_servers_trust_and_nothing_beside_it() -> None:
    """Else a phone could say that it is somebody else, or a whole school would be one lane."""
    (network,) = (one["subnet"] for one in COMPOSE["networks"]["default"]["ipam"]["config"])
    trusted, _, more = APP["environment"]["FACETOFACE_TRUSTED_PROXIES"].partition("$")
    assert trusted == network
    assert more.startswith("{FACETOFACE_TRUSTED_PROXIES:+,")
    assert "*" not in trusted


def test_haproxy_is_given_the_file_that_the_tests_run() -> None:
    given, at, _ = DOOR["volumes"][0].split(":")
    assert (ROOT / given) == HAPROXY_CFG
    assert at == "/usr/local/etc/haproxy/haproxy.cfg"
    settings = APP["environment"]
    named = re.findall(r"server-template \S+ 1-(\d+) (\S+) ", HAPROXY_CFG.read_text("utf-8"))
    assert {name for _, name in named} == {f"app:{settings['FACETOFACE_PORT']}"}
    assert settings["FACETOFACE_HOST"] == "0.0.0.0"
    assert "${LISTEN-:8000}" in HAPROXY_CFG.read_text("utf-8")


def test_there_are_connections_for_every_server() -> None:
    words = COMPOSE["services"]["postgres"]["command"]
    most = int(next(word for word in words if word.startswith("max_connections=")).partition("=")[2])
    servers = max(int(count) for count in re.findall(r"server-template \S+ 1-(\d+) ", HAPROXY_CFG.read_text("utf-8")))
    pool: Any = Database("postgresql+asyncpg://nobody@localhost/nothing").writer.pool
    assert most > servers * (pool.size() + pool._max_overflow)


def test_whoever_is_stopped_has_the_time_to_go_well() -> None:
    assert seconds(APP["stop_grace_period"]) > GRACE_SECONDS
    assert seconds(DOOR["stop_grace_period"]) > int(re.findall(r"hard-stop-after (\d+)s", HAPROXY_CFG.read_text())[0])


def seconds(span: str) -> int:
    assert span.endswith("s")
    return int(span[:-1])


def test_everything_tells_its_health_and_the_app_waits_for_it() -> None:
    assert all("healthcheck" in service for service in COMPOSE["services"].values())
    assert "/readyz" in " ".join(APP["healthcheck"]["test"])
    for waited_for in ("postgres", "redis"):
        assert APP["depends_on"][waited_for]["condition"] == "service_healthy"


def test_the_image_does_not_run_as_root() -> None:
    users = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line.startswith("USER")]
    assert users == ["USER facetoface"]
