"""Reading JSON that others made, without trust in its shape."""

from __future__ import annotations

from typing import Any


def pick(data: Any, *path: str | int) -> Any:
    """What lies at `path`, or None wherever the data is not shaped so."""
    for step in path:
        fits = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        data = data[step] if fits else None
    return data
