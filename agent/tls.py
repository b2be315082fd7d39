"""Which certificate authorities the HTTP clients of services trust. Loaded once, as it takes tens of milliseconds."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import httpx2


@cache
def trusted(ca_bundle: Path | None) -> ssl.SSLContext:
    """The user's own bundle if there is one, else the authorities that the HTTP library brings."""
    return ssl.create_default_context(cafile=ca_bundle) if ca_bundle else httpx2.create_ssl_context(trust_env=False)
