"""What the environment says, read into the shapes Django wants."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Durable (FULL: a commit is on the disk), readers beside one writer (WAL).
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
SQLITE_BUSY_TIMEOUT_S = 20


def flag(name: str, *, default: bool = False) -> bool:
    """1, true, yes, on (any case) mean yes; 0, false, no, off and the empty string mean no."""
    text = os.environ.get(name)
    if text is None:
        return default
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"", "0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={text}: expected yes or no")


def words(name: str, *, default: str = "") -> list[str]:
    """A list, separated by commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def required(name: str) -> str:
    if value := os.environ.get(name):
        return value
    raise ImproperlyConfigured(f"{name} must be set in production")


def database(url: str) -> dict[str, Any]:
    """A Django database from its URL.

    postgres://user:password@host:port/name?sslmode=require, or ?host=/directory/of/sockets
    sqlite:///relative/path.sqlite3, sqlite:////absolute/path.sqlite3
    Raises ImproperlyConfigured for any other scheme, and for a URL without a name.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database")
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": {
                "init_command": SQLITE_PRAGMAS,
                "timeout": SQLITE_BUSY_TIMEOUT_S,
                # Take the writer's lock at BEGIN: upgrading a read later fails at once instead of waiting.
                "transaction_mode": "IMMEDIATE",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        options = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or "") or options.pop("host", ""),
            "PORT": str(parts.port or ""),
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(f"DATABASE_URL: {parts.scheme or 'no scheme'} is neither postgres nor sqlite")


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Between processes through Redis; without one, inside this process."""
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    # redis-py 8 gives up a socket after 5 s; channels_redis 4.3 waits exactly that long for a message and
    # would lose its consumers to the race.
    host = {"address": redis_url, "socket_timeout": None}
    return {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [host], "prefix": "pyrocpp"},
    }


def generated_secret(path: Path) -> str:
    """The secret kept in a file that only its owner reads; made on first use, the same for all processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:  # noqa: PTH123
        file.write(secrets.token_urlsafe(48))
    try:
        path.hardlink_to(draft)  # fails if another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()
