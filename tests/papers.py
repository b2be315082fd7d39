"""Small documents of every kind, made here so that each test sees what is in them: PDFs, Office files, books."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

FONTS = {"F": "Helvetica", "B": "Helvetica-Bold", "M": "Courier"}
Line = tuple[float, float, str, float, str]  # x, y, font, size, words


def pdf(pages: list[list[Line]], info: Mapping[str, str] | None = None, marks: list[tuple[str, int]] | None = None, rotate: int = 0,
        trailer: str = "", drawn: str = "") -> bytes:
    """A PDF with these words at these places; `marks` are its bookmarks (title, page)."""
    objects = ["", ""]
    fonts = {name: add(objects, f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>")
             for name, font in FONTS.items()}
    named = " ".join(f"/{name} {number} 0 R" for name, number in fonts.items())
    numbers = []
    for lines in pages:
        content = drawn + "\n".join(f"BT /{font} {size} Tf {x} {y} Td ({escaped(words)}) Tj ET" for x, y, font, size, words in lines)
        stream = add(objects, f"<< /Length {len(content.encode('latin-1'))} >>\nstream\n{content}\nendstream")
        numbers.append(add(objects, f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Rotate {rotate} /Contents {stream} 0 R "
                                    f"/Resources << /Font << {named} >> >> >>"))
    outline = add_marks(objects, marks or [], numbers)
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {outline} >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{n} 0 R' for n in numbers)}] /Count {len(numbers)} >>"
    about = add(objects, "<< " + " ".join(f"/{key} ({escaped(value)})" for key, value in (info or {}).items()) + " >>")
    return assembled(objects, f"/Root 1 0 R /Info {about} 0 R {trailer}")


def add(objects: list[str], text: str) -> int:
    objects.append(text)
    return len(objects)


def add_marks(objects: list[str], marks: list[tuple[str, int]], pages: list[int]) -> str:
    if not marks:
        return ""
    root = add(objects, "")
    first = root + 1
    for rank, (title, page) in enumerate(marks):
        after = f"/Next {first + rank + 1} 0 R" if rank + 1 < len(marks) else ""
        add(objects, f"<< /Title ({escaped(title)}) /Parent {root} 0 R /Dest [{pages[page]} 0 R /Fit] {after} >>")
    objects[root - 1] = f"<< /Type /Outlines /First {first} 0 R /Last {first + len(marks) - 1} 0 R /Count {len(marks)} >>"
    return f"/Outlines {root} 0 R"


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def assembled(objects: list[str], trailer: str) -> bytes:
    body, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode("latin-1")
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    return body + f"{table}trailer\n<< /Size {len(objects) + 1} {trailer} >>\nstartxref\n{len(body)}\n%%EOF\n".encode("latin-1")


def prose(x: float, y: float, lines: list[str], size: float = 10, font: str = "F", step: float = 12) -> list[Line]:
    return [(x, y - rank * step, font, size, words) for rank, words in enumerate(lines)]


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


CORE = """<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>{title}</dc:title>
 <dc:creator>Ann Author</dc:creator><dcterms:modified>2024-05-06T10:00:00Z</dcterms:modified></cp:coreProperties>"""
RELS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
REL = '<Relationship Id="{}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">' \
        '<Default Extension="xml" ContentType="application/xml"/>' \
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" ' \
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" ' \
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" ' \
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ' \
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def docx(body: str, prologue: str = "", **more: str | bytes) -> bytes:
    return packed({
        "[Content_Types].xml": TYPES, "_rels/.rels": RELS.format(REL.format("r1", "officeDocument", "word/document.xml")),
        "word/document.xml": f'<?xml version="1.0"?>{prologue}<w:document {W}><w:body>{body}</w:body></w:document>',
        "docProps/core.xml": CORE.format(title="A paper"), **more})


def paragraph(text: str, style: str = "") -> str:
    return f'<w:p><w:pPr>{f"<w:pStyle w:val={chr(34)}{style}{chr(34)}/>" if style else ""}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def shape(kind: str, *lines: tuple[int, str]) -> str:
    rows = "".join(f'<a:p><a:pPr lvl="{level}"/><a:r><a:t>{text}</a:t></a:r></a:p>' for level, text in lines)
    return f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr><p:txBody>{rows}</p:txBody></p:sp>'


def pptx(slides: list[str], notes: Mapping[int, str] | None = None) -> bytes:
    numbers = range(1, len(slides) + 1)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES, "docProps/core.xml": CORE.format(title="A talk"),
        "ppt/presentation.xml": f'<p:presentation {A}><p:sldIdLst>'
                                + "".join(f'<p:sldId id="{n}" r:id="r{n}"/>' for n in numbers) + "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": RELS.format("".join(REL.format(f"r{n}", "slide", f"slides/slide{n}.xml") for n in numbers))}
    for number, slide in zip(numbers, slides, strict=True):
        parts[f"ppt/slides/slide{number}.xml"] = f"<p:sld {A}><p:cSld><p:spTree>{slide}</p:spTree></p:cSld></p:sld>"
        if number in (notes or {}):
            parts[f"ppt/slides/_rels/slide{number}.xml.rels"] = RELS.format(REL.format("r1", "notesSlide", "../notesSlides/n.xml"))
            parts["ppt/notesSlides/n.xml"] = f"<p:notes {A}>{shape('body', (0, (notes or {})[number]))}</p:notes>"
    return packed(parts)


def xlsx(sheets: Mapping[str, list[list[str | float]]]) -> bytes:
    numbers = range(1, len(sheets) + 1)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES, "_rels/.rels": RELS.format(REL.format("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f"<workbook {S}><sheets>" + "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in zip(numbers, sheets, strict=True)) + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": RELS.format("".join(REL.format(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers))}
    for number, rows in zip(numbers, sheets.values(), strict=True):
        parts[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {S}><sheetData>{''.join(map(sheet_row, rows))}</sheetData></worksheet>"
    return packed(parts)


def sheet_row(cells: list[str | float]) -> str:
    return "<row>" + "".join(f"<c><v>{cell}</v></c>" if isinstance(cell, float) else
                             f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells) + "</row>"


def epub(chapters: list[str], **more: str | bytes) -> bytes:
    items = "".join(f'<item id="c{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters)))
    package = f"""<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
      <dc:title>A book</dc:title><dc:creator>Ann Author</dc:creator><dc:date>2023-02-01</dc:date><dc:language>en-GB</dc:language></metadata>
      <manifest><item id="nav" href="nav.xhtml" properties="nav"/>{items}</manifest>
      <spine><itemref idref="nav"/>{"".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))}</spine></package>"""
    parts = {f"OPS/text/c {n}.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{text}</body></html>'
             for n, text in enumerate(chapters)}
    return packed({
        "mimetype": "application/epub+zip", "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="OPS/package.opf"/></rootfiles></container>',
        "OPS/package.opf": package, "OPS/nav.xhtml": "<html><body>Contents of the book</body></html>", **parts, **more})
