"""What the environment may say, and how it is refused when it says nonsense."""

import stat
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from csms.settings import environment
from csms.settings.ocpp import OcppSettings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///var/a.sqlite3", {"ENGINE": "django.db.backends.sqlite3", "NAME": "var/a.sqlite3"}),
        ("sqlite:////var/a.sqlite3", {"ENGINE": "django.db.backends.sqlite3", "NAME": "/var/a.sqlite3"}),
        (
            "postgres://ada:p%40ss@db:5433/pyrocpp?sslmode=require",
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "pyrocpp",
                "USER": "ada",
                "PASSWORD": "p@ss",
                "HOST": "db",
                "PORT": "5433",
                "OPTIONS": {"sslmode": "require"},
            },
        ),
        (
            "postgresql:///pyrocpp?host=/run/postgresql",
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "pyrocpp",
                "USER": "",
                "PASSWORD": "",
                "HOST": "/run/postgresql",
                "PORT": "",
                "OPTIONS": {},
            },
        ),
    ],
)
def test_database_url(url, expected):
    assert environment.database(url).items() >= expected.items()


@pytest.mark.parametrize("url", ["mysql://db/name", "postgres://db", "sqlite://", "name", ""])
def test_database_url_that_names_no_database_of_ours_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        environment.database(url)


@pytest.mark.parametrize(("text", "expected"), [("1", True), ("Yes", True), ("off", False), ("", False)])
def test_flag(monkeypatch, text, expected):
    monkeypatch.setenv("FLAG", text)
    assert environment.flag("FLAG", default=not expected) is expected


def test_flag_that_is_neither_yes_nor_no_is_refused(monkeypatch):
    monkeypatch.setenv("FLAG", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="FLAG=perhaps"):
        environment.flag("FLAG")


def test_ocpp_settings_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("PYROCPP_UNKNOWN_CHARGE_POINTS", "refuse")
    monkeypatch.setenv("PYROCPP_HEARTBEAT_INTERVAL_S", "60")
    monkeypatch.setenv("PYROCPP_CALL_TIMEOUT_S", "2.5")
    expected = OcppSettings(unknown_charge_points="refuse", heartbeat_interval_s=60, call_timeout_s=2.5)
    assert OcppSettings.from_environment() == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("UNKNOWN_CHARGE_POINTS", "invite"),
        ("HEARTBEAT_INTERVAL_S", "60.5"),
        ("CALL_TIMEOUT_S", "-1"),
        ("CALL_TIMEOUT_S", "nan"),
        ("CALL_TIMEOUT_S", "soon"),
    ],
)
def test_ocpp_setting_of_the_wrong_kind_is_refused_by_name(monkeypatch, name, text):
    monkeypatch.setenv(f"PYROCPP_{name}", text)
    with pytest.raises(ImproperlyConfigured, match=f"PYROCPP_{name}={text}"):
        OcppSettings.from_environment()


def test_generated_secret_is_one_for_all_and_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "var" / "secret_key"
    secret = environment.generated_secret(path)
    assert len(secret) == 64
    assert environment.generated_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
def test_production_guesses_nothing(missing):
    given = {"SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "example.org", "DATABASE_URL": "sqlite:///:memory:"}
    given.pop(missing)
    done = subprocess.run(
        [sys.executable, "-c", "import csms.settings.production"], env=given, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"{missing} must be set in production" in done.stderr
