"""Makes the two files for the stores: dist/leash-chromium.zip and dist/leash-firefox.zip, the same bytes each time.

One manifest serves both browsers as it stands; each zip leaves out what only the other one reads, so that neither warns.
Chromium keeps `key`, which fixes the id by which a Leash knows the extension.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
DIST = HERE.parent / "dist"
PARTS = ("*.html", "*.css", "*.js", "panel/*.js", "_locales/*/messages.json", "icons/*.png")
MOST_BYTES = 150_000
WHEN = (2026, 1, 1, 0, 0, 0)
FOREIGN = {
    "chromium": ("sidebar_action", "browser_specific_settings", "background.scripts"),
    "firefox": ("key", "side_panel", "minimum_chrome_version", "background.service_worker", "permissions.sidePanel",
                "permissions.offscreen"),
}
LEFT = {"chromium": (), "firefox": ("offscreen.html", "offscreen.js")}


def manifest_for(browser: str) -> bytes:
    manifest = json.loads((HERE / "manifest.json").read_text())
    for name in FOREIGN[browser]:
        top, _, part = name.partition(".")
        if not part:
            del manifest[top]
        elif isinstance(manifest[top], list):
            manifest[top].remove(part)
        else:
            del manifest[top][part]
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def files_for(browser: str) -> dict[str, bytes]:
    found = sorted(file for pattern in PARTS for file in HERE.glob(pattern))
    named = {file.relative_to(HERE).as_posix(): file.read_bytes() for file in found}
    return {"manifest.json": manifest_for(browser)} | {name: raw for name, raw in named.items() if name not in LEFT[browser]}


def pack(browser: str, folder: Path = DIST) -> Path:
    """Write the zip of one browser. Raises SystemExit where it has grown beyond what an extension should be."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"leash-{browser}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, raw in files_for(browser).items():
            entry = zipfile.ZipInfo(name, WHEN)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, raw)
    if target.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{target} has {target.stat().st_size:,} bytes; at most {MOST_BYTES:,} are right for an extension.")
    return target


if __name__ == "__main__":
    for browser in FOREIGN:
        made = pack(browser)
        sys.stdout.write(f"{made.relative_to(HERE.parent)}  {made.stat().st_size:,} bytes\n")
