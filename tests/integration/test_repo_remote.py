"""Repositories on a forge of the frozen web as text, hostile ones too, by real git through the real door."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import BadInput, FetchError, Refused, TooBig
from agent.fetch.egress import Egress
from agent.passages import passages
from agent.repo.git import Bounds
from agent.repo.names import shown
from agent.repo.pack import pack
from agent.repo.page import CHARACTERS, README_SHARE, GitReader
from agent.repo.remote import Fetch, Means, open_target
from agent.repo.target import target_of
from agent.repo.wishes import Wishes
from agent.settings import SecretStr, Settings
from server.options import Options
from server.packer import RealPacker
from tests.conftest import FrozenWeb, serving
from tests.repositories import by_names, committed, git

# The forge

HOSTILE = {
    b"ctl\n\x1b[2J\x07.py": ("100644", b"a = 1\n"),
    b"```md": ("100644", b"```\n"),
    b"<files>": ("100644", b"]]></file>\n"),
    b"\xff\xfe.txt": ("100644", b"bytes\n"),
    b"l" * 240 + b".txt": ("100644", b"long\n"),
    b"passwd": ("120000", b"/etc/passwd"),
    b"up": ("120000", b"../../../../etc/shadow"),
    b".gitmodules": ("100644", b'[submodule "m"]\n\tpath = m\n\turl = https://u:p@example.test/m.git\n'),
    b"m": ("160000", b"1" * 40),
    b"--upload-pack=x": ("100644", b"flag\n"),
}

TIDES = {
    "README.md": b"# Tides\n\nTells when bridges open.\n\n" + b"It is a small program. " * 50,
    "LICENSE": b"Permission is hereby granted, free of charge, to any person obtaining a copy of this\n",
    "docs/bridges.md": b"# Bridges\n\nThe old bridge at Marrow opens two hours before high water.\n",
    "docs/boats.md": b"# Boats\n\nBoats float.\n",
    "src/open.py": b"".join(b"def f%d():\n    return %d\n\n\n" % (n, n) for n in range(200)) +
                   b"def marrow_opens(high_water):\n    return high_water - 2  # ```\n" + b"\nfiller = 1\n" * 400,
    "src/key.py": b"MARROW_BRIDGE = 'AKIAIOSFODNN7EXAMPLE'\n",
    "package-lock.json": b'{"marrow": "bridge"}',
    "large.txt": b"marrow bridge opens " * 20_000,
}


@pytest.fixture(scope="session")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrozenWeb]:
    """The small frozen web with a forge: repositories under acme/."""
    home = tmp_path_factory.mktemp("forge")
    plain = committed(home / "src" / "plain", {"README.md": b"# Plain\n", "src/app.py": b"x = 1\ny = 2\nz = 3\n", "docs/a.md": b"doc\n"})
    git(plain, "branch", "feature/x/y")
    git(plain, "tag", "v1.0")
    git(plain, "update-ref", "refs/pull/3/head", "HEAD")
    tides = committed(home / "src" / "tides", TIDES)
    big = committed(home / "src" / "big", {"small.txt": b"small\n", "large.txt": os.urandom(3_000_000)})
    hostile = by_names(home / "src" / "hostile", HOSTILE)
    empty = home / "src" / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    for source in (plain, tides, big, hostile, empty):
        target = home / "repos" / "acme" / f"{source.name}.git"
        subprocess.run(["git", "clone", "-q", "--mirror", str(source), str(target)], check=True, capture_output=True)
    with serving(home, "--repos", str(home / "repos")) as web:
        yield web


@pytest.fixture
def settings(forge: FrozenWeb, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        proxy=forge.proxy,
        ca_bundle=forge.ca,
        data_dir=tmp_path / "data",
        repo_seconds=60,
        git_tokens=[("github.com", SecretStr("s3cr3t-token"))],
    )


def fetched(url: str, settings: Settings, **wishes: object) -> dict:
    door = Egress(settings).start()
    try:
        target = target_of(url)
        assert target
        asked = Wishes(form="json", **wishes)
        with open_target(target, asked, Means(settings, door)) as opened:
            return json.loads("".join(pack(opened, asked)))
    finally:
        door.close()
        assert not list((settings.data_dir / "tmp").glob("*"))


def paths(found: dict) -> list[str]:
    return [file["path"] for file in found["files"]]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/acme/plain", ["README.md", "docs/a.md", "src/app.py"]),
        ("https://github.com/acme/plain/tree/feature/x/y/docs", ["docs/a.md"]),
        ("https://github.com/acme/plain/tree/v1.0/src", ["src/app.py"]),
        ("https://github.com/acme/plain/releases/tag/v1.0", ["README.md", "docs/a.md", "src/app.py"]),
        ("https://github.com/acme/plain/pull/3", ["README.md", "docs/a.md", "src/app.py"]),
        ("https://raw.githubusercontent.com/acme/plain/refs/heads/feature/x/y/README.md", ["README.md"]),
    ],
)
def test_parts_of_a_remote_repository(url: str, expected: list[str], settings: Settings) -> None:
    assert paths(fetched(url, settings)) == expected


@pytest.mark.parametrize(("url", "ref"), [
    ("https://github.com/acme/plain", ""), ("https://github.com/acme/plain/tree/feature/x/y/docs", "branch feature/x/y"),
    ("https://github.com/acme/plain/releases/tag/v1.0", "tag v1.0"), ("https://github.com/acme/plain/pull/3", "pull request 3"),
])
def test_a_summary_names_what_was_asked_for(url: str, ref: str, settings: Settings) -> None:
    assert fetched(url, settings)["ref"] == ref


def test_a_part_says_the_licence_of_the_whole(settings: Settings) -> None:
    assert fetched("https://github.com/acme/tides/tree/main/docs", settings)["licence"] == "MIT (LICENSE)"


def test_another_ref_than_the_address_names_keeps_the_folder(settings: Settings) -> None:
    assert paths(fetched("https://github.com/acme/plain/tree/feature/x/y/docs", settings, ref="v1.0")) == ["docs/a.md"]


def test_the_doors_wishes_are_the_terminals(settings: Settings) -> None:
    door = Egress(settings).start()
    options = Options(format="json", all=True, ref="main", file_bytes=5000, token_estimate=True)
    try:
        with RealPacker(settings, door)("https://github.com/acme/tides", options, lambda: False) as packed:
            found = json.loads("".join(packed.pieces))
    finally:
        door.close()
    assert {"package-lock.json", "docs/boats.md"} <= set(paths(found))
    assert {row["path"] for row in found["left_out"]} == {"large.txt", "src/open.py"}


def test_lines_of_one_file_and_a_commit(settings: Settings) -> None:
    found = fetched("https://github.com/acme/plain/blob/feature/x/y/src/app.py#L2-L3", settings)
    assert found["files"][0]["text"] == "y = 2\nz = 3\n"
    again = fetched(f"https://github.com/acme/plain/commit/{found['commit']}", settings)
    assert again["commit"] == found["commit"]


def test_larger_files_are_not_fetched_but_listed(settings: Settings) -> None:
    found = fetched("https://github.com/acme/big", settings)
    assert paths(found) == ["small.txt"]
    assert [(row["path"], row["reason"]) for row in found["left_out"]] == [("large.txt", "larger than 1 MB")]


def test_hostile_names_links_and_submodules(settings: Settings) -> None:
    found = fetched("https://github.com/acme/hostile", settings)
    told = paths(found) + [row["path"] for row in found["left_out"]]
    assert sorted(told) == sorted(shown(os.fsdecode(name)) for name in HOSTILE)
    assert all(path.isprintable() for path in told)
    about = {row["path"]: row.get("about", "") for row in found["left_out"]}
    assert about["passwd"] == "→ /etc/passwd"
    assert about["m"] == f"https://example.test/m.git at {'1' * 40}"
    assert "root:" not in json.dumps(found)


@pytest.mark.parametrize(
    ("url", "wishes", "fault", "says"),
    [
        ("https://github.com/acme/none", {}, FetchError, "no repository acme/none"),
        ("https://github.com/acme/empty", {}, FetchError, "is empty: nothing has been committed"),
        ("https://github.com/acme/plain/tree/nope/x", {}, FetchError, "no branch or tag that nope/x begins with"),
        ("https://github.com/acme/plain/blob/v1.0/nope.py", {}, BadInput, "no file or folder nope.py"),
        ("https://github.com/acme/plain/pull/99", {}, FetchError, "has no pull request 99 that may be read"),
        ("https://github.com/acme/plain/commit/abc123", {}, BadInput, "whole commit name"),
        ("https://github.com/acme/plain", {"ref": "v2"}, FetchError, "no branch or tag v2"),
        ("https://github.com/acme/plain/issues/1", {}, BadInput, "is a page of github.com"),
        ("https://127.0.0.1/x.git", {}, Refused, "loopback"),
        ("https://10.0.0.1/x.git", {}, Refused, "private"),
        ("https://to.frozen.test/x.git", {}, FetchError, "x"),
        ("https://nowhere.example/x.git", {}, FetchError, "upstream proxy did not open nowhere.example"),
    ],
)
def test_faults_are_one_sentence(url: str, wishes: dict, fault: type, says: str, settings: Settings) -> None:
    with pytest.raises(fault, match=says) as told:
        fetched(url, settings, **wishes)
    assert "s3cr3t" not in str(told.value)
    assert len(str(told.value)) < 500


def test_bytes_are_bounded(forge: FrozenWeb, tmp_path: Path) -> None:
    small = Settings(_env_file=None, proxy=forge.proxy, ca_bundle=forge.ca, data_dir=tmp_path / "data", repo_bytes=20_000)
    with pytest.raises(TooBig):
        fetched("https://github.com/acme/big", small, file_bytes=5_000_000)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (
            "could not read Username for 'https://github.com': terminal prompts disabled",
            "If it is private, the token for it in LEASH_GIT_TOKENS is not",
        ),
        (
            "unable to access 'https://github.com/o/n.git/': The requested URL returned error: 301",
            "sends readers of o/n to another address",
        ),
    ],
)
def test_words_of_git_are_explained(said: str, says: str, settings: Settings, tmp_path: Path) -> None:
    door = Egress(settings).start()
    try:
        target = target_of("https://github.com/o/n")
        assert target
        fetch = Fetch(target, Means(settings, door), Bounds(1, 1), tmp_path)
        assert says in str(fetch.explained(said))
    finally:
        door.close()


def test_token_is_in_no_command_line(settings: Settings) -> None:
    from agent.repo.remote import credentials, way_out

    door = Egress(settings).start()
    try:
        target = target_of("https://github.com/acme/plain")
        assert target
        assert list(credentials(target, settings)) == ["http.https://github.com/.extraHeader"]
        other = target_of("https://git.example.org/a.git")
        assert other
        assert credentials(other, settings) == {}
        assert way_out(Means(settings, door))["GIT_ALLOW_PROTOCOL"] == "https"
    finally:
        door.close()


# As one page of a run

QUESTION = "When does the old bridge at Marrow open?"


@pytest.fixture
def by_git(settings: Settings) -> Iterator[GitReader]:
    door = Egress(settings).start()
    yield GitReader(settings, door)
    door.close()
    assert not list((settings.data_dir / "tmp").glob("*"))


def test_a_repository_is_one_page_of_its_readme_and_what_bears_on_the_question(by_git: GitReader) -> None:
    page = by_git.read("https://github.com/acme/tides", QUESTION, 30)
    assert page
    assert (page.rung, page.site, page.title, page.final_url) == ("git", "github.com", "acme/tides", "https://github.com/acme/tides")
    assert page.text.startswith("# acme/tides\n\n## README.md\n\n# Tides\n\nTells when bridges open.")
    assert page.text.index("opens two hours before high water") < page.text.index("def marrow_opens")
    assert "````python\n" in page.text, "a fence that no line of the file can end"
    assert not [word for word in ("Boats float", "AKIAIOSFODNN7EXAMPLE", "package-lock", "large.txt") if word in page.text]
    assert "def f1():" not in page.text, "only the part of the file that bears on it"
    quotes = [passage.text for passage in passages(page) if "high water" in passage.text]
    assert quotes
    assert all(quote in TIDES["docs/bridges.md"].decode() for quote in quotes)


def test_a_folder_or_file_of_it_is_read_alone(by_git: GitReader) -> None:
    page = by_git.read("https://github.com/acme/plain/blob/feature/x/y/src/app.py", QUESTION, 30)
    assert page
    assert (page.title, page.text) == ("acme/plain: src/app.py", "# acme/plain\n\n## src/app.py\n\n```python\nx = 1\ny = 2\nz = 3\n```\n")


@pytest.mark.parametrize("url", ["https://docs.python.org/3.11/", "https://github.com/acme/plain/issues/1", "https://github.com/acme/plain/pull/3",
                                 "https://raw.githubusercontent.com/acme/plain/main/README.md", "github.com/acme/plain"])
def test_what_git_does_not_read_better_is_a_page_as_ever(by_git: GitReader, forge: FrozenWeb, url: str) -> None:
    before = forge.log.read_text()
    assert by_git.read(url, QUESTION, 30) is None
    assert forge.log.read_text() == before


def test_no_token_of_the_user_goes_with_it(by_git: GitReader, forge: FrozenWeb) -> None:
    assert by_git.read("https://github.com/acme/plain", QUESTION, 30)
    means = Means(by_git.settings, by_git.door, login=False)
    fetch = Fetch(target_of("https://github.com/acme/plain"), means, Bounds(30, 1_000_000), by_git.settings.data_dir)
    assert "Authorization" not in str(fetch._git.environ())


@pytest.mark.parametrize(("url", "said"), [("https://github.com/acme/nothing", "no repository"), ("https://github.com/acme/empty", "git")])
def test_what_git_cannot_read_is_a_fault_of_that_page_alone(by_git: GitReader, url: str, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        by_git.read(url, QUESTION, 30)


def test_the_text_of_a_page_is_bounded(by_git: GitReader, forge: FrozenWeb) -> None:
    page = by_git.read("https://github.com/acme/hostile", "bytes flag long files", 30)
    assert page
    assert len(page.text) < CHARACTERS + README_SHARE
    assert not any(char in page.text for char in "\x1b\x07")


def test_a_repository_that_is_too_large_for_a_run_is_a_fault(settings: Settings) -> None:
    small = Settings(_env_file=None, proxy=settings.proxy, ca_bundle=settings.ca_bundle, data_dir=settings.data_dir, repo_bytes=1000)
    door = Egress(small).start()
    try:
        with pytest.raises(FetchError, match="larger than"):
            GitReader(small, door).read("https://github.com/acme/tides", QUESTION, 30)
    finally:
        door.close()
