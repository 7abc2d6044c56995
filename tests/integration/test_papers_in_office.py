"""Papers on paper: LibreOffice opens each Word document, and both formats say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pypdfium2
import pytest
import time_machine
from docx.oxml.ns import qn
from docx.shared import Mm

from portal.documents.official import producing
from portal.models import OutputFormat, OutputKind
from portal.queries.papers import facts_of, get_subject, sample
from tests.factories import Scene, make_scene
from tests.factories.papers import papers_of
from tests.integration.test_papers import needs_fonts, squeezed, text_of_pdf
from tests.support.office import convert

WIDE = (OutputKind.TASK_LIST, OutputKind.LEDGER)
UNPRINTED = {"title", "author", "day", "date", "state", "shares"}
"""Told for the file's own description, or for templates that want them."""
# The slip prints the first sixteen characters of a hash.
LISTS = {
    OutputKind.TASK_LIST: {"document"},
    OutputKind.LEDGER: {"document", "programme", "cancelled_count"},
    OutputKind.CLOSURE_SLIP: {"document", "round", "extensions", "sha256"},
    OutputKind.SURVEY_REPORT: {"programme"},
    OutputKind.AGREEMENT: {"document", "programme", "kind", "revision", "term", "side"},
}
"""What further these leave out: the texts they go with say it."""


def words_in(facts: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The field and the text of everything that the facts tell."""
    if isinstance(facts, dict):
        for key, value in facts.items():
            yield from words_in(value, key)
    elif isinstance(facts, list):
        for value in facts:
            yield from words_in(value, name)
    elif isinstance(facts, str):
        yield from ((name, squeezed(line)) for line in facts.split("\n") if line)


class Papers:
    """The facts of the seven papers of one pairing, and both files of each."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.facts: dict[OutputKind, dict[str, Any]] = {}
        self.word: dict[OutputKind, Path] = {}
        self.pdf: dict[OutputKind, bytes] = {}
        for kind, object_id in papers_of(scene).items():
            facts = facts_of(get_subject(kind, object_id, viewer=scene.centre))
            self.facts[kind] = facts
            self.word[kind] = folder / f"{kind.value}.docx"
            self.word[kind].write_bytes(producing.produce(kind, OutputFormat.DOCX, facts))
            if producing.has_fonts():
                self.pdf[kind] = producing.produce(kind, OutputFormat.PDF, facts)


MADE: list[Papers] = []


@pytest.fixture
def papers(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """The papers, made once for all these tests: they only look at them."""
    if not MADE:
        with time_machine.travel("2021-03-15T09:00:00+08:00"):
            MADE.append(Papers(make_scene(), tmp_path_factory.mktemp("papers")))
    return MADE[0]


@needs_fonts
def test_office_program_opens_every_word_document_and_reads_what_the_pdf_says(
    papers: Papers, tmp_path: Path
) -> None:
    texts, complaints = convert(list(papers.word.values()), "txt:Text (encoded):UTF8", tmp_path)
    assert complaints == ""
    for kind, converted in zip(papers.word, texts, strict=True):
        read = squeezed(converted.read_text(encoding="utf-8-sig"))
        ours = squeezed(text_of_pdf(papers.pdf[kind]))
        told = set(words_in(papers.facts[kind]))
        assert len(told) > 10, kind
        silent = {name for name, word in told if word not in in_one(ours, word)}
        assert silent <= UNPRINTED | LISTS.get(kind, set()), kind
        assert {name for name, word in told if word not in read} <= silent, kind


def test_office_program_prints_every_word_document_on_a4(papers: Papers, tmp_path: Path) -> None:
    printed, complaints = convert(list(papers.word.values()), "pdf", tmp_path)
    assert complaints == ""
    for kind, converted in zip(papers.word, printed, strict=True):
        sizes = [tuple(round(side) for side in size) for size in sizes_of(converted)]
        assert set(sizes) <= {(595, 842), (842, 595)}, kind
        assert (sizes[0] == (842, 595)) is (kind in WIDE), kind


def in_one(text: str, word: str) -> str:
    """The text as ``word`` is to be looked for: page numbers may stand within what is long."""
    return text if word in text else re.sub(r"[—-]\d+[—-]", "", text)


def sizes_of(pdf: Path) -> list[tuple[float, float]]:
    document = pypdfium2.PdfDocument(pdf.read_bytes())
    try:
        return [page.get_size() for page in document]
    finally:
        document.close()


def test_word_documents_have_the_page_of_the_standard(papers: Papers) -> None:
    for kind, path in papers.word.items():
        section = docx.Document(str(path)).sections[0]
        upright = (Mm(210), Mm(297), Mm(37), Mm(26), Mm(35), Mm(28))
        across = (Mm(297), Mm(210), Mm(28), Mm(37), Mm(26), Mm(35))
        page = (
            section.page_width,
            section.page_height,
            section.top_margin,
            section.right_margin,
            section.bottom_margin,
            section.left_margin,
        )
        wanted = across if kind in WIDE else upright
        assert all(abs(a - b) < Mm(0.1) for a, b in zip(page, wanted, strict=True)), kind
        # 22 lines fill 225 mm, and no more.
        pitch = int(section._sectPr.find(qn("w:docGrid")).get(qn("w:linePitch")))
        assert 22 * pitch <= Mm(225).twips < 23 * pitch


def test_word_documents_use_the_type_of_the_standard(papers: Papers) -> None:
    styles = docx.Document(str(papers.word[OutputKind.PLAN])).styles
    faces = {
        name: (styles[name].element.rPr.rFonts.get(qn("w:eastAsia")), styles[name].font.size.pt)
        for name in ("正文公文", "公文标题", "公文一级标题", "公文二级标题", "公文三级标题", "页码")
    }
    assert faces == {
        "正文公文": ("仿宋_GB2312", 16),
        "公文标题": ("方正小标宋简体", 22),
        "公文一级标题": ("黑体", 16),
        "公文二级标题": ("楷体_GB2312", 16),
        "公文三级标题": ("仿宋_GB2312", 16),
        "页码": ("宋体", 14),
    }


def test_tables_repeat_their_head_and_cut_no_row(papers: Papers) -> None:
    for kind in WIDE:
        table = docx.Document(str(papers.word[kind])).tables[0]
        rows = [row._tr.trPr for row in table.rows]
        assert len(rows) > 5
        assert rows[0].find(qn("w:tblHeader")) is not None
        assert all(row.find(qn("w:cantSplit")) is not None for row in rows)


def test_page_numbers_stand_outside_on_odd_and_even_pages(papers: Papers) -> None:
    document = docx.Document(str(papers.word[OutputKind.PLAN]))
    section = document.sections[0]
    odd, even = section.footer.paragraphs[0], section.even_page_footer.paragraphs[0]
    assert (odd.alignment, even.alignment) == (2, 0)
    assert "PAGE" in odd._p.xml
    assert document.settings.odd_and_even_pages_header_footer
    receipt = docx.Document(str(papers.word[OutputKind.RECEIPT])).sections[0]
    assert receipt.different_first_page_header_footer
    assert "PAGE" not in receipt.first_page_footer.paragraphs[0]._p.xml


@needs_fonts
def test_pdf_has_the_page_of_the_standard_and_its_fonts_inside(papers: Papers) -> None:
    for kind, content in papers.pdf.items():
        document = pypdfium2.PdfDocument(content)
        page = document[0]
        wanted = (842, 595) if kind in WIDE else (595, 842)
        assert tuple(round(side) for side in page.get_size()) == wanted, kind
        left, _, right, top = text_box(page)
        edges = (35, 26, 37, 28) if kind in WIDE else (28, 35, 26, 37)
        millimetre = 72 / 25.4
        assert left >= edges[0] * millimetre - 2, kind
        assert right <= wanted[0] - edges[2] * millimetre + 2, kind
        if kind is not OutputKind.RECEIPT:
            assert top <= wanted[1] - edges[3] * millimetre + 2, kind
        document.close()
        assert b"/FontFile" in content, kind
        assert b"pdfaid:part>2<" in content.replace(b" ", b"") or b"pdfaid:part" in content, kind


def text_box(page: Any) -> tuple[float, float, float, float]:
    """The smallest box around what is printed of the characters of a page, in points."""
    text = page.get_textpage()
    ink = [at for at in range(text.count_chars()) if text.get_text_range(at, 1).strip()]
    seen = [text.get_charbox(at) for at in ink]
    return (
        min(box[0] for box in seen),
        min(box[1] for box in seen),
        max(box[2] for box in seen),
        max(box[3] for box in seen),
    )


@needs_fonts
def test_body_holds_28_characters_a_line_and_22_lines_a_page(session: Any, tmp_path: Path) -> None:
    text = ('#import "gbt9704.typ": *\n#let f = json("facts.json")\n#show: official.with(f)\n'
            f"#par(first-line-indent: 0pt)[{'国' * (28 * 24)}]")  # fmt: skip
    made = producing.try_out(
        OutputKind.PLAN, OutputFormat.PDF, sample(OutputKind.PLAN), text.encode()
    )
    document = pypdfium2.PdfDocument(made)
    first = document[0].get_textpage().get_text_range().split("\r\n")
    assert len(document) == 2
    document.close()
    lines = [line for line in first if "国" in line]
    assert [len(line.strip()) for line in lines] == [28] * 22
