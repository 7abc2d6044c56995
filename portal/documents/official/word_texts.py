"""Our Word templates of longer texts: the survey's report and the agreement."""

from portal.documents.official import word_page as page
from portal.documents.official.word_draft import Draft
from portal.documents.official.word_page import FLUSH, LEVEL_1, LEVEL_2, SUBTITLE


def survey_report() -> Draft:
    """实地调研报告."""
    draft = Draft()
    draft.title("{{ supporting }}赴{{ supported }}", "实地调研报告")
    with draft.when("is_draft"):
        draft.write("（待双方确认）", SUBTITLE)
    draft.write(
        "为落实《{{ document }}》要求，{{ supporting }}于{{ term }}组织人员到{{ supported }}开展"
        "“{{ name }}”。现将有关情况报告如下。"
    )
    _survey_visit(draft)
    draft.write("二、总体情况", LEVEL_1)
    _lines(draft, "summary", "总体情况待补充。")
    draft.write("三、调研数据", LEVEL_1)
    draft.write("以下数据取自《{{ sheet }}》。")
    with draft.each("section", "sections"):
        draft.write("（{{ section.numeral }}）{{ section.title }}", LEVEL_2)
        with draft.when("section.answers"):
            draft.table(
                [("项目", 70), ("内容", 50), ("备注", 36)],
                "section.answers",
                [(f"{{{{ one.{name} }}}}", False) for name in ("label", "value", "note")],
                style=page.FORM_CELL,
            )
        with draft.each("table", "section.tables"):
            draft.open_table("table", 156)
    draft.write("四、发现的问题", LEVEL_1)
    with draft.when("not problems"):
        draft.write("本次调研没有登记问题。")
    with draft.each("one", "problems"):
        draft.write(
            "{{ one.number }}. {{ one.title }}（{{ one.area }}，{{ one.severity }}）。"
            "{{ one.description }}{% if one.need %} 需求：{{ one.need }}{% endif %}"
        )
    draft.write("五、意见和建议", LEVEL_1)
    _lines(draft, "advice", "意见和建议待补充。")
    with draft.when("photos"):
        draft.write("六、现场照片", LEVEL_1)
        draft.write("现场照片{{ photos|length }}张，存于门户：{{ photos|join('、') }}。")
    draft.signatures()
    return draft


def _survey_visit(draft: Draft) -> None:
    draft.write("一、调研工作", LEVEL_1)
    draft.write("（一）调研组", LEVEL_2)
    with draft.when("not visitors"):
        draft.write("调研组成员未登记。")
    with draft.when("visitors"):
        draft.table(
            [("姓名", 34), ("单位", 34), ("职务", 88)],
            "visitors",
            [("{{ one.name }}", True), ("{{ one.side }}", True), ("{{ one.job_title }}", False)],
            style=page.FORM_CELL,
        )
    draft.write("（二）所到科室", LEVEL_2)
    with draft.when("not departments"):
        draft.write("所到科室未登记。")
    with draft.each("one", "departments"):
        draft.write(
            "{{ loop.index }}. {{ one.name }}{% if one.date %}（{{ one.date }}）{% endif %}"
            "{% if one.note %}：{{ one.note }}{% endif %}"
        )


def agreement() -> Draft:
    """帮扶协议: a contract, in the type of official papers but without a red head."""
    draft = Draft()
    draft.title("{{ heading }}")
    with draft.when("kind != '帮扶协议'"):
        draft.write("（{{ kind }}）", SUBTITLE)
    with draft.when("is_draft"):
        draft.write("（草稿，第{{ revision }}稿）", SUBTITLE)
    with draft.when("number"):
        draft.write("备案号：{{ number }}", FLUSH).alignment = 2
    # The text itself may begin with who agrees; then it says more than we know.
    with draft.when("clauses|rejectattr('label')|list == []"), draft.each("one", "parties"):
        draft.write("{{ one.name }}", FLUSH, label="{{ one.label }}：")
        for label in ("统一社会信用代码：", "法定代表人：", "地址：", "联系人和电话："):
            draft.write(label, FLUSH)
    draft.write("", FLUSH)
    with draft.each("clause", "clauses"):
        draft.write(
            "{% if clause.label %}{{ clause.label }}　{% endif %}{{ clause.title }}", LEVEL_1
        )
        with draft.each("line", "clause.paragraphs"):
            draft.write("{{ line }}")
    with draft.each("annex", "annexes"):
        draft.write(
            "{% if loop.first %}附件：{% else %}　　　{% endif %}"
            "{{ annex.number }}. {{ annex.title }}"
        )
    draft.signatures()
    with draft.each("annex", "annexes"), draft.when("annex.paragraphs or annex.tables"):
        with draft.when(
            "annex.is_wide and not (loop.previtem is defined and loop.previtem.is_wide)"
        ):
            page.section_end(draft.document, wide=False)
        _annex(draft)
    return draft


def _annex(draft: Draft) -> None:
    with draft.when("not annex.is_wide"):
        head = draft.write("", FLUSH, label="附件{{ annex.number }}")
        head.paragraph_format.page_break_before = True
        draft.title("{{ annex.title }}")
        with draft.each("line", "annex.paragraphs"):
            draft.write("{{ line }}")
        with draft.each("table", "annex.tables"):
            draft.open_table("table", 156)
    with draft.when("annex.is_wide"):
        draft.write("", FLUSH, label="附件{{ annex.number }}")
        draft.title("{{ annex.title }}")
        with draft.each("line", "annex.paragraphs"):
            draft.write("{{ line }}")
        with draft.each("table", "annex.tables"):
            draft.open_table("table", 225)
        page.section_end(draft.document, wide=True)


def _lines(draft: Draft, name: str, otherwise: str) -> None:
    with draft.when(f"not {name}"):
        draft.write(otherwise)
    with draft.each("line", name):
        draft.write("{{ line }}")
