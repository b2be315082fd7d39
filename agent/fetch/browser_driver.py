"""Starts one Chromium that can reach nothing but the door. The only importer of playwright; knows nothing of pages.

Every switch here shuts a way around the door or saves time: Playwright's own proxy setting covers loopback too, WebRTC
and QUIC would go past any proxy, and the browser's own errands (updates, field trials) have no business here.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, CDPSession, Error, Page, Playwright, Request, async_playwright

from agent.errors import FetchError

__all__ = ["BrowserContext", "CDPSession", "Chromium", "Error", "Launch", "Page", "Playwright", "Request",
           "fresh_context", "launched", "start_driver"]

log = logging.getLogger(__name__)
START_SECONDS = 20
SWITCHES = (
    "--blink-settings=imagesEnabled=false",
    "--disable-remote-fonts",
    "--mute-audio",
    "--autoplay-policy=user-gesture-required",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--dns-prefetch-disable",
    "--no-pings",
    "--no-first-run",
    "--disable-gpu",
    "--disable-3d-apis",
    "--js-flags=--max-old-space-size=640",
)
LIKE = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"  # sites turn "Headless" away
WINDOW = {"width": 1280, "height": 2000}  # tall, so that more of what waits to be seen is
# Playwright would let pages open windows, flood the browser, and draw in 3D by software.
UNWANTED = ["--disable-popup-blocking", "--disable-ipc-flooding-protection", "--enable-unsafe-swiftshader"]
UNSANDBOXED = ("Chromium runs without its sandbox, because Leash runs as root. Run Leash as a normal user to have each "
               "page locked in.")
NO_SANDBOX = "Chromium's sandbox does not work on this machine, so it runs without; pages are less well locked in."


@dataclass(frozen=True)
class Launch:
    """What a browser needs to start: its path, the door's address with its login, its home folder."""

    path: str
    door: str
    home: Path

    @property
    def proxy(self) -> dict[str, str]:
        parts = urlsplit(self.door)
        server = f"http://{parts.hostname}:{parts.port}"
        return {"server": server, "username": parts.username or "", "password": parts.password or ""}


async def start_driver() -> Playwright:
    return await async_playwright().start()


async def launched(driver: Playwright, launch: Launch) -> tuple[Chromium, bool]:
    """A browser, and whether its sandbox is on. Raises FetchError if it does not start."""
    if os.geteuid() == 0:
        log.warning(UNSANDBOXED)
        return await attempt(driver, launch, sandbox=False), False
    try:
        return await attempt(driver, launch, sandbox=True), True
    except FetchError as fault:
        if "sandbox" not in str(fault).lower():
            raise
    log.warning(NO_SANDBOX)
    return await attempt(driver, launch, sandbox=False), False


async def attempt(driver: Playwright, launch: Launch, *, sandbox: bool) -> Chromium:
    # Its environment is bare: no key of Leash's, no proxy but the door. HOME holds the authorities that it trusts.
    env = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(launch.home),
           "XDG_CONFIG_HOME": str(launch.home / ".config")}
    try:
        return await driver.chromium.launch(
            executable_path=launch.path, args=list(SWITCHES), ignore_default_args=UNWANTED, proxy=launch.proxy, env=env,
            chromium_sandbox=sandbox, handle_sigint=False, handle_sigterm=False, handle_sighup=False,
            timeout=START_SECONDS * 1000)
    except Error as fault:
        raise FetchError(f"The browser at {launch.path} does not start: {first_reason(str(fault))}") from None


def first_reason(text: str) -> str:
    """The line of a launch failure that says why, or its first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "sandbox" in line.lower() or "error while loading" in line]
    return (telling or lines or ["no reason was given"])[0][:300]


async def fresh_context(chromium: Chromium) -> BrowserContext:
    """A profile of its own that ends with the page: no cookies, no downloads, no permissions, no service workers."""
    major = chromium.version.partition(".")[0]
    agent = f"{LIKE} Chrome/{major}.0.0.0 Safari/537.36 Leash/0.1"
    return await chromium.new_context(user_agent=agent, accept_downloads=False, service_workers="block", permissions=[],
                                      viewport=WINDOW, reduced_motion="reduce")
