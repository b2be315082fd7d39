"""The worker's way from a repository's address to its text: agent.repo, opened with this process's door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from agent.errors import BadInput
from agent.fetch.egress import Egress
from agent.settings import Settings
from server.options import Options
from server.packs import Packed, shape_of


class RealPacker:
    """server.packs.Packer. May be used by many threads."""

    def __init__(self, settings: Settings, door: Egress) -> None:
        self.settings, self.door = settings, door

    @contextmanager
    def __call__(self, url: str, options: Options, stop: Callable[[], bool]) -> Iterator[Packed]:
        from agent.repo.pack import pack
        from agent.repo.remote import Means, open_target
        from agent.repo.target import target_of
        from agent.repo.wishes import FILE_BYTES, Wishes

        target = target_of(url)
        if target is None:
            raise BadInput(f"{url[:200]} is not the address of a repository.")
        wishes = Wishes(options.include, options.exclude, options.tokens, shape_of(options)["repo"], options.outline,
                        options.token_estimate, options.all, options.ref, options.file_bytes or FILE_BYTES, stop)
        with open_target(target, wishes, Means(self.settings, self.door)) as opened, closing(pack(opened, wishes)) as pieces:
            yield Packed(opened.name, opened.commit, pieces)
