"""Our Word templates of the plan, the task list and the ledger."""

from portal.documents.official import word_page as page
from portal.documents.official.word_draft import Draft
from portal.documents.official.word_page import FLUSH, LEVEL_1, LEVEL_2, LEVEL_3, SUBTITLE

TASKS_HEAD = [
    ("序号", 9),
    ("编号", 13),
    ("帮扶内容", 19),
    ("任务", 31),
    ("权重", 10),
    ("帮扶措施", 33),
    ("验收标准", 37),
    ("佐证材料", 24),
    ("受援方责任人", 14),
    ("帮扶方责任人", 14),
    ("起止时间", 21),
]
TASKS_CELLS = [
    ("{{ one.number }}", True),
    ("{{ one.code }}", True),
    ("{{ one.area }}", False),
    ("{{ one.title }}{% if one.steps %}\n节点：\n{{ one.steps }}{% endif %}", False),
    ("{{ one.weight }}", True),
    ("{{ one.measures }}", False),
    ("{{ one.criteria }}", False),
    ("{{ one.evidence }}", False),
    ("{{ one.supported_person }}", True),
    ("{{ one.supporting_person }}", True),
    ("{{ one.starts }}—\n{{ one.due }}", True),
]

LEDGER_HEAD = [
    ("序号", 8),
    ("编号", 13),
    ("帮扶内容", 15),
    ("来源", 15),
    ("问题", 21),
    ("任务", 24),
    ("帮扶措施", 23),
    ("受援方责任人", 13),
    ("帮扶方责任人", 13),
    ("起止时间", 18),
    ("节点", 26),
    ("进度", 9),
    ("状态", 12),
    ("销号、回头看", 15),
]
LEDGER_CELLS = [
    ("{{ one.number }}", True),
    ("{{ one.code }}", True),
    ("{{ one.area }}", True),
    ("{{ one.source }}", True),
    ("{{ one.problem }}", False),
    ("{{ one.title }}", False),
    ("{{ one.measures }}", False),
    ("{{ one.supported_person }}", True),
    ("{{ one.supporting_person }}", True),
    (
        "{{ one.starts }}—\n{{ one.due }}{% if one.first_due %}"
        "\n原定{{ one.first_due }}\n延期{{ one.extensions }}次{% endif %}",
        True,
    ),
    ("{{ one.steps }}", False),
    ("{{ one.progress }}", True),
    ("{% if one.light != one.state %}{{ one.light }}\n{% endif %}{{ one.state }}", True),
    ("{{ one.closed }}{% if one.look_back %}\n{{ one.look_back }}{% endif %}", True),
]

BOTH = "{{ supporting }}帮扶{{ supported }}"


def plan() -> Draft:
    """三年帮扶工作计划."""
    draft = Draft()
    draft.title(BOTH, "三年帮扶工作计划")
    with draft.when("is_draft"):
        draft.write("（征求意见稿）", SUBTITLE)
    with draft.when("version"):
        draft.write("{{ version }}", SUBTITLE)
    draft.write(
        "为落实《{{ document }}》要求，做好“{{ programme }}”工作，{{ supporting }}（帮扶方）与"
        "{{ supported }}（受援方）在实地调研的基础上，商定三年帮扶工作计划如下。"
    )
    draft.write("一、帮扶期限", LEVEL_1)
    draft.write("帮扶期限为{{ years }}年，自{{ term }}。")
    draft.write("二、组织领导", LEVEL_1)
    draft.write(
        "双方成立帮扶领导小组，至少每{{ interval }}个月召开一次会议，研究解决帮扶工作中的问题，"
        "逐项落实议定事项。领导小组成员{% if members %}如下：{% else %}待定。{% endif %}"
    )
    with draft.when("members"):
        draft.table(
            [("组内职务", 30), ("姓名", 34), ("单位", 46), ("职务", 46)],
            "members",
            [(f"{{{{ one.{name} }}}}", True) for name in ("role", "name", "hospital", "job_title")],
            style=page.FORM_CELL,
        )
    _plan_problems(draft)
    _plan_goals(draft)
    _plan_tasks(draft)
    draft.write("", FLUSH)
    draft.write("附件：任务清单")
    draft.signatures()
    _amendments(draft)
    return draft


def _plan_problems(draft: Draft) -> None:
    draft.write("三、存在问题", LEVEL_1)
    draft.write(
        "{% if problem_count == '0' %}双方尚未登记需要帮扶解决的问题。{% else %}"
        "经调研，受援方在以下方面存在{{ problem_count }}个需要帮扶解决的问题。{% endif %}"
    )
    with draft.each("area", "areas"), draft.when("area.problems"):
        draft.write("（{{ area.numeral }}）{{ area.name }}", LEVEL_2)
        with draft.each("one", "area.problems"):
            draft.write(
                "{{ loop.index }}. {{ one.title }}（{{ one.severity }}）。"
                "{% if one.need %}需求：{{ one.need }}{% endif %}"
            )


def _plan_goals(draft: Draft) -> None:
    draft.write("四、年度目标", LEVEL_1)
    with draft.each("area", "areas"):
        draft.write("（{{ area.numeral }}）{{ area.name }}", LEVEL_2)
        with draft.when("not area.goals and not area.figures"):
            draft.write("本方面未单列年度目标，以任务验收标准为准。")
        with draft.each("one", "area.goals"):
            draft.write("{{ one.year }}：{{ one.text }}")
        with draft.when("area.figures"):
            draft.table(
                [("指标", 60), ("基线值", 28), ("逐年目标值", 68)],
                "area.figures",
                [
                    ("{{ one.name }}", False),
                    ("{{ one.baseline }}", True),
                    ("{{ one.targets }}", False),
                ],
                style=page.FORM_CELL,
            )


def _plan_tasks(draft: Draft) -> None:
    draft.write("五、重点任务", LEVEL_1)
    draft.write("计划共列任务{{ task_count }}项。")
    with draft.each("area", "areas"):
        draft.write("（{{ area.numeral }}）{{ area.name }}", LEVEL_2)
        with draft.when("not area.tasks"):
            draft.write("本方面暂无任务。")
        with draft.each("one", "area.tasks"):
            draft.write(
                "{{ one.number }}. {{ one.title }}（{{ one.code }}，{{ one.weight }}）", LEVEL_3
            )
            for name, label in (
                ("measures", "帮扶措施"),
                ("criteria", "验收标准"),
                ("evidence", "佐证材料"),
                ("people", "责任人"),
                ("term", "完成时间"),
                ("steps", "节点"),
            ):
                with draft.when(f"one.{name}"):
                    draft.write(f"{label}：{{{{ one.{name} }}}}")
    with draft.when("met"):
        draft.write("六、已经达标的核心任务", LEVEL_1)
        with draft.each("one", "met"):
            draft.write("{{ loop.index }}. {{ one.title }}：{{ one.statement }}（{{ one.date }}）")


def _amendments(draft: Draft) -> None:
    """List below the signatures what was approved since."""
    with draft.when("amendments"):
        draft.write("", FLUSH)
        draft.write("双方签署后，本计划经以下调整，内容以调整后的为准：")
        with draft.each("one", "amendments"):
            draft.write(
                "第{{ one.number }}次计划调整：{{ one.reason }} 双方负责人同意："
                "{{ one.consents }}；省中心批准：{{ one.approver }}（{{ one.approved }}）。"
            )


def task_list() -> Draft:
    """任务清单."""
    draft = Draft(wide=True)
    draft.title(BOTH, "任务清单")
    with draft.when("version"):
        draft.write("{{ version }}", SUBTITLE)
    draft.write("帮扶周期：{{ programme }}", FLUSH)
    draft.write("任务项数：{{ count }}　　状态：{{ state }}", FLUSH)
    draft.table(
        TASKS_HEAD,
        "tasks",
        TASKS_CELLS,
        style=page.SMALL_CELL,
    )
    draft.signatures()
    _amendments(draft)
    return draft


def ledger() -> Draft:
    """销号台账."""
    draft = Draft(wide=True)
    draft.title(BOTH, "销号台账")
    draft.write(
        "截至{{ date }}：任务{{ count }}项，已销号{{ closed_count }}项，逾期{{ overdue_count }}项"
        "{% if cancelled_count != '0' %}，已取消{{ cancelled_count }}项{% endif %}。"
        "{% if not is_binding %}（计划尚未生效）{% endif %}",
        FLUSH,
    )
    draft.table(
        LEDGER_HEAD,
        "lines",
        LEDGER_CELLS,
        style=page.SMALL_CELL,
    )
    return draft
