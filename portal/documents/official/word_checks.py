"""What a Word template may hold: text, tables and pictures; no program and nothing from outside."""

import io
import re
import zipfile

from portal.documents.official.limits import TEMPLATE_PARTS, TEMPLATE_UNPACKED
from portal.documents.official.making import TemplateFault

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
PROGRAMS = re.compile(r"vbaproject|vbadata|activex|embeddings/|oleobject|\.bin$|afchunk", re.I)
OUTSIDE = re.compile(rb"<[^>]*TargetMode=[\"']External[\"'][^>]*>")
LINK = re.compile(rb"/relationships/hyperlink[\"']")
REACHING = re.compile(
    rb"<w:(altChunk|subDoc|object)\b|\b(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE)\b"
)

DAMAGED = "这不是完好的 Word 文档（.docx）。请用 Word 或 WPS 打开后另存为 .docx 再上传。"
TOO_LARGE = "模板过大：解压后内容太多。请去掉不需要的图片后再上传。"


def check_template(content: bytes) -> None:
    """Raise TemplateFault for what is no plain Word document, or does more than say something."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > TEMPLATE_PARTS or unpacked > TEMPLATE_UNPACKED:
                raise TemplateFault(TOO_LARGE)
            if any(part.flag_bits & 1 for part in parts):
                raise TemplateFault("模板设有打开密码，请取消密码后再上传。")
            _check_kind(package, [part.filename for part in parts])
            for part in parts:
                # Nothing unpacks to more than it says: the reader stops there.
                if part.filename.lower().endswith((".xml", ".rels")):
                    _check_part(package.read(part))
    except (zipfile.BadZipFile, NotImplementedError, KeyError, OSError, EOFError) as error:
        raise TemplateFault(DAMAGED) from error


def _check_kind(package: zipfile.ZipFile, names: list[str]) -> None:
    kinds = package.read("[Content_Types].xml")
    if b"macroEnabled" in kinds or any(PROGRAMS.search(name) for name in names):
        raise TemplateFault("模板里有宏或嵌入的对象，不能使用。请另存为不含宏的 .docx 再上传。")
    if MAIN not in kinds or "word/document.xml" not in names:
        raise TemplateFault(DAMAGED)


def _check_part(content: bytes) -> None:
    plain = content.replace(b"\0", b"")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise TemplateFault(DAMAGED)
    if any(not LINK.search(link) for link in OUTSIDE.findall(plain)):
        raise TemplateFault("模板引用了外部文件，不能使用。请把图片等内容嵌入文档后再上传。")
    if REACHING.search(plain):
        raise TemplateFault("模板里有引用其他文件或程序的域，不能使用。请删除后再上传。")
