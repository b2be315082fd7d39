"""What can be said of a picture without looking at it: its format and its size. There is no text in it that Leash reads."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import unquote, urlsplit

from agent.extract.source import Found, Source

FORMATS = ((b"\x89PNG", "PNG"), (b"GIF8", "GIF"), (b"\xff\xd8\xff", "JPEG"), (b"RIFF", "WebP"), (b"BM", "BMP"), (b"II*", "TIFF"),
           (b"MM", "TIFF"), (b"\x00\x00\x01\x00", "icon"), (b"\xff\x0a", "JPEG XL"), (b"\x00\x00\x00\x0cJXL", "JPEG XL"),
           (b"\x00\x00\x00\x0cjP", "JPEG 2000"))


def read(source: Source) -> Found:
    """One sentence, which says that it is all."""
    width, height = size_of(source.body)
    size = f", {width:,} × {height:,} pixels" if width > 0 and height > 0 else ""
    name = unquote(urlsplit(source.url).path.rpartition("/")[2]) or "Image"
    text = f"An image ({format_of(source.body)}{size}, {len(source.body):,} bytes). Leash reads no text in images."
    return Found("image", text, title=name)


def format_of(body: bytes) -> str:
    if body[4:8] == b"ftyp":
        return "AVIF" if body[8:12] in (b"avif", b"avis") else "HEIC"
    return next((name for mark, name in FORMATS if body.startswith(mark)), "SVG")


def size_of(body: bytes) -> tuple[int, int]:
    """Width and height, -1 where the picture does not say."""
    from struct import error

    import imagesize

    try:
        width, height = imagesize.get(BytesIO(body))
        return int(width), int(height)
    except (ValueError, OSError, ArithmeticError, LookupError, TypeError, SyntaxError, error):
        return -1, -1
