"""The page, the styles and the page numbers of our own Word templates (GB/T 9704-2012).

Sizes: body 3号 (16 pt) 仿宋, 22 lines of 28 characters in 156 × 225 mm; title 2号 (22 pt) 小标宋;
levels 黑体, 楷体, 仿宋; page number 4号 (14 pt) 宋体 between dashes, odd right and even left.
"""

import re
from copy import deepcopy
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

FANGSONG, KAITI, HEITI = "仿宋_GB2312", "楷体_GB2312", "黑体"
BIAOSONG, SONGTI = "方正小标宋简体", "宋体"
SUBSTITUTES = {FANGSONG: "仿宋", KAITI: "楷体", HEITI: "SimHei", BIAOSONG: "宋体"}
"""What Word takes on a computer without the licensed font."""
RED = RGBColor(0xD7, 0x00, 0x0F)

BODY_SIZE = 16
LINE = 579
"""Twentieths of a point: 22 lines in 225 mm."""
CHARACTER = -5
"""What is added to each character, in twentieths of a point: 28 characters of 3号 in 156 mm.

Not by the grid of the page (linesAndChars): office programs disagree about its arithmetic.
"""

BODY, TITLE, SUBTITLE, FLUSH = "正文公文", "公文标题", "标题说明", "顶格"
LEVEL_1, LEVEL_2, LEVEL_3 = "公文一级标题", "公文二级标题", "公文三级标题"
CELL, SMALL_CELL, FORM_CELL, HEAD_CELL = "表格文字", "表格小字", "表单文字", "表头"
RIGHT, NUMBER = "落款", "页码"


def new_document(*, wide: bool = False, letter: bool = False) -> Any:
    """Return an empty document with our page and styles.

    ``wide`` is A4 across, ``letter`` leaves the first page without a number.
    """
    document = Document()
    _styles(document)
    section = document.sections[0]
    _page(section, wide)
    if letter:
        section.different_first_page_header_footer = True
        section.header_distance, section.footer_distance = Mm(30), Mm(19)
    document.settings.odd_and_even_pages_header_footer = True
    _number(section.footer, WD_ALIGN_PARAGRAPH.RIGHT)
    _number(section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT)
    _substitutes(document)
    return document


def section_end(document: Any, *, wide: bool) -> None:
    """Add a paragraph that ends a section of upright pages, or of pages across."""
    paragraph = document.add_paragraph(style=FLUSH)
    # It takes no room of its own: after a full page it would make an empty one.
    paragraph.paragraph_format.line_spacing = Pt(1)
    width, height = ("16838", "11906") if wide else ("11906", "16838")
    orient = ' w:orient="landscape"' if wide else ""
    foot = Mm(14 if wide else 23).twips
    margins = _margins(wide)
    edges = " ".join(f'w:{side}="{round(value.twips)}"' for side, value in margins.items())
    ending = parse_xml(
        f'<w:sectPr {nsdecls("w")}><w:pgSz w:w="{width}" w:h="{height}"{orient}/>'
        f'<w:pgMar {edges} w:header="850" w:footer="{foot}" w:gutter="0"/>'
        f'<w:docGrid w:type="lines" w:linePitch="{LINE}"/>'
        "</w:sectPr>"
    )
    # A section has the page numbers of the one before it, and the first one none.
    feet = document.sections[-1]._sectPr.findall(qn("w:footerReference"))
    for place, reference in enumerate(feet):
        ending.insert(place, deepcopy(reference))
    paragraph._p.get_or_add_pPr().append(ending)


def _margins(wide: bool) -> dict[str, Any]:
    # Across, the page is the upright one turned: its head lies at the binding edge.
    if wide:
        return {"top": Mm(28), "right": Mm(37), "bottom": Mm(26), "left": Mm(35)}
    return {"top": Mm(37), "right": Mm(26), "bottom": Mm(35), "left": Mm(28)}


def _page(section: Any, wide: bool) -> None:
    section.page_width, section.page_height = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    for side, value in _margins(wide).items():
        setattr(section, f"{side}_margin", value)
    section.footer_distance = Mm(14) if wide else Mm(23)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(LINE))


def _styles(document: Any) -> None:
    """Make the styles. Whoever edits the template in Word finds them by their Chinese names."""
    normal = document.styles["Normal"]
    _face(normal, FANGSONG, 16)
    _spacing(normal, exact=True)
    made = [
        (BODY, FANGSONG, 16, True, True),
        (LEVEL_1, HEITI, 16, True, True),
        (LEVEL_2, KAITI, 16, True, True),
        (LEVEL_3, FANGSONG, 16, True, True),
        (FLUSH, FANGSONG, 16, False, True),
        (SUBTITLE, KAITI, 16, False, True),
        (RIGHT, FANGSONG, 16, False, True),
        (TITLE, BIAOSONG, 22, False, True),
        (CELL, FANGSONG, 10.5, False, False),
        (SMALL_CELL, FANGSONG, 8, False, False),
        (FORM_CELL, FANGSONG, 12, False, False),
        (HEAD_CELL, HEITI, 10.5, False, False),
        (NUMBER, SONGTI, 14, False, False),
    ]
    for name, face, size, indented, exact in made:
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.quick_style = True
        _face(style, face, size)
        _spacing(style, exact=exact)
        if size == BODY_SIZE:
            _closer(style)
        if indented:
            indent = style.element.get_or_add_pPr().get_or_add_ind()
            indent.set(qn("w:firstLineChars"), "200")
            indent.set(qn("w:firstLine"), "640")
    for level, name in enumerate((LEVEL_1, LEVEL_2, LEVEL_3)):
        style = document.styles[name]
        style.paragraph_format.keep_with_next = True
        outline = OxmlElement("w:outlineLvl")
        outline.set(qn("w:val"), str(level))
        style.element.get_or_add_pPr().append(outline)
    _aligned(document)


def _aligned(document: Any) -> None:
    styles = document.styles
    for name in (TITLE, SUBTITLE, HEAD_CELL):
        styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for name in (BODY, LEVEL_1, LEVEL_2, LEVEL_3):
        styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    styles[RIGHT].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    styles[RIGHT].paragraph_format.right_indent = Pt(64)
    styles[RIGHT].paragraph_format.keep_together = True
    spacing = styles[TITLE].element.get_or_add_pPr().get_or_add_spacing()
    spacing.set(qn("w:line"), "640")


def _face(style: Any, face: str, size: float) -> None:
    style.font.name, style.font.size = face, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), face)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)


def _closer(style: Any) -> None:
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(CHARACTER))
    properties = style.element.get_or_add_rPr()
    properties.insert_element_before(spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs")


def _spacing(style: Any, *, exact: bool) -> None:
    spacing = style.element.get_or_add_pPr().get_or_add_spacing()
    spacing.set(qn("w:before"), "0" if exact else "40")
    spacing.set(qn("w:after"), "0" if exact else "40")
    spacing.set(qn("w:line"), str(LINE) if exact else "240")
    spacing.set(qn("w:lineRule"), "exact" if exact else "auto")
    if not exact:
        snap = OxmlElement("w:snapToGrid")
        snap.set(qn("w:val"), "0")
        properties = style.element.get_or_add_pPr()
        properties.insert_element_before(
            snap, "w:spacing", "w:ind", "w:contextualSpacing", "w:mirrorIndents", "w:jc"
        )


def _number(footer: Any, side: Any) -> None:
    """Write — 1 — one character in from the ``side`` edge."""
    footer.is_linked_to_previous = False
    paragraph = footer.paragraphs[0]
    paragraph.style, paragraph.alignment = NUMBER, side
    if side is WD_ALIGN_PARAGRAPH.RIGHT:
        paragraph.paragraph_format.right_indent = Pt(14)
    else:
        paragraph.paragraph_format.left_indent = Pt(14)
    paragraph.add_run("— ")
    for kind, text in (("begin", ""), ("", "PAGE"), ("separate", ""), ("text", "1"), ("end", "")):
        run = paragraph.add_run()
        if kind == "text":
            run.text = text
        elif kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        else:
            instruction = OxmlElement("w:instrText")
            instruction.text = text
            run._r.append(instruction)
    paragraph.add_run(" —")


def _substitutes(document: Any) -> None:
    """Name in the table of fonts what stands in for each licensed one."""
    for relation in document.part.rels.values():
        if relation.reltype.endswith("/fontTable"):
            part = relation.target_part
            told = "".join(
                f'<w:font w:name="{name}"><w:altName w:val="{other}"/>'
                '<w:charset w:val="86"/><w:family w:val="auto"/><w:pitch w:val="default"/></w:font>'
                for name, other in SUBSTITUTES.items()
            )
            part._blob = re.sub(rb"</w:fonts>", told.encode() + b"</w:fonts>", part.blob)
