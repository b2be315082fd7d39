"""Makes Chromium trust the authorities of LEASH_CA_BUNDLE, by a certificate database in the browser's own home folder.

Chromium on Linux reads such a database of NSS, its library, from ~/.pki/nssdb. (The switch that ignores certificate
errors by public key would not do: whoever appends a listed authority's public certificate to a chain of his own passes
it.) Runs as `python -m agent.fetch.browser_trust BUNDLE FOLDER`, a process of its own, as NSS keeps state in globals.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import re
import ssl
import subprocess
import sys
from pathlib import Path

log = logging.getLogger(__name__)
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
LIBRARY = "libnss3.so"
TRUSTED_AUTHORITY = 0x08 | 0x10 | 0x80  # CERTDB_VALID_CA | CERTDB_TRUSTED_CA | CERTDB_TRUSTED_CLIENT_CA
SECONDS = 60
CANNOT = ("The browser cannot be told to trust the authorities of LEASH_CA_BUNDLE, so it will refuse pages that an "
          "inspecting proxy signs. On Linux this needs the library NSS (Debian: libnss3); elsewhere add the authority "
          "to the system's.")


class Item(ctypes.Structure):
    _fields_ = (("type", ctypes.c_uint), ("data", ctypes.c_char_p), ("len", ctypes.c_uint))


class Trust(ctypes.Structure):
    _fields_ = (("ssl", ctypes.c_uint), ("email", ctypes.c_uint), ("signing", ctypes.c_uint))


def trusting_home(folder: Path, bundle: Path | None) -> Path:
    """A home folder whose database trusts the bundle's own authorities, made once a bundle; says so if it cannot."""
    if bundle is None:
        return made(folder / "plain")
    text = bundle.read_bytes()
    home = folder / hashlib.sha256(text).hexdigest()[:16]
    database = home / ".pki" / "nssdb"
    if not (database / "complete").exists():
        made(database)
        command = [sys.executable, "-m", "agent.fetch.browser_trust", str(bundle.absolute()), str(database)]
        try:
            subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True, timeout=SECONDS)
            (database / "complete").touch()
        except (subprocess.SubprocessError, OSError):
            log.warning(CANNOT)
    return home


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def certificates(path: Path) -> set[bytes]:
    text = path.read_text("utf-8", "replace")
    return {ssl.PEM_cert_to_DER_cert(found) for found in CERTIFICATE.findall(text)}


def authorities(bundle: Path) -> list[bytes]:
    """Those of the bundle that are not the public ones, which Chromium knows itself (each costs 40 ms to write)."""
    import certifi

    return sorted(certificates(bundle) - certificates(Path(certifi.where())))


def write_database(folder: Path, trusted: list[bytes]) -> None:
    """Raises OSError if there is no NSS, or it does not take them."""
    nss = ctypes.CDLL(LIBRARY)
    for name in ("CERT_GetDefaultCertDB", "CERT_NewTempCertificate", "PK11_GetInternalKeySlot"):
        getattr(nss, name).restype = ctypes.c_void_p
    expect(nss.NSS_Initialize(f"sql:{folder}".encode(), b"", b"", b"secmod.db", 0))
    slot = ctypes.c_void_p(nss.PK11_GetInternalKeySlot())
    if nss.PK11_NeedUserInit(slot):
        expect(nss.PK11_InitPin(slot, None, b""))
    for number, certificate in enumerate(trusted):
        trust(nss, slot, certificate, f"authority {number}".encode())
    nss.PK11_FreeSlot(slot)
    expect(nss.NSS_Shutdown())


def trust(nss: ctypes.CDLL, slot: ctypes.c_void_p, certificate: bytes, name: bytes) -> None:
    known = ctypes.c_void_p(nss.CERT_GetDefaultCertDB())
    item = Item(0, certificate, len(certificate))
    taken = ctypes.c_void_p(nss.CERT_NewTempCertificate(known, ctypes.byref(item), None, 0, 1))
    expect(0 if taken else -1)
    expect(nss.PK11_ImportCert(slot, taken, ctypes.c_ulong(0), name, 0))
    expect(nss.CERT_ChangeCertTrust(known, taken, ctypes.byref(Trust(TRUSTED_AUTHORITY, 0, 0))))
    nss.CERT_DestroyCertificate(taken)


def expect(outcome: int) -> None:
    if outcome != 0:
        raise OSError("NSS did not take the certificate.")


if __name__ == "__main__":
    write_database(Path(sys.argv[2]), authorities(Path(sys.argv[1])))
