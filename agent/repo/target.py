"""What a repository's address names: where to clone from, and which branch, commit, pull request, folder or file of it.

Pure and light: opens nothing, so a branch whose name holds slashes is told from the path after it only later, by the refs
of the remote (`Target.tail`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

HOSTS = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket", "codeberg.org": "gitea", "gitea.com": "gitea"}
ALIASES = {f"www.{host}": host for host in HOSTS}
NOT_OWNERS = frozenset(
    "about account apps blog careers collections contact customer-stories dashboard enterprise events explore features"
    " gist groups issues join login logout marketplace mobile new notifications orgs organizations premium-support"
    " pricing pulls readme search security sessions settings signup site solutions sponsors stars team topics trending"
    " users watching help projects snippets -  product repo codespaces resources api".split())
NAME = re.compile(r"[\w.+-]+")
SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# What a path says after OWNER/NAME when it names a page of the forge and no part of the repository.
PAGES = frozenset(
    "issues issue discussions actions wiki wikis projects releases tags branches commits graphs pulse security settings"
    " stargazers watchers network forks labels milestones milestone packages deployments activity pulls compare blame"
    " merge_requests pipelines jobs boards snippets contributors find search edit new contributions community".split())


@dataclass(frozen=True)
class Target:
    """A repository and the part of it that an address names.

    `clone` is the address for git, `name` what to call it. `kind` is "repository", "tree", "file", "commit", "pull" or
    "page" (a page of the forge, as an issue is: nothing for git). `ref` is a full ref name or a commit; `tail` is a ref
    and a path in one (as in tree/feature/x/docs) that only the remote's refs can part; `path` is a folder or file inside.
    `lines` are the first and last line asked for, or ().
    """

    clone: str
    name: str
    host: str
    kind: str = "repository"
    ref: str = ""
    tail: str = ""
    path: str = ""
    lines: tuple[int, ...] = ()


def target_of(url: str) -> Target | None:
    """The repository that an address names, None if it is none's. A forge's issues and the like have the kind "page"."""
    try:
        parts = urlsplit(with_scheme(url.strip()))
        host = (parts.hostname or "").lower()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    host = ALIASES.get(host, host)
    words = [unquote(word) for word in parts.path.split("/") if word]
    if host == "raw.githubusercontent.com":
        return raw_file(words, parts.fragment)
    if host in HOSTS and not port:
        return on_forge(host, words, parts.fragment)
    return plain(f"{host}{port}", words)


def with_scheme(url: str) -> str:
    """ssh addresses (git@host:owner/name) and bare host names as https ones."""
    if found := re.fullmatch(r"(?:ssh://)?(?:git@)([\w.-]+)[:/](?!/)(.+)", url):
        return f"https://{found[1]}/{found[2]}"
    if url.startswith(("git://", "git+https://", "git+ssh://git@", "ssh://git@")):
        return "https://" + url.split("://", 1)[1].removeprefix("git@")
    return url if "://" in url else f"https://{url}"


def raw_file(words: list[str], fragment: str) -> Target | None:
    """raw.githubusercontent.com/OWNER/NAME/REF/PATH, also with refs/heads/ before REF."""
    if len(words) < 4:
        return None
    return parted(repository("github.com", words[:2]), "file", words[2:], fragment)


def on_forge(host: str, words: list[str], fragment: str) -> Target | None:
    if len(words) < 2 or words[0].lower() in NOT_OWNERS:
        return None
    if HOSTS[host] == "gitlab":
        return on_gitlab(host, words, fragment)
    if not all(NAME.fullmatch(word) for word in words[:2]):
        return None
    base, rest = repository(host, words[:2]), words[2:]
    reader = {"github": on_github, "bitbucket": on_bitbucket, "gitea": on_gitea}[HOSTS[host]]
    return reader(base, rest, fragment) if rest else base


def on_github(base: Target, rest: list[str], fragment: str) -> Target:
    what, after = rest[0], rest[1:]
    if what in ("tree", "blob", "raw", "blame") and after:
        return parted(base, "tree" if what == "tree" else "file", after, fragment)
    if what == "commit" and after:
        return changed(base, "commit", ref=after[0].lower())
    if what == "pull" and after and after[0].isdigit():
        if len(after) > 2 and after[1] == "commits":
            return changed(base, "commit", ref=after[2].lower())
        return changed(base, "pull", ref=f"refs/pull/{int(after[0])}/head")
    if what == "releases" and after[:1] == ["tag"] and len(after) > 1:
        return changed(base, "tree", ref="refs/tags/" + "/".join(after[1:]))
    if what == "archive" and after:
        return parted(base, "tree", [*after[:-1], re.sub(r"\.(zip|tar\.gz)$", "", after[-1])], "")
    return changed(base, "page")


def on_gitlab(host: str, words: list[str], fragment: str) -> Target | None:
    """Groups nest, so the repository's name ends where /-/ begins."""
    cut = words.index("-") if "-" in words else len(words)
    owner, rest = words[:cut], words[cut + 1:]
    if len(owner) < 2 or not all(NAME.fullmatch(word) for word in owner):
        return None
    base = repository(host, owner)
    if not rest:
        return base
    what, after = rest[0], rest[1:]
    if what in ("tree", "blob", "raw", "blame") and after:
        return parted(base, "tree" if what == "tree" else "file", after, fragment)
    if what == "commit" and after:
        return changed(base, "commit", ref=after[0].lower())
    if what == "merge_requests" and after and after[0].isdigit():
        return changed(base, "pull", ref=f"refs/merge-requests/{int(after[0])}/head")
    if what == "tags" and after:
        return changed(base, "tree", ref="refs/tags/" + "/".join(after))
    return changed(base, "page")


def on_bitbucket(base: Target, rest: list[str], fragment: str) -> Target:
    """A folder and a file look alike under src/, so what the path is shows only in the tree."""
    what, after = rest[0], rest[1:]
    if what in ("src", "raw") and after:
        return parted(base, "tree" if what == "src" else "file", after, fragment)
    if what == "commits" and after:
        return changed(base, "commit", ref=after[0].lower())
    return changed(base, "page")


def on_gitea(base: Target, rest: list[str], fragment: str) -> Target:
    what, after = rest[0], rest[1:]
    kinds = {"branch": "refs/heads/", "tag": "refs/tags/", "commit": ""}
    if what in ("src", "raw") and len(after) > 1 and after[0] in kinds:
        found = parted(base, "tree" if what == "src" else "file", after[1:], fragment)
        return changed(found, found.kind, tail=kinds[after[0]] + found.tail if found.tail else "")
    if what == "commit" and after:
        return changed(base, "commit", ref=after[0].lower())
    if what == "pulls" and after and after[0].isdigit():
        return changed(base, "pull", ref=f"refs/pull/{int(after[0])}/head")
    if what == "releases" and after[:1] == ["tag"] and len(after) > 1:
        return changed(base, "tree", ref="refs/tags/" + "/".join(after[1:]))
    return changed(base, "page")


def plain(host: str, words: list[str]) -> Target | None:
    """Any other host: an address is a repository's if a part of its path ends in .git."""
    at = next((n for n, word in enumerate(words) if word.endswith(".git") and len(word) > 4), None)
    if at is None:
        return None
    path = "/".join(words[:at + 1])
    return Target(f"https://{host}/{path}", path.removesuffix(".git"), host)


def repository(host: str, words: list[str]) -> Target:
    path = "/".join(words).removesuffix(".git")
    # with .git, as GitLab redirects what is without, and redirects are not followed
    return Target(f"https://{host}/{path}.git", path, host)


def parted(base: Target, kind: str, words: list[str], fragment: str) -> Target:
    """A ref and a path in one; a whole commit name is told at once."""
    lines = lines_of(fragment)
    if SHA.fullmatch(words[0].lower()):
        return changed(base, kind if words[1:] else "tree", ref=words[0].lower(), path="/".join(words[1:]), lines=lines)
    return changed(base, kind, tail="/".join(words), lines=lines)


def lines_of(fragment: str) -> tuple[int, ...]:
    """#L10, #L10-L20, #L10C3-L20C7, Bitbucket's #lines-10:20."""
    found = re.fullmatch(r"(?:L|lines-)(\d{1,9})(?:C\d+)?(?:[-:]L?(\d{1,9})(?:C\d+)?)?", fragment)
    if not found:
        return ()
    first, last = int(found[1]), int(found[2] or found[1])
    return (min(first, last), max(first, last))


def changed(base: Target, kind: str, **parts: object) -> Target:
    return replace(base, kind=kind, **parts)  # type: ignore[arg-type]
