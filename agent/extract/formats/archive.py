"""A zip archive of somebody else's making, bounded before anything in it is unpacked. Knows nothing of what its parts mean."""

from __future__ import annotations

import zipfile
import zlib
from functools import cached_property
from io import BytesIO

from agent.errors import Unreadable

MOST_PARTS = 20_000
MOST_BYTES = 150_000_000  # of all parts together, unpacked
MOST_RATIO = 200  # of a part's size to its packed size, where it is large: XML comes to 10–30, a bomb to 1000
LARGE = 10_000_000
MOST_XML = 40_000_000  # of one part that is parsed as a tree
UNKNOWN = "This document is packed by a method that Leash cannot unpack."


class Archive:
    """Raises Unreadable for what is broken, encrypted, or would unpack to more than a document is large."""

    def __init__(self, body: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(BytesIO(body))
            self._parts = self._zip.infolist()
        except NotImplementedError as fault:  # what zipfile raises for an edition of the format that it does not know
            raise Unreadable(UNKNOWN) from fault
        except (zipfile.BadZipFile, ValueError, OverflowError, EOFError) as fault:
            raise Unreadable("This document is a zip archive that is cut off or damaged, so it cannot be opened.") from fault
        self.check()

    def check(self) -> None:
        size = sum(part.file_size for part in self._parts)
        bloated = any(part.file_size > max(LARGE, MOST_RATIO * part.compress_size) for part in self._parts)
        if len(self._parts) > MOST_PARTS or size > MOST_BYTES or bloated:
            raise Unreadable("This document unpacks to far more than its size (a “zip bomb”), so Leash did not unpack it.")

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(part.filename for part in self._parts)

    def read(self, name: str, most: int = MOST_XML) -> bytes:
        """The part's bytes. A size that lies ends at `most`. Raises Unreadable, and KeyError where there is no such part."""
        try:
            with self._zip.open(name) as part:
                data = part.read(most + 1)
        except NotImplementedError as fault:  # what zipfile raises for a method of packing that it does not know
            raise Unreadable(UNKNOWN) from fault
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as fault:
            raise Unreadable("A part of this document is damaged, so it cannot be opened.") from fault
        except RuntimeError as fault:
            raise Unreadable("This document is encrypted: it opens with a password only.") from fault
        if len(data) > most:
            raise Unreadable("A part of this document is larger than Leash unpacks.")
        return data
