"""What an operator may set, from the environment (FACETOFACE_…); refuses to start on a bad value."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ipaddress
import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url

from moderation.screening import OURS, listed
from sessions.signing import Signer

SHORTEST_SECRET = 32
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""Of e-mail: plain, without a name before it."""
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", re.IGNORECASE)
"""It goes into the content security policy as it is: a space or a semicolon would write another policy."""
SEED = re.compile(r"[0-9a-f]{64}")
DIALLED = re.compile(r"[0-9+*#(). -]{2,30}")


def host_of(url: str) -> str | None:
    return urlsplit(url).hostname


def is_address(url: str, *schemes: str) -> bool:
    """Whether it is a whole one of these kinds."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False


def is_loopback(host: str | None) -> bool:
    """Whether it is this very machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def make_secret(path: Path, secret: str) -> None:
    """A new key, which appears whole or not at all: two servers may start at once, or one crash half-way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    new.touch(mode=0o600)
    new.write_text(secret)
    with contextlib.suppress(FileExistsError):  # Somebody was first: theirs is the key.
        os.link(new, path)
    new.unlink()


def read_list(path: Path) -> str:
    """A list of words. Raises ValueError with a sentence for the operator."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"PROFANITY_LIST: {path} is not UTF-8 text; save it as UTF-8, one word a line") from None
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise ValueError(f"PROFANITY_LIST: {path} cannot be read ({why}); correct the path or unset it") from None


class Settings(BaseSettings):
    """`public_url`, `trusted_proxies` and `alarm_email` are lists with commas."""

    model_config = SettingsConfigDict(
        env_prefix="FACETOFACE_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # Some of them are secrets, also where they are wrong.
    )

    database_url: str = "sqlite+aiosqlite:///data/facetoface.db"
    redis_url: str = ""
    public_url: str = "http://localhost:8000,http://127.0.0.1:8000"
    secret_key: str = Field(default="", repr=False)
    signing_key: str = Field(default="", repr=False)
    """32 bytes in hex, by which the heads of logs are signed; made once beside a SQLite file where none is set."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    """Processes on this address; more than one need PostgreSQL, and hear of each other at once only through Redis."""
    trusted_proxies: str = ""
    district: str = "Tucson Unified"
    log_level: str = "INFO"
    alarm_email: str = ""
    """Who is told when a question may speak of danger; needs `alarm_from` and `smtp_url`."""
    alarm_from: str = ""
    smtp_url: str = Field(default="", repr=False)
    """smtp://user:password@host:587, encrypted before a password is sent; smtps:// from the first byte on."""
    alarm_webhook: str = Field(default="", repr=False)
    help_line: str = "988"
    emergency: str = "911"
    """What a family dials for help, told to whoever may be in danger; and in an emergency."""
    profanity_list: Path | None = None
    """A file of words that raise the flag for profanity beside ours, one a line, in UTF-8."""
    recordings_from: str = ""
    """Origins, with commas, whose recordings play within the archive's own page; others are linked to."""
    tick: float = Field(default=0.15, ge=0, le=1)
    """Seconds within which changes are merged into one patch after the first went out at once."""

    behind: float = Field(default=15, gt=0, le=60)
    """Seconds after which a device that reads nothing of what it is sent is let go."""

    @field_validator("public_url")
    @classmethod
    def explicit(cls, value: str) -> str:
        # A wildcard would let any other site's page speak as the person who has it open.
        for url in value.split(","):
            parts = urlsplit(url.strip())
            if not ORIGIN.fullmatch(f"{parts.scheme}://{parts.netloc}"):
                raise ValueError("PUBLIC_URL must list full addresses such as https://ask.example.org, without *")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def named_proxies(cls, value: str) -> str:
        for one in (one.strip() for one in value.split(",") if value):
            try:
                bits = 0 if one == "*" else ipaddress.ip_network(one).prefixlen
            except ValueError:  # It would be trusted by a name that no connection has: never.
                raise ValueError(
                    f"TRUSTED_PROXIES lists addresses and networks such as 127.0.0.1 or 172.30.83.0/24; not {one!r}"
                ) from None
            # What a trusted peer says is believed: where all are, each client chooses its own address, and with it
            # whose budget it spends. Also behind a proxy on this machine, which appends to what its client wrote.
            if bits == 0:
                raise ValueError("TRUSTED_PROXIES must name your proxies, such as 127.0.0.1, not everybody")
        return value

    @field_validator("recordings_from")
    @classmethod
    def plain_origins(cls, value: str) -> str:
        for url in (one.strip() for one in value.split(",") if value):
            if not ORIGIN.fullmatch(url.removesuffix("/")) or not is_address(url, "https", "http"):
                raise ValueError("RECORDINGS_FROM lists origins such as https://video.example.org, without *")
        return value

    @field_validator("alarm_email", "alarm_from")
    @classmethod
    def addresses(cls, value: str) -> str:
        if value and not all(ADDRESS.fullmatch(one.strip()) for one in value.split(",")):
            raise ValueError("ALARM_EMAIL and ALARM_FROM are e-mail addresses such as counselor@example.org")
        return value

    @field_validator("smtp_url")
    @classmethod
    def mail_server(cls, value: str) -> str:
        if value and not is_address(value, "smtp", "smtps"):
            raise ValueError("SMTP_URL is an address such as smtp://user:password@mail.example.org:587, or smtps://…")
        return value

    @field_validator("alarm_webhook")
    @classmethod
    def webhook(cls, value: str) -> str:
        if value and not (is_address(value, "https") or (is_address(value, "http") and is_loopback(host_of(value)))):
            raise ValueError("ALARM_WEBHOOK is an address such as https://example.org/hook; http only on this machine")
        return value

    @field_validator("help_line", "emergency")
    @classmethod
    def dialled(cls, value: str) -> str:
        if not DIALLED.fullmatch(value):
            raise ValueError("HELP_LINE and EMERGENCY are numbers to dial, such as 988 or 520-555-0100")
        return value

    @field_validator("profanity_list", mode="before")
    @classmethod
    def none_where_empty(cls, value: object) -> object:
        return value or None

    @field_validator("profanity_list")
    @classmethod
    def readable(cls, value: Path | None) -> Path | None:
        if value is not None:
            read_list(value)
        return value

    @field_validator("signing_key")
    @classmethod
    def seed(cls, value: str) -> str:
        if value and not SEED.fullmatch(value):
            raise ValueError("SIGNING_KEY is 64 characters of 0-9 and a-f, as openssl rand -hex 32 makes them")
        return value

    @field_validator("log_level")
    @classmethod
    def known(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("LOG_LEVEL is one of DEBUG, INFO, WARNING, ERROR")
        return value.upper()

    @model_validator(mode="after")
    def secret_enough(self) -> Settings:
        if self.secret_key and len(self.secret_key) < SHORTEST_SECRET:
            raise ValueError("SECRET_KEY needs at least 32 characters")
        if not self.secret_key and self.data_dir is None:
            raise ValueError("SECRET_KEY must be set where the database is not a SQLite file")
        return self

    @model_validator(mode="after")
    def shared_by_workers(self) -> Settings:
        # SQLite lets one process write at a time, and others wait for a lock that is handed out in no order.
        if self.workers > 1 and self.is_sqlite:
            raise ValueError("WORKERS needs PostgreSQL: set DATABASE_URL to one, or leave WORKERS at 1")
        return self

    @model_validator(mode="after")
    def mail_whole(self) -> Settings:
        # Half of it would look as if somebody were told.
        if len({bool(self.alarm_email), bool(self.alarm_from), bool(self.smtp_url)}) > 1:
            raise ValueError("ALARM_EMAIL, ALARM_FROM and SMTP_URL go together: set all of them, or none")
        if "," in self.alarm_from:
            raise ValueError("ALARM_FROM is one address")
        return self

    @property
    def alarm_addresses(self) -> list[str]:
        return [one.strip() for one in self.alarm_email.split(",")] if self.alarm_email else []

    @property
    def is_sqlite(self) -> bool:
        return make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def data_dir(self) -> Path | None:
        """The folder of the SQLite file, where what belongs to it lies as well."""
        url = make_url(self.database_url)
        return Path(url.database).parent if url.get_backend_name() == "sqlite" and url.database else None

    @property
    def origins(self) -> list[str]:
        """The addresses from which our own pages may speak."""
        parts = [urlsplit(url.strip()) for url in self.public_url.split(",")]
        return [f"{p.scheme}://{p.netloc}".lower() for p in parts]  # As browsers say them.

    @property
    def recording_origins(self) -> list[str]:
        """Where recordings that play within our own page come from."""
        return [url.strip().rstrip("/").lower() for url in self.recordings_from.split(",") if url.strip()]

    @property
    def home(self) -> str:
        """The address to print and to put into QR codes."""
        return self.origins[0]

    @property
    def is_https(self) -> bool:
        return self.home.startswith("https://")

    def secret(self) -> bytes:
        """The key that signs cookies and seals contacts; made once beside a SQLite file where none is set."""
        if self.secret_key:
            return self.secret_key.encode()
        if self.data_dir is None:
            raise ValueError("no secret")
        path = self.data_dir / "secret.key"
        if not path.exists():
            make_secret(path, secrets.token_urlsafe(48))
        secret = path.read_bytes().strip()
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"{path} holds no key; restore it, or remove it to have every device sign in anew")
        return secret

    def profanity(self) -> frozenset[str]:
        """The words that raise the flag: ours, and the district's."""
        return listed(read_list(self.profanity_list)) if self.profanity_list else OURS

    def signer(self) -> Signer | None:
        """Signs the heads of logs; None where the database is not a SQLite file and no key is set."""
        if self.signing_key:
            return Signer(bytes.fromhex(self.signing_key))
        if self.data_dir is None:
            return None
        path = self.data_dir / "signing.key"
        if not path.exists():
            make_secret(path, secrets.token_hex(32))
        seed = path.read_text().strip()
        if not SEED.fullmatch(seed):
            raise ValueError(f"{path} holds no key; restore it, or remove it to sign with a new one")
        return Signer(bytes.fromhex(seed))

    def cipher(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"contacts" + self.secret()).digest()))
