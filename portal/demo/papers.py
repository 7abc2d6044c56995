"""Evidence for the demonstration: one-page papers and a picture, drawn here from nothing.

A PDF may name a Chinese font that every reader knows without carrying it, so a page of
Chinese text with a red seal takes two kilobytes.
"""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO

WIDTH, HEIGHT = 595, 842


def paper(title: str, lines: Sequence[str], *, unit: str, date: str) -> BytesIO:
    """Return a one-page A4 PDF: title, text, and the unit's seal over its date."""
    left = (WIDTH - 22 * min(len(title), 22)) // 2
    # The rules show even where no Chinese font is at hand: a paper never looks empty.
    parts = [_text(title, max(60, left), 740, 22), _rule(722, red=True), _rule(718, red=True)]
    for number, line in enumerate(lines):
        parts += [_text(line, 80, 690 - 28 * number, 14), _rule(682 - 28 * number)]
    bottom = 690 - 28 * len(lines) - 60
    parts += [_text(unit, 320, bottom, 14), _text(date, 340, bottom - 26, 14)]
    parts.append(_seal(410, bottom - 8))
    return BytesIO(_document("\n".join(parts).encode("ascii")))


def _text(text: str, x: int, y: int, size: int) -> str:
    """Return the drawing of one line; the text is written as UCS-2 codes."""
    codes = text.encode("utf-16-be").hex().upper()
    return f"BT /F1 {size} Tf {x} {y} Td <{codes}> Tj ET"


def _rule(y: int, *, red: bool = False) -> str:
    """Return a line across the page: red under the head of an official paper, else grey."""
    colour = "0.8 0.1 0.1" if red else "0.75 0.75 0.75"
    return f"{colour} RG {2 if red else 1} w 70 {y} m {WIDTH - 70} {y} l S"


def _seal(x: int, y: int) -> str:
    """Return a red ring with a five-pointed star, centred on (x, y)."""
    bend = 0.5523 * 44
    ring = (
        f"0.8 0.1 0.1 RG 3 w {x + 44} {y} m "
        f"{x + 44} {y + bend} {x + bend} {y + 44} {x} {y + 44} c "
        f"{x - bend} {y + 44} {x - 44} {y + bend} {x - 44} {y} c "
        f"{x - 44} {y - bend} {x - bend} {y - 44} {x} {y - 44} c "
        f"{x + bend} {y - 44} {x + 44} {y - bend} {x + 44} {y} c S"
    )
    points = ((0, 14), (-8, -11), (13, 4), (-13, 4), (8, -11))
    star = " ".join(
        f"{x + dx} {y + dy} {'m' if number == 0 else 'l'}" for number, (dx, dy) in enumerate(points)
    )
    return f"{ring}\n0.8 0.1 0.1 rg {star} f\n0 0 0 rg"


def _document(content: bytes) -> bytes:
    """Return a PDF of one page with ``content``, its table of objects included."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}]"
        f" /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H"
        b" /DescendantFonts [6 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo"
        b" << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 7 0 R"
        b" /DW 1000 >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox"
        b" [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880"
        b" /StemV 93 >>",
    ]
    out, offsets = BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        out.write(b"%010d 00000 n \n" % offset)
    out.write(
        b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    )
    return out.getvalue()


def picture(seed: int, width: int = 480, height: int = 320) -> BytesIO:
    """Return a PNG that stands for a photograph: a room's floor, wall, window and beds."""
    tint = (seed * 37) % 40
    rows = []
    for y in range(height):
        row = bytearray([0])
        for x in range(width):
            row += bytes(_pixel(x, y, width, height, tint))
        rows.append(bytes(row))
    return BytesIO(_png(b"".join(rows), width, height))


def _pixel(x: int, y: int, width: int, height: int, tint: int) -> tuple[int, int, int]:
    """Return the colour of one point of the picture."""
    if y > height * 2 // 3:
        return (176 - tint, 160 - tint // 2, 140)
    window = width // 3 < x < width * 2 // 3 and height // 8 < y < height // 2
    if window:
        return (190, 214 + tint // 2, 232)
    bed = y > height // 2 and (x // (width // 6)) % 2 == 0
    return (240, 244, 246) if bed else (226 - tint // 3, 230, 222)


def _png(pixels: bytes, width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels, 6))
        + chunk(b"IEND", b"")
    )
