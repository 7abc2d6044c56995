"""Files made in code to be looked at: honest ones, and ones made up to hurt."""

import io
import struct
import zipfile
import zlib

import docx
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tests.factories.evidence import pdf_bytes
from tests.factories.office import docx_with, package, with_part, xlsx

TURNED = 6
"""EXIF orientation of a phone held upright: the pixels lie on their side."""


def photo(
    *, size: tuple[int, int] = (64, 32), orientation: int = 1, place: bool = False, mark: int = 0
) -> bytes:
    """Return a JPEG, its left half red; with a place, or lying on its side."""
    image = Image.new("RGB", size, (20, 60, 200 - mark % 100))
    image.paste((230, 20, 20), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "SECRET-CAMERA"
    if place:
        exif[ExifTags.IFD.GPSInfo] = {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: tuple(map(IFDRational, (20, 2, 3))),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: tuple(map(IFDRational, (110, 20, 30))),
        }
    target = io.BytesIO()
    image.save(target, "JPEG", exif=exif, comment=b"SECRET-COMMENT", quality=90)
    return target.getvalue()


def drawing(kind: str, mode: str = "RGBA", size: tuple[int, int] = (40, 30)) -> bytes:
    """Return a picture of another kind, half of it transparent where the mode knows that."""
    image = Image.new("RGBA", size, (0, 120, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    target = io.BytesIO()
    image.convert(mode).save(target, kind)
    return target.getvalue()


def picture_bomb(side: int = 60_000) -> bytes:
    """Return a PNG of a few bytes that claims to be ``side`` pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def word(*paragraphs: str, picture: bytes = b"", heading: str = "") -> bytes:
    """Return a Word document with a table, perhaps a heading and a picture."""
    document = docx.Document()
    if heading:
        document.add_heading(heading, level=1)
    for text in paragraphs:
        document.add_paragraph(text)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "师资", "培训"
    if picture:
        document.add_picture(io.BytesIO(picture))
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def word_with_body(body: str, relations: str = "", **parts: bytes) -> bytes:
    """Return a Word document whose body is this XML, with more relations."""
    whole = io.BytesIO(word("占位"))
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><w:document'
        ' xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
        ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
        ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
        ' xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f"<w:body>{body}</w:body></w:document>"
    )
    rels = (
        '<?xml version="1.0" encoding="UTF-8"?><Relationships'
        f' xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}'
        "</Relationships>"
    )
    made = with_part(whole, "word/document.xml", xml.encode())
    made = with_part(made, "word/_rels/document.xml.rels", rels.encode())
    for name, content in parts.items():
        made = with_part(made, name, content)
    return made.getvalue()


KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HOSTILE_LINK = word_with_body(
    '<w:p><w:hyperlink r:id="evil"><w:r><w:t>点这里</w:t></w:r></w:hyperlink></w:p>'
    "<w:p><w:r><w:t>&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"
    "</w:t></w:r></w:p>",
    f'<Relationship Id="evil" Type="{KIND}/hyperlink" Target="javascript:alert(1)"'
    ' TargetMode="External"/>',
)
REMOTE_PICTURE = word_with_body(
    '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" descr="远程"/><a:graphic>'
    "<a:graphicData><pic:pic><pic:blipFill>"
    '<a:blip r:link="far"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>'
    "</w:drawing></w:r></w:p><w:p><w:r><w:t>图后文字</w:t></w:r></w:p>",
    f'<Relationship Id="far" Type="{KIND}/image" Target="http://tracker.example/pixel.png"'
    ' TargetMode="External"/>',
)
ENTITIES = with_part(
    docx_with(paragraphs=["甲"]),
    "word/document.xml",
    b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    b"<w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>",
).getvalue()
DEEP = word_with_body("<w:tbl><w:tr><w:tc>" * 3000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 3000)


def word_bomb(size: int = 121 * 1024 * 1024) -> bytes:
    """Return a docx of some hundred kB that unpacks to ``size`` bytes."""
    return package(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": b"<w/>",
            "word/media/image1.bmp": bytes(size),
        }
    ).getvalue()


def locked_package(content: bytes) -> bytes:
    """Return a zip whose members claim to be encrypted."""
    source = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        places = [part.header_offset for part in archive.infolist()]
    for place in places:
        source[place + 6] |= 1
    at = source.find(b"PK\x01\x02")
    while at >= 0:
        source[at + 8] |= 1
        at = source.find(b"PK\x01\x02", at + 4)
    return bytes(source)


def workbook(*sheets: list[list[object]], titles: tuple[str, ...] = ()) -> bytes:
    """Return an Excel workbook."""
    return xlsx(*sheets, titles=titles).getvalue()


def locked_pdf() -> bytes:
    """Return a PDF that says it is encrypted, with a password nobody has."""
    return pdf_bytes().replace(
        b"trailer\n<<",
        b"trailer\n<< /ID [<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
        b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <"
        + b"ab" * 32
        + b"> /U <"
        + b"cd" * 32
        + b"> >>",
    )


def pages(count: int, *, side: int = 200) -> bytes:
    """Return a PDF of ``count`` empty pages, ``side`` points wide and high."""
    kids = " ".join(f"{3 + n} 0 R" for n in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        *[f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {side} {side}] >>"] * count,
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode()
    start = len(body)
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return body + trailer.encode()


def archive_of(*names: str, old_windows: bool = False) -> bytes:
    """Return a zip with these names, written as old Windows programs did if asked."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "内容")
    content = target.getvalue()
    if not old_windows:
        return content
    for name in names:
        # Names of the same length only: the directory's offsets stay right.
        utf8, gbk = name.encode(), name.encode("gbk")
        content = content.replace(utf8, gbk.ljust(len(utf8), b"_"))
    source = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = source.find(mark)
        while at >= 0:
            source[at + place] &= 0xF7
            at = source.find(mark, at + 4)
    return bytes(source)
