"""Our Word templates of what is confirmed: the closure slip and the receipt."""

from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from portal.documents.official import word_page as page
from portal.documents.official.word_draft import BLANK_DAY, Draft
from portal.documents.official.word_page import FLUSH, LEVEL_1

TASK = [
    ("任务名称", "{{ task }}（{{ code }}，{{ weight }}任务）"),
    ("帮扶内容", "{{ area }}"),
    ("帮扶方", "{{ supporting }}"),
    ("受援方", "{{ supported }}"),
    ("解决的问题", "{{ problem or '—' }}"),
    ("帮扶措施", "{{ measures or '—' }}"),
    ("验收标准", "{{ criteria }}"),
    (
        "起止时间",
        "{{ term }}{% if first_due %}（原定{{ first_due }}，延期{{ extensions }}次）{% endif %}",
    ),
    ("完成情况", "{{ statement }}"),
]
FILED = [
    ("帮扶周期", "{{ programme }}"),
    ("协议期限", "{{ term }}"),
    ("双方签署", "{{ signed }}"),
    ("报送时间", "{{ received }}收到（期限{{ deadline }}，{{ timeliness }}）"),
    ("审核人", "{{ reviewer }}"),
    ("协议文本校验值", "{% if text_hash %}SHA-256：{{ text_hash }}{% else %}—{% endif %}"),
    ("签署扫描件", "{{ scan_name }}\nSHA-256：{{ scan_hash }}"),
]


def closure_slip() -> Draft:
    """销号确认单."""
    draft = Draft()
    draft.title("销号确认单")
    draft.write("编号：{{ number }}", FLUSH)
    draft.write("帮扶周期：{{ programme }}", FLUSH)
    draft.form(TASK)
    draft.form(
        [
            ("受援方申请", _opinion("application")),
            ("帮扶方确认", _opinion("confirmation")),
            ("省中心核验", _opinion("verification")),
            (
                "结论",
                "{{ verdict }}（{{ closed }}）{% if reopened %}\n回头看：{{ reopened }}{% endif %}",
            ),
        ]
    )
    draft.write("", FLUSH, label="佐证材料").paragraph_format.keep_with_next = True
    with draft.when("not evidence"):
        draft.write("本任务不要求提交材料。", FLUSH)
    with draft.when("evidence"):
        draft.table(
            [
                ("序号", 10),
                ("要求", 36),
                ("材料", 52),
                ("形成日期", 24),
                ("文件校验值（前16位）", 34),
            ],
            "evidence",
            [
                ("{{ one.number }}", True),
                ("{{ one.requirement }}", False),
                ("{{ one.title }}\n{{ one.file_name }}", False),
                ("{{ one.date }}", True),
                ("{{ one.sha256[:16] }}", False),
            ],
        )
    draft.seals(
        [
            [name, "（盖章）", "", "负责人（签字）：", f"日期：{BLANK_DAY}"]
            for name in ("{{ supported }}", "{{ supporting }}")
        ]
    )
    return draft


def _opinion(one: str) -> str:
    """Return what one step of a closure says, with who decided and when below it."""
    by = f"{{{{ {one}.name }}}}（{{{{ {one}.hospital }}}}）　{{{{ {one}.date }}}}"
    return f"{{{{ {one}.text }}}}\n{{% if {one}.name %}}{by}{{% endif %}}"


def receipt() -> Draft:
    """备案回执: a letter of the centre (GB/T 9704-2012, 10.1)."""
    draft = Draft(letter=True)
    _letterhead(draft.document.sections[0])
    draft.write("{{ number }}", FLUSH).alignment = 2
    draft.write("", FLUSH)
    draft.title("全科培训基地结对帮扶协议", "备案回执")
    draft.write("{{ supporting }}、{{ supported }}：", FLUSH)
    draft.write(
        "你们报送的{{ kind }}收悉。经审查，材料齐全，符合《{{ document }}》要求，准予备案，备案号为"
        "{{ number }}。本协议是考核双方帮扶工作的重要依据，请双方认真履行。"
    )
    draft.write("一、备案事项", LEVEL_1)
    draft.form(
        FILED,
        label_width=36,
    )
    draft.write("二、审查结论", LEVEL_1)
    draft.table(
        [("序号", 12), ("审查事项", 70), ("结论", 28), ("说明", 46)],
        "points",
        [
            ("{{ one.number }}", True),
            ("{{ one.label }}", False),
            ("{{ one.verdict }}", True),
            ("{{ one.note }}", False),
        ],
        style=page.FORM_CELL,
    )
    draft.write("三、报送经过", LEVEL_1)
    draft.table(
        [("稿次", 22), ("报送日期", 40), ("结果", 94)],
        "submissions",
        [("{{ one.number }}", True), ("{{ one.submitted }}", True), ("{{ one.result }}", False)],
        style=page.FORM_CELL,
    )
    draft.write("{{ centre }}", page.RIGHT).paragraph_format.keep_with_next = True
    draft.write("{{ date }}", page.RIGHT)
    return draft


def _letterhead(section: Any) -> None:
    """Write the name of the centre in red, a double red line below it and one at the foot."""
    head = section.first_page_header.paragraphs[0]
    head.style, head.alignment = page.FLUSH, 1
    run = head.add_run("{{ centre }}")
    run.font.size, run.font.color.rgb = Pt(26), page.RED
    fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), page.BIAOSONG)
    _red_line(head, "bottom", "thickThinSmallGap")
    foot = section.first_page_footer.paragraphs[0]
    foot.style = page.FLUSH
    _red_line(foot, "top", "thinThickSmallGap")


def _red_line(paragraph: Any, side: str, kind: str) -> None:
    layout = paragraph.paragraph_format
    # 170 mm in the middle of the page; the text stands 28 and 26 mm from its edges.
    layout.left_indent, layout.right_indent = Mm(-8), Mm(-6)
    layout.line_spacing = Pt(36)
    borders, line = OxmlElement("w:pBdr"), OxmlElement(f"w:{side}")
    for name, value in (("val", kind), ("sz", "18"), ("space", "4"), ("color", "D7000F")):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:snapToGrid", "w:spacing", "w:ind", "w:jc"
    )
