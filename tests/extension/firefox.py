"""Drives the extension in a real Firefox by raw WebDriver BiDi, which needs no driver program."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

GECKO = "button@leash.invalid"
UUID = "11111111-2222-4333-8444-555555555555"
ORIGIN = f"moz-extension://{UUID}"
PREFERENCES: dict[str, Any] = {
    "extensions.webextensions.uuids": json.dumps({GECKO: UUID}),  # so that its pages have a known address
    "extensions.webextOptionalPermissionPrompts": False,  # a yes to the browser's own question, which has no form without a screen
    "xpinstall.signatures.required": False, "extensions.experiments.enabled": True, "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False, "browser.shell.checkDefaultBrowser": False, "dom.events.testing.asyncClipboard": True,
}


class Refused(Exception):
    """Firefox did not do what it was told."""


class Firefox:
    """One running browser. A session of BiDi is a WebSocket on which commands and answers go."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire, self.numbers = wire, itertools.count(1)

    def tell(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self.numbers)
        self.wire.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self.wire.recv(timeout=60))
            if said.get("id") == number:
                if said["type"] == "error":
                    raise Refused(f"{method}: {said['error']}: {said['message']}")
                return said["result"]

    def open(self, url: str) -> str:
        """A new tab at an address; its context."""
        tab = self.tell("browsingContext.create", type="tab")["context"]
        self.tell("browsingContext.navigate", context=tab, url=url, wait="complete")
        return tab

    def run(self, tab: str, script: str, *, privileged: bool = False) -> Any:
        """The value of an expression there; promises are awaited."""
        more = {"moz:scope": "chrome"} if privileged else {}
        said = self.tell("script.evaluate", expression=script, target={"context": tab, **more}, awaitPromise=True, userActivation=True)
        if said["type"] == "exception":
            raise Refused(said["exceptionDetails"]["text"])
        return plain(said["result"])

    def until(self, tab: str, script: str, patience: float = 30.0) -> Any:
        """The value of an expression once it is true."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            with suppress(Refused):
                if found := self.run(tab, script):
                    return found
            time.sleep(0.1)
        raise AssertionError(f"It did not come true: {script}; the page says: {self.run(tab, 'document.body.innerText')}")


def plain(value: dict[str, Any]) -> Any:
    """A value of BiDi as Python has it."""
    kind, inner = value["type"], value.get("value")
    if kind == "object":
        return {key if isinstance(key, str) else plain(key): plain(one) for key, one in inner}
    if kind == "array":
        return [plain(one) for one in inner]
    return None if kind in ("undefined", "null") else inner


@contextmanager
def running(program: str, profile: Path, extension: Path) -> Iterator[Firefox]:
    profile.mkdir(parents=True)
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    command = [program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0",
               "--remote-allow-system-access"]
    env = {**os.environ, "MOZ_HEADLESS": "1", "HOME": str(profile)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=env) as process:
        try:
            told = (re.search(r"WebDriver BiDi listening on (ws://\S+)", line) for line in process.stderr or ())
            address = next(found[1] for found in told if found)
            with connect(f"{address}/session", max_size=None) as wire:
                firefox = Firefox(wire)
                firefox.tell("session.new", capabilities={"alwaysMatch": {}})
                firefox.tell("webExtension.install", extensionData={"type": "path", "path": str(extension)})
                yield firefox
        finally:
            process.terminate()
            process.wait(20)
