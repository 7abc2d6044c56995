"""Writing one of our own Word templates: paragraphs, tables and the tags that docxtpl fills."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm

from portal.documents.official import word_page as page
from portal.documents.official.word_page import BODY, CELL, FORM_CELL, HEAD_CELL, HEITI

BLANK_DAY = "　　年　月　日"
Cell = tuple[str, bool]
"""What a column prints, and whether it is centred."""


class Draft:
    """A template being written, from top to bottom."""

    def __init__(self, *, wide: bool = False, letter: bool = False) -> None:
        self.document = page.new_document(wide=wide, letter=letter)
        self.document.core_properties.title = "{{ title }}"
        self.document.core_properties.author = "{{ author }}"
        self.document.core_properties.comments = ""

    def content(self) -> bytes:
        """Return the finished template."""
        stream = io.BytesIO()
        self.document.save(stream)
        return stream.getvalue()

    def title(self, *lines: str) -> None:
        """Write the title and the empty line below it."""
        for line in lines:
            self.write(line, page.TITLE)
        self.write("", page.FLUSH)

    def write(self, text: str, style: str = BODY, *, label: str = "") -> Any:
        """Write a paragraph; ``label`` stands before it in 黑体."""
        paragraph = self.document.add_paragraph(style=style)
        _labelled(paragraph, text, label)
        return paragraph

    def tag(self, code: str) -> None:
        """Write a tag that stands for itself: the paragraph around it disappears."""
        self.document.add_paragraph("{%p " + code + " %}", style=page.FLUSH)

    @contextmanager
    def each(self, name: str, source: str) -> Iterator[None]:
        """Repeat what is written inside for each of ``source``."""
        self.tag(f"for {name} in {source}")
        yield
        self.tag("endfor")

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Print what is written inside only under ``condition``."""
        self.tag(f"if {condition}")
        yield
        self.tag("endif")

    def table(
        self,
        head: Sequence[tuple[str, float]],
        source: str,
        cells: Sequence[Cell],
        *,
        style: str = CELL,
    ) -> None:
        """Write a ruled table: ``head`` with widths in mm, a line for each ``one`` of ``source``.

        The head is repeated on every page, and no line is cut by the end of a page.
        """
        table = self._ruled([width for _, width in head], 4)
        for cell, (name, _) in zip(table.rows[0].cells, head, strict=True):
            cell.paragraphs[0].style = HEAD_CELL
            run = cell.paragraphs[0].add_run(name)
            if style == page.SMALL_CELL:
                run.font.size = self.document.styles[style].font.size
        _row_property(table.rows[0], "w:tblHeader")
        table.rows[1].cells[0].paragraphs[0].add_run("{%tr for one in " + source + " %}")
        for cell, (text, centred) in zip(table.rows[2].cells, cells, strict=True):
            self._fill(cell, text, style, centred)
        table.rows[3].cells[0].paragraphs[0].add_run("{%tr endfor %}")
        for row in table.rows:
            _row_property(row, "w:cantSplit")
        self._gap()

    def open_table(self, name: str, width: float) -> None:
        """Write a table whose columns are known only when it is filled, with their shares."""
        self.tag("if " + name + ".title")
        self.write("{{ " + name + ".title }}", HEAD_CELL)
        self.tag("endif")
        table = self._ruled([width / 3] * 3, 4)
        head, opened, line, closed = table.rows
        hundredth = round(Mm(width).twips / 100)
        _loop(head, f"for column in {name}.columns", "{{ column }}", HEAD_CELL)
        opened.cells[0].paragraphs[0].add_run("{%tr for row in " + name + ".rows %}")
        _loop(line, "for cell in row.cells", "{{ cell }}", CELL)
        closed.cells[0].paragraphs[0].add_run("{%tr endfor %}")
        for row in (head, line):
            width_tag = row.cells[1]._tc.get_or_add_tcPr().find(qn("w:tcW"))
            share = f"{{{{ {name}.shares[loop.index0]|int * {hundredth} }}}}"
            width_tag.set(qn("w:w"), share)
        _open_grid(table, name, hundredth)
        _row_property(head, "w:tblHeader")
        for row in table.rows:
            _row_property(row, "w:cantSplit")
        self._gap()

    def form(self, pairs: Sequence[tuple[str, str]], *, label_width: float = 30) -> None:
        """Write a form: the names on the left, what they hold on the right."""
        table = self._ruled([label_width, 156 - label_width], len(pairs))
        for row, (label, text) in zip(table.rows, pairs, strict=True):
            row.cells[0].paragraphs[0].style = FORM_CELL
            row.cells[0].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
            _labelled(row.cells[0].paragraphs[0], "", label)
            self._fill(row.cells[1], text, FORM_CELL, False)
            _row_property(row, "w:cantSplit")
        self._gap()

    def seals(self, blocks: Sequence[Sequence[str]]) -> None:
        """Write the places for seal and signature side by side, on one page."""
        table = self.document.add_table(rows=1, cols=len(blocks))
        table.autofit = False
        _row_property(table.rows[0], "w:cantSplit")
        for cell, lines in zip(table.rows[0].cells, blocks, strict=True):
            cell.width = Mm(156 / len(blocks))
            for number, line in enumerate(lines):
                paragraph = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
                paragraph.style = page.FLUSH
                paragraph.add_run(line)

    def signatures(self) -> None:
        """Write where both hospitals sign, with what they have signed in the portal."""
        self.write("", page.FLUSH)
        marks = [f"signatures[{number}]" for number in (0, 1)]
        self.seals(
            [
                [
                    f"{{{{ {mark}.hospital }}}}",
                    "（盖章）",
                    "",
                    f"负责人（签字）：{{{{ {mark}.name }}}}",
                    f"日期：{{{{ {mark}.date or '{BLANK_DAY}' }}}}",
                ]
                for mark in marks
            ]
        )

    def _ruled(self, widths: Sequence[float], rows: int) -> Any:
        table = self.document.add_table(rows=rows, cols=len(widths))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
            for cell in column.cells:
                cell.width = Mm(width)
        _narrow_margins(table)
        return table

    def _fill(self, cell: Any, text: str, style: str, centred: bool) -> None:
        for number, line in enumerate(text.split("\n")):
            paragraph = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
            paragraph.style = style
            if centred:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.add_run(line)
        _middle(cell)

    def _gap(self) -> None:
        """Part the table from what follows."""
        self.document.add_paragraph(style=CELL)


def _labelled(paragraph: Any, text: str, label: str) -> None:
    if label:
        run = paragraph.add_run(label)
        fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:ascii", "w:hAnsi", "w:eastAsia"):
            fonts.set(qn(script), HEITI)
    if text:
        paragraph.add_run(text)


def _loop(row: Any, loop: str, inner: str, style: str) -> None:
    """Write a loop over columns: docxtpl takes the two cells around it away."""
    for cell, code in zip(
        row.cells, ("{%tc " + loop + " %}", inner, "{%tc endfor %}"), strict=True
    ):
        cell.paragraphs[0].style = style
        cell.paragraphs[0].add_run(code)
        _middle(cell)


def _open_grid(table: Any, name: str, hundredth: int) -> None:
    """Let the grid of the table have a column for each share."""
    grid = table._tbl.tblGrid
    first, *others = list(grid)
    for one in others:
        grid.remove(one)
    grid.text = "{% for share in " + name + ".shares %}"
    first.set(qn("w:w"), f"{{{{ share|int * {hundredth} }}}}")
    first.tail = "{% endfor %}"


def _row_property(row: Any, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))


def _middle(cell: Any) -> None:
    align = OxmlElement("w:vAlign")
    align.set(qn("w:val"), "center")
    cell._tc.get_or_add_tcPr().append(align)


def _narrow_margins(table: Any) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), "50")
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    table._tbl.tblPr.append(margins)
