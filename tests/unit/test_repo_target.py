"""What addresses of repositories name."""

from __future__ import annotations

import pytest

from agent.repo.target import target_of

SHA = "53171e048c8c1050de28adf36dc6cbff072586e3"


def parts(url: str) -> tuple:
    found = target_of(url)
    return (found.clone, found.kind, found.ref, found.tail, found.path, found.lines) if found else ()


@pytest.mark.parametrize(
    ("url", "kind", "ref", "tail", "path", "lines"),
    [
        ("https://github.com/o/n", "repository", "", "", "", ()),
        ("github.com/o/n.git", "repository", "", "", "", ()),
        ("http://www.github.com/o/n/", "repository", "", "", "", ()),
        ("git@github.com:o/n.git", "repository", "", "", "", ()),
        ("https://github.com/o/n?tab=readme-ov-file#install", "repository", "", "", "", ()),
        ("https://github.com/o/n/tree/feature/x/docs", "tree", "", "feature/x/docs", "", ()),
        ("https://github.com/o/n/blob/main/a%20b.py#L3-L9", "file", "", "main/a b.py", "", (3, 9)),
        ("https://github.com/o/n/blob/main/a.py#L7", "file", "", "main/a.py", "", (7, 7)),
        (f"https://github.com/o/n/blob/{SHA}/src/a.py", "file", SHA, "", "src/a.py", ()),
        (f"https://github.com/o/n/tree/{SHA}", "tree", SHA, "", "", ()),
        (f"https://github.com/o/n/commit/{SHA}", "commit", SHA, "", "", ()),
        ("https://github.com/o/n/pull/12/files", "pull", "refs/pull/12/head", "", "", ()),
        ("https://github.com/o/n/releases/tag/v1.0", "tree", "refs/tags/v1.0", "", "", ()),
        ("https://raw.githubusercontent.com/o/n/main/a/b.py", "file", "", "main/a/b.py", "", ()),
        ("https://raw.githubusercontent.com/o/n/refs/heads/main/b.py", "file", "", "refs/heads/main/b.py", "", ()),
        ("https://github.com/o/n/issues/4", "page", "", "", "", ()),
        ("https://github.com/o/n/discussions", "page", "", "", "", ()),
    ],
)
def test_github(url: str, kind: str, ref: str, tail: str, path: str, lines: tuple) -> None:
    assert parts(url) == ("https://github.com/o/n.git", kind, ref, tail, path, lines)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gitlab.com/g/sub/n/-/tree/main/docs", ("https://gitlab.com/g/sub/n.git", "tree", "", "main/docs", "", ())),
        ("https://gitlab.com/g/n/-/merge_requests/3", ("https://gitlab.com/g/n.git", "pull", "refs/merge-requests/3/head", "", "", ())),
        ("https://gitlab.com/g/n/-/blob/main/a.py#L3-5", ("https://gitlab.com/g/n.git", "file", "", "main/a.py", "", (3, 5))),
        ("https://gitlab.com/g/n/-/issues/3", ("https://gitlab.com/g/n.git", "page", "", "", "", ())),
        ("https://bitbucket.org/o/n/src/main/a.py#lines-10:20", ("https://bitbucket.org/o/n.git", "tree", "", "main/a.py", "", (10, 20))),
        ("https://codeberg.org/o/n/src/branch/main/a", ("https://codeberg.org/o/n.git", "tree", "", "refs/heads/main/a", "", ())),
        (f"https://codeberg.org/o/n/src/commit/{SHA}/a.c", ("https://codeberg.org/o/n.git", "tree", SHA, "", "a.c", ())),
        ("https://git.example.org/deep/er/n.git", ("https://git.example.org/deep/er/n.git", "repository", "", "", "", ())),
    ],
)
def test_other_forges(url: str, expected: tuple) -> None:
    assert parts(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "https://example.com/page",
        "https://github.com",
        "https://github.com/o",
        "https://github.com/topics/python",
        "https://github.com/settings/profile",
        "ftp://github.com/o/n",
        "file:///etc/passwd",
        "https://github.com/o/n;rm -rf",
        "http://[::1",
        "https://gist.github.com/o/123",
    ],
)
def test_what_is_no_repository(url: str) -> None:
    assert target_of(url) is None
