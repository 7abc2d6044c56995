"""What a Word template may hold: text, tables and pictures; no program and nothing from outside.

The parts are read as Word reads them: a word may be written in pieces or with references to
characters, and a tag may write one only when it is filled. So what is filled is checked again.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from portal.documents.official.limits import TEMPLATE_PARTS, TEMPLATE_UNPACKED
from portal.documents.official.making import TemplateFault

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
PROGRAMS = re.compile(r"vbaproject|vbadata|activex|embeddings/|oleobject|\.bin$|afchunk", re.I)
FOREIGN = {"altChunk", "subDoc", "object"}
INSTRUCTIONS = {"instrText", "delInstrText"}
# Named anywhere in a field, since a field inside another may write the other's name.
REACHING = re.compile(
    r"(?<![A-Za-z])(DDE|DDEAUTO|INCLUDE|INCLUDETEXT|INCLUDEPICTURE)(?![A-Za-z])", re.I
)
# Everyday words in what a field shows: they count only as its name.
REACHING_KIND = re.compile(r"\s*(LINK|EMBED|IMPORT|DATABASE|RD)(?![A-Za-z])", re.I)

DAMAGED = "这不是完好的 Word 文档（.docx）。请用 Word 或 WPS 打开后另存为 .docx 再上传。"
TOO_LARGE = "模板过大：解压后内容太多。请去掉不需要的图片后再上传。"
OUTSIDE = "模板引用了外部文件，不能使用。请把图片等内容嵌入文档后再上传。"
REACHES = "模板里有引用其他文件或程序的域，不能使用。请删除后再上传。"


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
            _check_parts(package)
    except (zipfile.BadZipFile, NotImplementedError, KeyError, OSError, EOFError) as error:
        raise TemplateFault(DAMAGED) from error


def check_filled(content: bytes) -> None:
    """Raise TemplateFault where the tags of a template have written what none may hold."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        _check_parts(package)


def _check_kind(package: zipfile.ZipFile, names: list[str]) -> None:
    kinds = package.read("[Content_Types].xml")
    if b"macroEnabled" in kinds or any(PROGRAMS.search(name) for name in names):
        raise TemplateFault("模板里有宏或嵌入的对象，不能使用。请另存为不含宏的 .docx 再上传。")
    if MAIN not in kinds or "word/document.xml" not in names:
        raise TemplateFault(DAMAGED)


def _check_parts(package: zipfile.ZipFile) -> None:
    """Check every part that is XML, whatever its name: the package's list of kinds decides."""
    for part in package.infolist():
        # Nothing unpacks to more than it says: the reader stops there.
        content = package.read(part)
        plain = content.replace(b"\0", b"")
        named = part.filename.lower().endswith((".xml", ".rels"))
        if named and (b"<!DOCTYPE" in plain or b"<!ENTITY" in plain):
            raise TemplateFault(DAMAGED)
        root = _parsed(content)
        if root is not None:
            _check_part(root)
        elif named:
            raise TemplateFault(DAMAGED)


def _parsed(content: bytes) -> Any:
    reader = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        root = etree.fromstring(content, reader)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.getroottree().docinfo.doctype:
        raise TemplateFault(DAMAGED)
    return root


def _check_part(root: Any) -> None:
    for one in root.iter(etree.Element):
        name = _name(one)
        if name in FOREIGN:
            raise TemplateFault(REACHES)
        if name == "Relationship" and _reaches_outside(one):
            raise TemplateFault(OUTSIDE)
    if any(REACHING.search(code) or REACHING_KIND.match(code) for code in _codes(root)):
        raise TemplateFault(REACHES)


def _reaches_outside(relationship: Any) -> bool:
    """Whether opening the document fetches it: a link that a reader may follow does not."""
    is_link = relationship.get("Type", "").endswith("/hyperlink")
    return not is_link and relationship.get("TargetMode", "").strip().lower() == "external"


def _codes(root: Any) -> Iterator[str]:
    """Yield what the fields say: simple ones, written in pieces, and by paragraph."""
    opened: list[list[str]] = []
    of_paragraph: list[str] = []
    for one in root.iter(etree.Element):
        name = _name(one)
        if name == "p":
            yield "".join(of_paragraph)
            of_paragraph = []
        elif name == "fldSimple":
            yield _attribute(one, "instr")
        elif name == "fldChar":
            kind = _attribute(one, "fldCharType")
            if kind == "begin":
                opened.append([])
            elif kind == "end" and opened:
                yield "".join(opened.pop())
        elif name in INSTRUCTIONS:
            said = "".join(one.itertext())
            of_paragraph.append(said)
            for field in opened:
                field.append(said)
    yield "".join(of_paragraph)
    for field in opened:
        yield "".join(field)


def _attribute(one: Any, name: str) -> str:
    return next((str(v) for key, v in one.items() if etree.QName(key).localname == name), "")


def _name(one: Any) -> str:
    return str(etree.QName(one).localname)
