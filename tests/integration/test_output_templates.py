"""A centre replaces templates: tried out first, refused with a sentence, taken back at any time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from portal.documents.official import limits
from portal.errors import Forbidden, Rejected, StaleEdit
from portal.extensions import db
from portal.models import Event, OutputFormat, OutputKind, OutputTemplate
from portal.queries.papers import placeholders, sample
from portal.services import output_templates
from tests.factories import PASSWORD, Scene, make_scene
from tests.factories.papers import make_template
from tests.integration.test_papers import needs_fonts, text_of_pdf, text_of_word
from tests.support.pages import PageClient

RECEIPT = "/papers/templates/receipt/docx"
DOCX, PDF = OutputFormat.DOCX, OutputFormat.PDF
KINDS = [pytest.param(kind, id=kind.value) for kind in OutputKind]


@pytest.fixture
def scene(session: Any) -> Scene:
    return make_scene()


@pytest.fixture
def centre(client: PageClient, scene: Scene) -> PageClient:
    client.login(scene.centre, PASSWORD)
    return client


def word(*lines: str) -> bytes:
    """A Word document as a centre might write it."""
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The package with a further part, or another one in its place."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, part, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def send(client: PageClient, content: bytes, name: str = "回执.docx", at: str = RECEIPT) -> Any:
    page = client.get(at)
    return client.submit(page, "main form[enctype]", file=(io.BytesIO(content), name), note="版头")


def sent_well(client: PageClient, content: bytes, **more: str) -> OutputTemplate:
    assert send(client, content, **more).status == 303
    found = db.session.query(OutputTemplate).order_by(OutputTemplate.id.desc()).first()
    assert found is not None
    return found


def test_centre_replaces_a_template_and_goes_back(centre: PageClient, scene: Scene) -> None:
    version = sent_well(centre, word("本中心回执 {{ number }}", "{{ supporting }}"))
    assert (version.number, version.is_active, version.note) == (1, False, "版头")
    page = centre.get(RECEIPT)
    assert "系统自带的模板" in page.text
    centre.submit(page, f"form[action$='/versions/{version.id}/use']")
    assert "已启用第 1 版" in centre.get(RECEIPT).text
    assert db.session.get_one(OutputTemplate, version.id).is_active
    made = centre.get(f"/papers/templates/versions/{version.id}/sample").response.get_data()
    assert "本中心回执 琼全科帮扶备〔2020〕1号" in text_of_word(made)
    centre.submit(centre.get(RECEIPT), "form[action$='/shipped']")
    assert "已改用系统自带的模板" in centre.get(RECEIPT).text
    assert not db.session.get_one(OutputTemplate, version.id).is_active
    titles = [event.title for event in db.session.query(Event).order_by(Event.id)]
    assert titles[-3:] == ["上传模板", "启用模板", "停用模板，改用系统自带的模板"]


def test_older_version_is_put_to_use_again(centre: PageClient, scene: Scene) -> None:
    kind = OutputKind.RECEIPT
    old = make_template(scene, kind, DOCX, word("旧"), number=1, is_active=False)
    new = make_template(scene, kind, DOCX, word("新"), number=2)
    centre.submit(centre.get(RECEIPT), f"form[action$='/versions/{old.id}/use']")
    db.session.expire_all()
    assert (old.is_active, new.is_active) == (True, False)


def test_page_number_and_a_link_are_fields_a_template_may_hold(centre: PageClient) -> None:
    sent_well(centre, field(" PA", "GE "))
    sent_well(centre, field(' HYPERLINK "https://a.example/link/"'))


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_word_template_is_taken_and_sent_back_unchanged(
    centre: PageClient, kind: OutputKind
) -> None:
    own = centre.get(f"/papers/templates/{kind.value}/docx/file").response.get_data()
    version = sent_well(centre, own, at=f"/papers/templates/{kind.value}/docx")
    assert centre.get(f"/papers/templates/versions/{version.id}/file").response.get_data() == own


@needs_fonts
def test_centre_replaces_a_pdf_template(centre: PageClient) -> None:
    own = centre.get("/papers/templates/receipt/pdf/file").response.get_data()
    changed = own.replace("备案回执]".encode(), "备案回执（本中心）]".encode())
    at = "/papers/templates/receipt/pdf"
    version = sent_well(centre, changed, name="回执.typ", at=at)
    answer = centre.get(f"/papers/templates/versions/{version.id}/sample")
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "本中心" in text_of_pdf(answer.response.get_data())


def test_same_file_is_not_kept_twice(centre: PageClient) -> None:
    content = word("{{ number }}")
    sent_well(centre, content)
    page = send(centre, content)
    assert (page.status, "与第 1 版完全相同" in page.text) == (422, True)


def bomb() -> bytes:
    return with_part(word("{{ number }}"), "word/media/a.xml", b"0" * (limits.TEMPLATE_UNPACKED))


def macros() -> bytes:
    return with_part(word("{{ number }}"), "word/vbaProject.bin", b"macro")


def renamed_docm() -> bytes:
    content = word("{{ number }}")
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        kinds = package.read("[Content_Types].xml")
    macro = kinds.replace(
        b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"vnd.ms-word.document.macroEnabled.main+xml",
    )
    return with_part(content, "[Content_Types].xml", macro)


def picture_from_outside() -> bytes:
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="r1" Type="http://a/relationships/image" Target="http://a.example/x"'
        b' TargetMode="External"/></Relationships>'
    )
    return with_part(word("{{ number }}"), "word/_rels/footer9.xml.rels", relations)


def picture_from_outside_written_otherwise() -> bytes:
    relations = (
        b'<r:Relationships xmlns:r="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<r:Relationship Id="r1" Type="http://a/relationships/image" Target="http://a.example/x"'
        b' TargetMode="&#69;xternal"/></r:Relationships>'
    )
    return with_part(word("{{ number }}"), "word/_rels/footer9.xml.rels", relations)


def field(*pieces: str, simple: bool = False) -> bytes:
    """A Word document with a field whose instruction is written in pieces, or in one attribute."""
    document = docx.Document()
    paragraph = document.add_paragraph("{{ number }}")
    if simple:
        one = OxmlElement("w:fldSimple")
        one.set(qn("w:instr"), "".join(pieces))
        paragraph._p.append(one)
    for kind in () if simple else ("begin", *pieces, "end"):
        run = paragraph.add_run()._r
        is_edge = kind in ("begin", "end")
        one = OxmlElement("w:fldChar" if is_edge else "w:instrText")
        if is_edge:
            one.set(qn("w:fldCharType"), kind)
        else:
            one.text = kind
        run.append(one)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def entity() -> bytes:
    return with_part(word("x"), "word/a.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


WRONG_WORD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no zip": (lambda: b"no package at all", "不是完好的 Word 文档"),
    "bomb": (bomb, "模板过大"),
    "macros": (macros, "宏或嵌入的对象"),
    "docm renamed": (renamed_docm, "宏或嵌入的对象"),
    "outside": (picture_from_outside, "引用了外部文件"),
    "outside, otherwise": (picture_from_outside_written_otherwise, "引用了外部文件"),
    "field": (lambda: field('INCLUDETEXT "/etc/passwd"'), "引用其他文件或程序的域"),
    "field in pieces": (lambda: field("INCL", 'UDETEXT "/etc/passwd"'), "引用其他文件或程序的域"),
    "field by a tag": (
        lambda: field("{{ 'DD' }}{{ 'EAUTO' }} cmd"),
        "引用其他文件或程序的域",
    ),
    "field, simple": (lambda: field("dde cmd", simple=True), "引用其他文件或程序的域"),
    "link": (lambda: field(' LINK Excel.Sheet.8 "C:\\a.xls"'), "引用其他文件或程序的域"),
    "entity": (entity, "不是完好的 Word 文档"),
    "unknown": (lambda: word("{{ nonsense }}"), "不存在的占位符"),
    "class": (lambda: word("{{ ''.__class__.__mro__ }}"), "模板用了不"),
    "globals": (lambda: word("{{ title.__init__.__globals__ }}"), "模板用了不"),
    "tag": (lambda: word("{% for one in points %}"), "模板的标签有误"),
    "include": (lambda: word("{% include '/etc/passwd' %}"), "模板"),
    "loop": (lambda: word("{% for a in range(99) %}{{ a }}{% endfor %}"), "不存在的占位符"),
    "hunger": (lambda: word("{{ 'a' * 9000000000 }}"), "模板"),
    "power": (lambda: word("{{ 9 ** (9 ** 9) }}"), "模板"),
}


@pytest.mark.parametrize("name", WRONG_WORD)
def test_wrong_word_template_is_refused_with_a_sentence(
    centre: PageClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(limits, "SAMPLE_SECONDS", 3)
    make, sentence = WRONG_WORD[name]
    page = send(centre, make())
    assert page.status == 422
    assert sentence in page.one(".error").get_text()
    assert db.session.query(OutputTemplate).count() == 0


WRONG_TYPST = {
    "reading a file": ('#read("/etc/passwd")', "模板第 1 行有误"),
    "climbing out": ('\n#read("../../../etc/passwd")', "模板第 2 行有误"),
    "package": ('#import "@preview/cetz:0.3.0": canvas', "模板第 1 行有误"),
    "package in pieces": ('#import "@pre" + "view/cetz:0.3.0": canvas', "模板第 1 行有误"),
    "endless": ("#while true { }", "模板第 1 行有误"),
    "deep": ("#let f(n) = f(n + 1)\n#f(0)", "有误"),
    "slow": ("#for a in range(9000) { for b in range(9000) { let c = a * b } }", "规定时间"),
    "hungry": ("#let a = range(2000000000)", "模板"),
    "unknown": ('#let f = json("facts.json")\n#f.nonsense', "模板第 2 行有误"),
    "no text": ("#", "模板第 1 行有误"),
}


@needs_fonts
@pytest.mark.parametrize("name", WRONG_TYPST)
def test_wrong_typst_template_is_refused_with_its_line(
    centre: PageClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(limits, "SAMPLE_SECONDS", 2)
    text, sentence = WRONG_TYPST[name]
    page = send(centre, text.encode(), "回执.typ", "/papers/templates/receipt/pdf")
    assert page.status == 422
    told = page.one(".error").get_text()
    assert sentence in told
    assert "root:" not in told
    assert db.session.query(OutputTemplate).count() == 0


@pytest.mark.parametrize(
    ("content", "name", "at", "sentence"),
    [
        (b"", "", RECEIPT, "请选择模板文件"),
        (b"x", "回执.docm", RECEIPT, "请上传 .docx 文件"),
        (b"x", "回执.docx", "/papers/templates/receipt/pdf", "请上传 .typ 文件"),
        (b"\xff\xfe", "回执.typ", "/papers/templates/receipt/pdf", "UTF-8"),
        (b"x" * (limits.TEMPLATE + 1), "回执.docx", RECEIPT, "不能超过"),
    ],
)
def test_wrong_file_is_refused_beside_its_field_and_the_note_stays(
    centre: PageClient, content: bytes, name: str, at: str, sentence: str
) -> None:
    page = send(centre, content, name, at)
    assert (page.status, sentence in page.one(".error").get_text()) == (422, True)
    assert page.one("input[name=note]")["value"] == "版头"


def test_pages_name_every_template_and_every_placeholder(centre: PageClient) -> None:
    page = centre.get("/papers/templates")
    assert len(page.select("tbody tr")) == len(OutputKind) * len(OutputFormat)
    page = centre.get("/papers/templates/closure_slip/docx")
    shown = {one.get_text() for one in page.select("#placeholders code")}
    assert shown == {one.path for one in placeholders(OutputKind.CLOSURE_SLIP)}
    assert {"task", "evidence[].sha256", "confirmation.name"} <= shown
    book = centre.get("/papers/templates/closure_slip/placeholders.xlsx").response.get_data()
    rows = list(openpyxl.load_workbook(io.BytesIO(book)).active.iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == [
        one.path for one in placeholders(OutputKind.CLOSURE_SLIP)
    ]
    assert b"#let official" in centre.get("/papers/templates/library").response.get_data()


@pytest.mark.parametrize("address", ["/papers/templates/receipt/xlsx", "/papers/templates/x/docx"])
def test_unknown_template_is_not_found(centre: PageClient, address: str) -> None:
    assert centre.get(address).status == 404
    assert centre.get(f"{address}/sample").status == 404


def test_others_find_no_templates(client: PageClient, scene: Scene) -> None:
    version = make_template(scene, OutputKind.PLAN, DOCX, word("x"))
    client.login(scene.supporting_leader, PASSWORD)
    for address in ("", "/plan/docx", "/plan/docx/file", f"/versions/{version.id}/file"):
        assert client.get(f"/papers/templates{address}").status == 404


def test_service_refuses_whoever_is_not_of_the_centre(scene: Scene) -> None:
    version = make_template(scene, OutputKind.PLAN, DOCX, word("x"))
    for actor in (scene.commission, scene.supporting_leader, scene.administrator):
        with pytest.raises(Forbidden):
            output_templates.put_to_use(version, actor=actor)
        with pytest.raises(Forbidden):
            output_templates.use_shipped(OutputKind.PLAN, DOCX, actor=actor)
        with pytest.raises(Forbidden):
            output_templates.add_version(
                OutputKind.PLAN, DOCX, b"y", name="a", note="", actor=actor
            )


def test_service_says_what_changes_nothing(scene: Scene) -> None:
    with pytest.raises(StaleEdit):
        output_templates.use_shipped(OutputKind.PLAN, DOCX, actor=scene.centre)
    first = output_templates.add_version(
        OutputKind.PLAN, DOCX, b"y", name="a", note="", actor=scene.centre
    )
    with pytest.raises(Rejected):
        output_templates.add_version(
            OutputKind.PLAN, DOCX, b"y", name="b", note="", actor=scene.centre
        )
    output_templates.put_to_use(first, actor=scene.centre)
    output_templates.put_to_use(first, actor=scene.centre)
    assert db.session.query(Event).filter_by(action="put_to_use").count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_sample_has_every_placeholder_that_is_listed(kind: OutputKind) -> None:
    def look(path: str, facts: Any) -> None:
        name, _, rest = path.partition(".")
        value = facts[name.removesuffix("[]")]
        for one in value if name.endswith("[]") else [value]:
            if rest:
                look(rest, one)

    for one in placeholders(kind):
        look(one.path, sample(kind))
