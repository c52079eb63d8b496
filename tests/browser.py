"""Debian's Chromium, driven by Playwright. Nothing is downloaded from Playwright's own servers."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "chromium")


def executable() -> str:
    """The browser at hand; installed where we may. Fails the test, and says what to install, where not."""
    if found := _at_hand():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update"], check=False, capture_output=True)
        subprocess.run(INSTALL, check=False, capture_output=True)
        if found := _at_hand():
            return found
    pytest.fail(f"The browser tests need Chromium. On Debian: {' '.join(INSTALL)}")


def _at_hand() -> str:
    return next((path for name in NAMES if (path := shutil.which(name))), "")


@contextmanager
def browser() -> Iterator[Browser]:
    """Inside, Django's ORM must not be used: Playwright runs an event loop in this thread."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def page(**options: object) -> Iterator[Page]:
    """A page whose scripts must neither fail nor break the content security policy."""
    with browser() as started:
        context = started.new_context(**options)
        opened = context.new_page()
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        yield opened
        assert not complaints, complaints
