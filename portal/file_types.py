"""Which files the portal accepts, and what a file really is, judged by its bytes.

An allow-list by extension, confirmed by content: the name says what the sender means, the
bytes say what a browser or an office program would make of it. Both must agree.
"""

import codecs
import re
import struct
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

import filetype

CHUNK = 256 * 1024
HEAD = 8192
# A directory of so many bytes holds tens of thousands of names; nobody proves work with that.
MAX_ZIP_DIRECTORY = 4 * 1024 * 1024
ZIP_TAIL = 65_536 + 128


@dataclass(frozen=True)
class FileType:
    """One accepted type: how it is called, how it is served, and what its bytes must be."""

    label: str
    media_type: str
    content: str


MOST_PIXELS = 120_000_000
"""A picture that claims more is not opened: no camera of ours takes it."""

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

ACCEPTED = {
    "pdf": FileType("PDF 文件", "application/pdf", "pdf"),
    "jpg": FileType("JPEG 图片", "image/jpeg", "jpg"),
    "jpeg": FileType("JPEG 图片", "image/jpeg", "jpg"),
    "png": FileType("PNG 图片", "image/png", "png"),
    "gif": FileType("GIF 图片", "image/gif", "gif"),
    "webp": FileType("WebP 图片", "image/webp", "webp"),
    "doc": FileType("Word 97 文档", "application/msword", "doc"),
    "docx": FileType("Word 文档", _WORD, "docx"),
    "xls": FileType("Excel 97 工作簿", "application/vnd.ms-excel", "xls"),
    "xlsx": FileType("Excel 工作簿", _SHEET, "xlsx"),
    "ppt": FileType("PowerPoint 97 演示文稿", "application/vnd.ms-powerpoint", "ppt"),
    "pptx": FileType("PowerPoint 演示文稿", _SLIDES, "pptx"),
    "txt": FileType("纯文本", "text/plain", "text"),
    "csv": FileType("CSV 表格", "text/csv", "text"),
    "zip": FileType("ZIP 压缩包", "application/zip", "zip"),
    "mp4": FileType("MP4 视频", "video/mp4", "mp4"),
}
ACCEPT = ",".join(f".{extension}" for extension in ACCEPTED)
"""The value of ``accept`` for file inputs."""

ACCEPTED_IN_WORDS = (
    "PDF、图片（jpg、png、gif、webp）、Word、Excel、PowerPoint、文本（txt、csv）、"
    "zip 压缩包、mp4 视频"
)

# What refused content is called; every accepted content is called by its own label.
_LABELS = {
    "exe": "Windows 程序",
    "elf": "Linux 程序",
    "html": "网页（HTML）",
    "svg": "矢量图（SVG）",
    "xml": "XML 文档",
    "script": "脚本程序",
    "heic": "HEIC 图片（苹果手机的照片格式）",
    "mov": "QuickTime 视频",
    "rar": "RAR 压缩包",
    "7z": "7z 压缩包",
    "gz": "gzip 压缩包",
    "ole": "旧版 Office 或安装程序的容器文件",
    "encrypted": "设有打开密码的 Office 文件",
    "macro": "带宏的 Office 文件",
    "broken-zip": "已损坏的压缩包或 Office 文件",
    "huge-zip": "条目过多的压缩包",
    "unknown": "无法识别的内容，可能已损坏",
}
_OLE_STREAMS = {
    "encrypted": ("EncryptedPackage",),
    "doc": ("WordDocument",),
    "xls": ("Workbook", "Book"),
    "ppt": ("PowerPoint Document",),
}
_OFFICE_FOLDERS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"})
# Bytes that occur in no text; tab, line feed, form feed and carriage return do.
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def content_label(content: str) -> str:
    """Return how people call content that :func:`sniff` recognised."""
    for accepted in ACCEPTED.values():
        if accepted.content == content and content != "text":
            return accepted.label
    return _LABELS.get(content, "纯文本" if content == "text" else f"{content.upper()} 文件")


def sniff(stream: BinaryIO) -> frozenset[str]:
    """Return what the bytes of ``stream`` are; more than one for old Office containers.

    Never raises for hostile content. Leaves ``stream`` (which must be seekable) at its start.
    """
    try:
        stream.seek(0)
        return _sniff(stream, stream.read(HEAD))
    finally:
        stream.seek(0)


def _sniff(stream: BinaryIO, head: bytes) -> frozenset[str]:
    if head.startswith(b"%PDF-"):
        return frozenset({"pdf"})
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return frozenset({_zip_content(stream)})
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_contents(stream)
    if head[4:8] == b"ftyp":
        return frozenset({_media_content(head[8:12])})
    if markup := _markup(head):
        return frozenset({markup})
    # Before the library, which takes any text that begins with BM for a bitmap.
    if _is_text(stream):
        return frozenset({"text"})
    guessed = filetype.guess(head)
    return frozenset({str(guessed.extension) if guessed else "unknown"})


def _media_content(brand: bytes) -> str:
    """Tell apart the files that share the container of MP4."""
    if brand in _HEIC_BRANDS:
        return "heic"
    return "mov" if brand == b"qt  " else "mp4"


def _markup(head: bytes) -> str:
    """Return html, svg, xml or script where a text begins like one."""
    start = head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
    if start.startswith(b"#!"):
        return "script"
    if re.match(rb"<(!doctype html|html|head|body|script|iframe)\b", start):
        return "html"
    if start.startswith(b"<svg"):
        return "svg"
    if start.startswith(b"<?xml"):
        return "svg" if b"<svg" in start else "html" if b"<html" in start else "xml"
    return ""


def _is_text(stream: BinaryIO) -> bool:
    """Whether the whole stream decodes as UTF-8 or GB18030 and holds no binary bytes."""
    return any(_decodes(stream, encoding) for encoding in ("utf-8", "gb18030"))


def _decodes(stream: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while chunk := stream.read(CHUNK):
            if _NOT_TEXT.search(chunk):
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _zip_content(stream: BinaryIO) -> str:
    """Tell Word, Excel, PowerPoint and plain archives apart by the names inside."""
    if _directory_size(stream) > MAX_ZIP_DIRECTORY:
        return "huge-zip"
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except Exception:
        # The library raises much beyond BadZipFile for an archive made up to hurt it.
        return "broken-zip"
    if "[Content_Types].xml" not in names:
        return "zip"
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return "macro"
    for content, folder in _OFFICE_FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            return content
    return "zip"


def _directory_size(stream: BinaryIO) -> int:
    """Return how large the archive says its directory is, before anybody reads it into memory."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - ZIP_TAIL))
    tail = stream.read()
    claims = [0]
    for mark, offset, pattern in ((b"PK\x05\x06", 12, "<L"), (b"PK\x06\x06", 40, "<Q")):
        place = tail.find(mark)
        while place >= 0:
            if place + offset + struct.calcsize(pattern) <= len(tail):
                (claim,) = struct.unpack_from(pattern, tail, place + offset)
                claims.append(0 if claim == 0xFFFFFFFF and pattern == "<L" else claim)
            place = tail.find(mark, place + 1)
    stream.seek(0)
    return max(claims)


def _ole_contents(stream: BinaryIO) -> frozenset[str]:
    """Find which streams an old Office container names; a letter may hold a sheet as well."""
    wanted = {
        name.encode("utf-16-le"): content
        for content, names in _OLE_STREAMS.items()
        for name in names
    }
    keep = max(map(len, wanted))
    found: set[str] = set()
    stream.seek(0)
    window = b""
    while chunk := stream.read(CHUNK):
        window = window[-keep:] + chunk
        found.update(content for mark, content in wanted.items() if mark in window)
    if "encrypted" in found:
        return frozenset({"encrypted"})
    return frozenset(found or {"ole"})
