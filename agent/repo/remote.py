"""Brings the part of a remote repository that is wanted into a folder of its own: by git, shallow, through the door.

Nothing is checked out. A token goes to its own host alone: git gets it by its environment, for that host's addresses, and
follows no redirect.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import BadInput, FetchError, Refused
from agent.fetch.rules import PAGE
from agent.repo.git import Bounds, Git, GitFailed, transfer
from agent.repo.names import shown
from agent.repo.opened import Opened, commit_of
from agent.repo.target import SHA, Target
from agent.repo.tree import Commit
from agent.repo.wishes import Wishes
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.fetch.egress import Egress

CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
LOGIN = re.compile(
    r"Authentication failed|could not read (Username|Password)|terminal prompts disabled|returned error: 40[13]", re.IGNORECASE)
GONE = re.compile(r"not found|returned error: 404|does not appear to be a git repository", re.IGNORECASE)
MOVED = re.compile(r"redirect|returned error: 30\d", re.IGNORECASE)
NO_HEAD = re.compile(r"remote ref HEAD\b", re.IGNORECASE)
NO_REF = re.compile(r"couldn't find remote ref|no such ref|not our ref|unadvertised object", re.IGNORECASE)
DOOR = re.compile(r"CONNECT tunnel failed|from proxy after CONNECT|proxy", re.IGNORECASE)


@dataclass(frozen=True)
class Means:
    """What a fetch needs: the settings, the one door, and whether the user's tokens may be used."""

    settings: Settings
    door: Egress
    login: bool = True


def open_target(target: Target, wishes: Wishes, means: Means) -> AbstractContextManager[Opened]:
    """The repository for these wishes, within the bounds of the settings."""
    bounds = Bounds(means.settings.repo_seconds, means.settings.repo_bytes, wishes.stop)
    return open_remote(target, wishes.ref, means, bounds, wishes.file_bytes)


@contextmanager
def open_remote(target: Target, ref: str, means: Means, bounds: Bounds, limit: int) -> Iterator[Opened]:
    """The repository at the part that `target` (or `ref`) names, without files larger than `limit`.

    Raises BadInput or FetchError with the reason. The folder is removed at the end, however it ends.
    """
    if target.kind == "page":
        raise BadInput(f"This address is a page of {target.host}, not a repository or a part of one: read it as a page with leash text.")
    with tempfile.TemporaryDirectory(dir=scratch(means.settings), prefix="repo-", ignore_cleanup_errors=True) as folder:
        fetch = Fetch(target, means, bounds, Path(folder))
        opened = fetch.opened(ref, limit)
        try:
            yield opened
        finally:
            opened.tree.close()


def scratch(settings: Settings) -> Path:
    folder = settings.data_dir / "tmp"
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)  # if this is the first that is kept there
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


class Fetch:
    """One repository on its way into one folder."""

    def __init__(self, target: Target, means: Means, bounds: Bounds, folder: Path) -> None:
        self._target, self._means, self._bounds = target, means, bounds
        self._since, self._asked = time.time(), ""
        self._git = Git(folder, config=credentials(target, means.settings) if means.login else {}, environment=way_out(means))

    def opened(self, ref: str, limit: int) -> Opened:
        Git(self._git.folder).ask("init", "-q", "--bare", "--template=", ".")
        self._asked, path = self._wanted(ref)
        self._run("fetch", "-q", "--depth", "1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc",
                  f"--filter=blob:limit={limit + 1}", "--end-of-options", self._target.clone, f"+{self._asked}:refs/leash/read")
        (self._git.folder / "config").write_text(CONFIG)  # forget where it came from: nothing that is missing is fetched later
        local = Git(self._git.folder)
        commit, date = commit_of(local, "refs/leash/read")
        return Opened(Commit(local, commit, path), self._target.name, self._target.clone.removesuffix(".git"), commit, date,
                      path, self._target.lines, ref="" if self._asked in ("HEAD", commit) else part_asked(self._asked))

    def _wanted(self, ref: str) -> tuple[str, str]:
        """What to ask the remote for, and the path in it."""
        target = self._target
        if ref:
            return self._named(ref), self._part(target.tail)[1] if target.tail else target.path
        if target.tail:
            return self._part(target.tail)
        if target.kind == "commit" and not SHA.fullmatch(target.ref):
            raise BadInput(f"{shown(target.ref)} is not a whole commit name, and only those can be asked for: give all 40 digits.")
        return target.ref or "HEAD", target.path

    def _named(self, ref: str) -> str:
        """A full ref for the name of a branch or tag; a whole commit name stays what it is."""
        if SHA.fullmatch(ref.lower()):
            return ref.lower()
        refs = self._refs()
        for full in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}"):
            if full in refs:
                return full
        raise FetchError(f"{self._target.name} has no branch or tag {shown(ref)}.{like(ref, refs)}")

    def _part(self, tail: str) -> tuple[str, str]:
        """Part feature/x/docs into the branch feature/x and the path docs, by the refs that there are; the longest wins."""
        refs = self._refs()
        words = tail.split("/")
        for cut in range(len(words), 0, -1):
            name, path = "/".join(words[:cut]), "/".join(words[cut:])
            for full in (name, f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"):
                if full in refs:
                    return full, path
        if words[0] == "HEAD":
            return "HEAD", "/".join(words[1:])
        raise FetchError(f"{self._target.name} has no branch or tag that {shown(tail)} begins with.{like(words[0], refs)}")

    def _refs(self) -> frozenset[str]:
        said = self._run("ls-remote", "--heads", "--tags", "--refs", "--end-of-options", self._target.clone)
        return frozenset(os.fsdecode(line.partition(b"\t")[2]) for line in said.splitlines())

    def _run(self, *words: str) -> bytes:
        try:
            return transfer(self._git, words, self._bounds)
        except GitFailed as fault:
            raise self.explained(fault.said) from None

    def explained(self, said: str) -> FetchError:
        """The fault as a reader can use it: what the door said of it first, then what git did."""
        name, host = self._target.name, self._target.host
        crossing = next((one for one in reversed(list(self._means.door.log)) if one.at >= self._since and one.reason), None)
        if crossing and one_of_the_door(said):
            return (Refused if crossing.outcome == "refused" else FetchError)(crossing.reason)
        if LOGIN.search(said):
            given = any(known == bare(host) for known, _ in self._means.settings.git_tokens)
            why = "the token for it in LEASH_GIT_TOKENS is not accepted" if given else f"give a token for it: LEASH_GIT_TOKENS={host}=TOKEN"
            return FetchError(f"{host} has no repository {name} that all may read. If it is private, {why}.")
        if NO_HEAD.search(said):
            return FetchError(f"{name} is empty: nothing has been committed to it yet, so there is nothing to read.")
        if NO_REF.search(said):
            return FetchError(f"{name} has no {part_asked(self._asked)} that may be read. Check the address, or leave that part out.")
        if GONE.search(said):
            return FetchError(f"{host} has no repository {name}. Check the address.")
        if MOVED.search(said):
            return FetchError(f"{host} sends readers of {name} to another address, and Leash does not follow that: open it in a "
                              "browser, and use the address where it ends.")
        return FetchError(f"{name} could not be fetched from {host}: {said}")


def part_asked(ref: str) -> str:
    """What a ref names, in a reader's words."""
    if number := re.fullmatch(r"refs/(?:pull|merge-requests)/(\d+)/head", ref):
        return f"pull request {number[1]}"
    kinds = {"refs/heads/": "branch", "refs/tags/": "tag"}
    kind = "commit" if SHA.fullmatch(ref) else next((kind for start, kind in kinds.items() if ref.startswith(start)), "branch or tag")
    return f"{kind} {shown(re.sub('^refs/(heads|tags)/', '', ref))}"


def one_of_the_door(said: str) -> bool:
    return bool(DOOR.search(said))


def like(ref: str, refs: frozenset[str]) -> str:
    import difflib

    names = [name.split("/", 2)[-1] for name in refs]
    close = difflib.get_close_matches(ref, names[:5000], 1)
    return f" Did you mean {shown(close[0])}?" if close else ""


def way_out(means: Means) -> dict[str, str]:
    """The environment that sends git through the door, and nowhere else."""
    proxy = means.door.proxy(PAGE)
    bundle = means.settings.ca_bundle
    trust = {"GIT_SSL_CAINFO": str(bundle.absolute())} if bundle else {}
    return {"GIT_ALLOW_PROTOCOL": "https", "https_proxy": proxy, "http_proxy": proxy, "HTTPS_PROXY": proxy, "no_proxy": "", **trust}


def credentials(target: Target, settings: Settings) -> dict[str, str]:
    """git's configuration with the login for this host, if the user gave one."""
    token = next((token.get_secret_value() for host, token in settings.git_tokens if host == bare(target.host)), "")
    if not token:
        return {}
    login = token if ":" in token else f"{user_for(target.host)}:{token}"
    header = base64.b64encode(login.encode()).decode()
    return {f"http.https://{target.host}/.extraHeader": f"Authorization: Basic {header}"}


def user_for(host: str) -> str:
    return {"github.com": "x-access-token", "bitbucket.org": "x-token-auth"}.get(host, "oauth2")


def bare(host: str) -> str:
    return host.lower().removesuffix(":443")
