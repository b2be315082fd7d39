"""What needs no browser: unit tests under Node, types, the manifest's lint, the zips, the icons."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.extension.button import unpacked
from tests.extension.running import ROOT

HOME = ROOT / "extension"
pack = runpy.run_path(str(HOME / "pack.py"))


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    """A tool of extension/node_modules, or Node itself."""
    local = HOME / "node_modules" / ".bin" / command[0]
    program = str(local) if local.exists() else shutil.which(command[0])
    if not program:
        pytest.fail(f"{command[0]} is needed: install Node.js 20 or newer, then `make setup-tests`.")
    return subprocess.run([program, *command[1:]], cwd=HOME, capture_output=True, text=True, timeout=120)


def test_units_under_node() -> None:
    files = sorted(map(str, (ROOT / "tests" / "extension" / "unit").glob("*.test.mjs")))
    done = tool("node", "--test", *files)
    assert done.returncode == 0, done.stdout
    assert len(files) > 3


def test_types() -> None:
    done = tool("tsc")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", ["firefox", "both"])
def test_the_manifest_has_no_errors(kind: str, tmp_path: Path) -> None:
    """What goes to the store, and the one source with both browsers' keys in it."""
    folder = unpacked("firefox" if kind == "firefox" else "chromium", tmp_path / "extension")
    if kind == "both":
        shutil.copy(HOME / "manifest.json", folder)
    done = tool("web-ext", "lint", "--source-dir", str(folder), "--no-config-discovery", "--output", "json")
    told = json.loads(done.stdout)
    assert told["summary"]["errors"] == 0, told["errors"]
    if kind == "firefox":  # what Chromium alone has is guarded by `chrome.offscreen` and the like; Android has no sidebar
        assert {one["code"] for one in told["warnings"]} <= {"UNSUPPORTED_API", "KEY_FIREFOX_ANDROID_UNSUPPORTED_BY_MIN_VERSION"}


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_the_zip_is_small_and_the_same_each_time(kind: str, tmp_path: Path) -> None:
    one, other = pack["pack"](kind, tmp_path / "one"), pack["pack"](kind, tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size <= 150_000
    names = zipfile.ZipFile(one).namelist()
    assert {"manifest.json", "background.js", "panel.html", "capture.js", "icons/128.png", "_locales/en/messages.json"} <= set(names)
    assert not [name for name in names if "node_modules" in name or name.endswith((".py", ".md", ".ts"))]


def test_every_file_that_is_named_is_packed() -> None:
    files = pack["files_for"]("chromium")
    manifest = json.loads((HOME / "manifest.json").read_text())
    named = {manifest["background"]["service_worker"], manifest["side_panel"]["default_path"], *manifest["icons"].values(), "capture.js"}
    assert named <= set(files)


def test_the_icons_are_drawn_from_the_mark() -> None:
    draw = runpy.run_path(str(HOME / "icons" / "draw.py"))
    for size in draw["SIZES"]:
        assert (HOME / "icons" / f"{size}.png").read_bytes() == draw["png"](draw["drawn"](size))
