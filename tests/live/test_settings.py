"""What an operator may set; a bad value is told at the start, not in the middle of a session."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken
from pydantic import ValidationError

from live.settings import Settings
from moderation.screening import OURS

ROOT = Path(__file__).parent.parent.parent
SECRET = "a secret for the tests, long enough"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"FACETOFACE_{field.upper()}", raising=False)


def test_without_any_setting_it_runs_on_one_machine() -> None:
    settings = Settings()
    assert settings.database_url == "sqlite+aiosqlite:///data/facetoface.db"
    assert settings.data_dir == Path("data")
    assert settings.origins == ["http://localhost:8000", "http://127.0.0.1:8000"]
    assert settings.home == "http://localhost:8000"
    assert (settings.is_https, settings.redis_url, settings.trusted_proxies) == (False, "", "")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACETOFACE_PUBLIC_URL", "https://ask.example.org, https://otro.example.org:8443/x")
    monkeypatch.setenv("FACETOFACE_PORT", "9000")
    monkeypatch.setenv("FACETOFACE_LOG_LEVEL", "debug")
    settings = Settings()
    assert settings.origins == ["https://ask.example.org", "https://otro.example.org:8443"]
    assert Settings(public_url="https://Ask.Example.org").origins == ["https://ask.example.org"], "as browsers say it"
    assert (settings.home, settings.is_https) == ("https://ask.example.org", True)
    assert (settings.port, settings.log_level) == (9000, "DEBUG")


@pytest.mark.parametrize(
    "proxies", ["", "127.0.0.1", "172.30.83.0/24,10.1.2.3", "::1, fd00::/8", "10.0.0.0/8 ,192.0.2.1"]
)
def test_proxies_are_trusted_by_their_addresses(proxies: str) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        assert Settings(trusted_proxies=proxies, host=host).trusted_proxies == proxies


def test_a_districts_words_are_read_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listed = tmp_path / "words.txt"
    listed.write_text("\ufeffFudge\nbellaquería\n", encoding="utf-8")
    assert Settings().profanity() == OURS
    monkeypatch.setenv("FACETOFACE_PROFANITY_LIST", "")
    assert Settings().profanity() == OURS, "empty, as docker-compose.yml has it without one"
    monkeypatch.setenv("FACETOFACE_PROFANITY_LIST", str(listed))
    assert Settings().profanity() == OURS | {"fudge", "bellaqueria"}


@pytest.mark.parametrize(
    ("name", "says"), [("away.txt", "cannot be read"), (".", "cannot be read"), ("latin.txt", "is not UTF-8 text")]
)
def test_a_list_that_cannot_be_read_stops_the_start(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "latin.txt").write_bytes("cabrón".encode("latin-1"))
    with pytest.raises(ValidationError, match=f"PROFANITY_LIST: .* {says}"):
        Settings(profanity_list=tmp_path / name)


BAD: list[tuple[str, str]] = [
    ("PUBLIC_URL", "*"),
    ("PUBLIC_URL", "https://*.example.org"),
    ("PUBLIC_URL", "https://ask.example.org,*"),
    ("PUBLIC_URL", "ask.example.org"),
    ("PUBLIC_URL", "ftp://ask.example.org"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", ""),
    ("PUBLIC_URL", "https://ask.example.org;script-src https:"),
    ("PUBLIC_URL", "https://ask.example.org 'unsafe-inline'"),
    ("PUBLIC_URL", "https://me@ask.example.org"),
    ("RECORDINGS_FROM", 'https://video.example.org"'),
    ("RECORDINGS_FROM", "https://vídeo.example.org"),
    ("PUBLIC_URL", "https://ask.example.org,"),
    ("TRUSTED_PROXIES", "*"),
    ("TRUSTED_PROXIES", "172.30.83.0/24,*"),
    ("TRUSTED_PROXIES", "127.0.0.1, *"),
    ("TRUSTED_PROXIES", "0.0.0.0/0"),
    ("TRUSTED_PROXIES", "::/0"),
    ("TRUSTED_PROXIES", "0.0.0.0/0.0.0.0"),
    ("TRUSTED_PROXIES", "172.30.83.1/24"),
    ("TRUSTED_PROXIES", "balancer"),
    ("TRUSTED_PROXIES", "127.0.0.1,"),
    ("SECRET_KEY", "short"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "eighty"),
    ("WORKERS", "0"),
    ("WORKERS", "2"),  # On SQLite.
    ("WORKERS", "65"),
    ("LOG_LEVEL", "LOUD"),
    ("ALARM_EMAIL", "counselor"),
    ("ALARM_EMAIL", "counselor@example.org"),
    ("ALARM_FROM", "face@example.org"),
    ("SMTP_URL", "smtp://mail.example.org"),
    ("ALARM_WEBHOOK", "http://example.org/hook"),
    ("ALARM_WEBHOOK", "https://"),
    ("ALARM_WEBHOOK", "example.org/hook"),
    ("ALARM_WEBHOOK", "https://example.org:hook"),
    ("ALARM_WEBHOOK", "file:///etc/passwd"),
    ("HELP_LINE", ""),
    ("HELP_LINE", "call <b>us</b>"),
    ("EMERGENCY", "9"),
    ("EMERGENCY", "911\n988"),
    ("TICK", "2"),
    ("TICK", "-1"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FACETOFACE_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


MAIL = {
    "alarm_email": "counselor@example.org, duty.officer+face@schools.example.org",
    "alarm_from": "face@example.org",
    "smtp_url": "smtp://face:a%20secret@mail.example.org:587",
}


def test_the_person_who_is_told_of_danger(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings().alarm_addresses, Settings().help_line, Settings().emergency) == ([], "988", "911")
    for name, value in MAIL.items():
        monkeypatch.setenv(f"FACETOFACE_{name.upper()}", value)
    monkeypatch.setenv("FACETOFACE_HELP_LINE", "(520) 555-0100")
    settings = Settings()
    assert settings.alarm_addresses == ["counselor@example.org", "duty.officer+face@schools.example.org"]
    assert settings.help_line == "(520) 555-0100"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alarm_email", "one@example.org,"),
        ("alarm_email", "one@example.org\nBcc: two@example.org"),
        ("alarm_email", "Lia <lia@example.org>"),
        ("alarm_email", "lia@example..org"),
        ("alarm_from", "one@example.org,two@example.org"),
        ("alarm_from", ""),
        ("smtp_url", ""),
        ("smtp_url", "mail.example.org:587"),
        ("smtp_url", "https://mail.example.org"),
        ("smtp_url", "smtp://mail.example.org:99999"),
        ("smtp_url", "smtp://:587"),
    ],
)
def test_half_a_way_to_tell_is_none(name: str, value: str) -> None:
    told = MAIL | {name: value}
    with pytest.raises(ValidationError):
        Settings(alarm_email=told["alarm_email"], alarm_from=told["alarm_from"], smtp_url=told["smtp_url"])


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9000/hook", "http://[::1]/", "http://localhost/", "https://x.org"]
)
def test_a_webhook_is_encrypted_unless_it_is_on_this_machine(address: str) -> None:
    assert Settings(alarm_webhook=address).alarm_webhook == address


def test_a_server_of_several_needs_a_secret_that_they_share() -> None:
    with pytest.raises(ValidationError, match="SECRET_KEY must be set"):
        Settings(database_url="postgresql+asyncpg://facetoface@db/facetoface")
    settings = Settings(database_url="postgresql+asyncpg://facetoface@db/facetoface", secret_key=SECRET)
    assert settings.data_dir is None
    assert settings.secret() == SECRET.encode()


def test_a_secret_is_not_printed() -> None:
    assert SECRET not in repr(Settings(secret_key=SECRET))
    told = repr(Settings(**{"alarm_webhook": "https://example.org/a%20secret"} | MAIL))  # type: ignore[arg-type]
    assert "a%20secret" not in told
    with pytest.raises(ValidationError) as error:
        Settings(smtp_url="smpt://face:a%20secret@example.org", alarm_webhook="http://example.org/a%20secret")
    assert "a%20secret" not in str(error.value)


def on(folder: Path) -> Settings:
    return Settings(database_url=f"sqlite+aiosqlite:///{folder / 'facetoface.db'}")


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    secret = on(folder).secret()
    assert len(secret) >= 48
    assert on(folder).secret() == secret
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600
    assert on(tmp_path / "other").secret() != secret


def test_an_empty_secret_is_no_secret(tmp_path: Path) -> None:
    """What a crash or a full disk left behind must not sign cookies."""
    (tmp_path / "secret.key").touch()
    with pytest.raises(ValueError, match="secret"):
        on(tmp_path).secret()


def test_servers_that_start_together_have_one_secret(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom live.settings import Settings\n"
        "settings = Settings(database_url=sys.argv[1])\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        "print(settings.secret().decode())"
    )
    url = f"sqlite+aiosqlite:///{tmp_path / 'facetoface.db'}"
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", script, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(2)
    ]
    for server in servers:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
    secrets = {server.communicate("go\n")[0] for server in servers}
    assert secrets == {f"{on(tmp_path).secret().decode()}\n"}


def test_contacts_are_sealed_with_a_key_of_this_installation(tmp_path: Path) -> None:
    one, other = on(tmp_path / "one"), on(tmp_path / "other")
    sealed = one.cipher().encrypt(b"520-555-0100")
    assert on(tmp_path / "one").cipher().decrypt(sealed) == b"520-555-0100"
    with pytest.raises(InvalidToken):
        other.cipher().decrypt(sealed)


def test_settings_do_not_change_while_it_runs() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_a_signing_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first, again, other = on(folder).signer(), on(folder).signer(), on(tmp_path / "other").signer()
    assert first and again and other
    assert (first.key == again.key, first.key == other.key) == (True, False)
    assert (folder / "signing.key").stat().st_mode & 0o777 == 0o600
    (folder / "signing.key").write_text("half a key")
    with pytest.raises(ValueError, match="holds no key"):
        on(folder).signer()


def test_a_signing_key_that_is_set() -> None:
    shared = {"database_url": "postgresql+asyncpg://facetoface@db/facetoface", "secret_key": SECRET}
    assert Settings(**shared).signer() is None  # type: ignore[arg-type]
    settings = Settings(**shared, signing_key="5e" * 32)  # type: ignore[arg-type]
    signer = settings.signer()
    assert signer and len(signer.key) == 64
    assert "5e5e" not in repr(settings)
    with pytest.raises(ValidationError, match="openssl rand -hex 32") as error:
        Settings(**shared, signing_key="secret words")  # type: ignore[arg-type]
    assert "secret words" not in str(error.value)
