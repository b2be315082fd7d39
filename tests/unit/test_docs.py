"""The words cannot rot: generated pages are what the code says, and every file that the README names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.reference import PAGES

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])


@pytest.mark.parametrize("name", PAGES)
def test_generated_page_is_fresh(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_file_of_the_readme_tree_exists() -> None:
    paths = list(tree_paths((ROOT / "README.md").read_text(encoding="utf-8")))
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []


def tree_paths(readme: str):
    """Each path of the tree: a line's first words before two spaces; two more spaces of indent, one folder deeper."""
    tree = re.search(r"```\n(agent/.*?)```", readme, re.DOTALL)
    assert tree, "the README has no file tree"
    folders: list[str] = []
    for line in tree[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        for name in re.split(r"  +", line.strip())[0].split():
            del folders[depth:]
            yield "/".join([*folders, name]).replace("//", "/")
            if name.endswith("/"):
                folders.append(name.rstrip("/"))


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_links_between_pages_lead_somewhere(doc: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", doc.read_text(encoding="utf-8"))
    assert [link for link in links if not (doc.parent / link).exists()] == []


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_settings_that_pages_name_exist(doc: Path) -> None:
    from agent.settings import Settings

    named = set(re.findall(r"LEASH_[A-Z_]+[A-Z]", doc.read_text(encoding="utf-8")))
    assert named <= {"LEASH_" + name.upper() for name in Settings.model_fields}


def test_locks_name_no_host_and_no_torch() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
        assert not re.search(r"^(torch|sentence-transformers)\b", text, re.MULTILINE)
        pins = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
        assert all("==" in pin for pin in pins)


def test_locks_hold_what_the_project_names() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run, dev = project["project"]["dependencies"], project["dependency-groups"]["dev"]
    assert not lacking(run, "requirements.txt")
    assert not lacking([*run, *dev], "requirements-dev.txt")


def lacking(wanted: list[str], lock: str) -> set[str]:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
    names = {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in wanted}
    return names - locked
