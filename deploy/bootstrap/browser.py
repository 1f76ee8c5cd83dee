"""Chromium, for the tests that drive the page."""

import os
import shutil

from deploy.bootstrap.machine import StepFailed, run, say

NAMES = ("chromium", "chromium-browser", "google-chrome")


def want_chromium() -> None:
    """Install Debian's Chromium when there is none and no password is needed for it; else say what is skipped."""
    if any(shutil.which(name) for name in NAMES):
        return
    apt = _apt_get()
    if apt is None:
        say("there is no Chromium, so the tests that drive the page are skipped; install `chromium` to run them")
        return
    say("installing Chromium for the tests that drive the page")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run([*apt, "update"], doing="Reading Debian's package lists", environ=quiet)
        run([*apt, "install", "-y", "--no-install-recommends", "chromium"], doing="Installing Chromium", environ=quiet)
    except StepFailed as error:
        say(f"{error} Without Chromium the tests that drive the page are skipped.")


def _apt_get() -> list[str] | None:
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    return ["sudo", "-n", "apt-get"] if shutil.which("sudo") else None
