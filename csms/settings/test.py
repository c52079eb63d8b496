"""For the test suite: the same parts, the cheapest of each. DATABASE_URL runs it on that server instead."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from csms.settings import environment
from csms.settings.base import *
from csms.settings.logs import logging

# A developer's own data is not touched.
VAR_DIR = Path(tempfile.mkdtemp(prefix="pyrocpp-test-"))
atexit.register(shutil.rmtree, VAR_DIR, ignore_errors=True)

SECRET_KEY = "only-for-tests"  # noqa: S105
ALLOWED_HOSTS = ["*"]

if not os.environ.get("DATABASE_URL"):
    # A file, not memory: the journal's writer has a connection of its own.
    DATABASES = {
        "default": {
            **environment.database(f"sqlite:///{VAR_DIR / 'pyrocpp.sqlite3'}"),
            "TEST": {"NAME": VAR_DIR / "test.sqlite3"},
        }
    }

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 is slow on purpose
CELERY_TASK_ALWAYS_EAGER = True  # a task runs where it is called ...
CELERY_TASK_EAGER_PROPAGATES = True  # ... and its error reaches the test
WHITENOISE_AUTOREFRESH = True  # looks files up when asked instead of listing them all at start
WHITENOISE_USE_FINDERS = True
LOGGING = logging(json=False, level="WARNING")
