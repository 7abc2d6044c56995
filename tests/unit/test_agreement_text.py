"""The wording of agreements: numbering, remarks, contradictions, and what changed."""

from datetime import UTC, date, datetime

import pytest

from portal.models import AgreementRevision, ClauseBlock
from portal.policies.agreement_checks import DEMANDED_BLOCKS, empty_blocks
from portal.policies.agreement_text import (
    UNDECIDED,
    Remark,
    article_label,
    articles,
    compose_reason,
    draft_clauses,
    required_keys,
    text_gaps,
)
from portal.policies.agreements import late_days
from portal.queries.agreement_diff import Change, compare_revisions
from portal.queries.text_diff import compare_texts

FACTS = {
    "supporting": "甲医院",
    "supported": "乙医院",
    "programme": "测试周期",
    "document": "测试通知",
    "start": "2020年5月22日",
    "end": "2023年5月21日",
    "deadline": "2020年5月22日",
    "years": "3",
    "centre": "省中心",
    "commission": "省卫健委",
    "leader": "林一川",
    "deputy": "王二海",
    "task_count": "48",
    "meeting_interval": "3",
    "supporting_contact": "陈三山",
    "supported_contact": "黄六安",
    "year_goals": "各年度目标以附件1为准。",
    "targets": "量化指标以计划为准。",
}
START, END = date(2020, 5, 22), date(2023, 5, 21)


def revision(**bodies: str) -> AgreementRevision:
    """Return a revision of the skeleton, with some clauses reworded."""
    clauses = draft_clauses(FACTS)
    for clause in clauses:
        clause.body = bodies.get(clause.key, clause.body)
    return AgreementRevision(number=1, starts_on=START, ends_on=END, clauses=clauses)


@pytest.mark.parametrize(
    ("number", "label"),
    [
        (1, "第一条"),
        (9, "第九条"),
        (10, "第十条"),
        (11, "第十一条"),
        (19, "第十九条"),
        (20, "第二十条"),
        (21, "第二十一条"),
        (30, "第三十条"),
    ],
)
def test_articles_are_numbered_in_chinese(number: int, label: str) -> None:
    assert article_label(number) == label


def test_the_skeleton_has_a_head_and_twenty_articles_and_no_placeholder_left() -> None:
    head, *found = articles(draft_clauses(FACTS))
    assert (head.label, head.name) == ("", "签约双方")
    assert "统一社会信用代码：＿" in head.clause.body
    assert [found[0].label, found[-1].label] == ["第一条", "第二十条"]
    assert not [one for one in found if "{" in one.clause.body]
    assert found[5].name == "第六条 甲方权利"


def test_an_emptied_clause_is_no_article_and_the_next_one_moves_up() -> None:
    whole = articles(revision().clauses)
    fewer = articles(revision(clinical_teaching_research=" \n").clauses)
    assert len(fewer) == len(whole) - 1
    place = [one.clause.key for one in whole].index("clinical_teaching_research")
    assert fewer[place].clause.key == whole[place + 1].clause.key
    assert fewer[place].label == whole[place].label


def test_every_block_the_notice_demands_is_required_in_the_skeleton() -> None:
    required = required_keys()
    blocks = {clause.block for clause in draft_clauses(FACTS) if clause.key in required}
    assert blocks.issuperset(DEMANDED_BLOCKS)
    assert "clinical_teaching_research" not in required


@pytest.mark.parametrize("block", DEMANDED_BLOCKS)
def test_a_block_without_text_is_named(block: ClauseBlock) -> None:
    emptied = {c.key: "  " for c in draft_clauses(FACTS) if c.block is block}
    assert empty_blocks(revision(**emptied)) == [block]


@pytest.mark.parametrize(
    ("bodies", "tasks", "said"),
    [
        ({}, 48, []),
        ({}, 0, []),
        ({}, 47, ["条款写明共48项，任务清单现有47项"]),
        ({"task_list_and_closure": "任务清单另附。"}, 47, []),
        ({"term_and_goals": "期限三年。"}, 48, ["起止日期与协议期限不一致"]),
        ({"term_and_goals": "自2020年5月22日起至2023年5月20日止。"}, 48, ["起止日期"]),
        ({"funding": f"由{UNDECIDED}承担。"}, 48, [f"“经费保障”条款中还有{UNDECIDED}"]),
    ],
)
def test_text_that_contradicts_the_facts_is_told(
    bodies: dict[str, str], tasks: int, said: list[str]
) -> None:
    gaps = text_gaps(revision(**bodies).clauses, START, END, tasks)
    assert len(gaps) == len(said)
    assert all(part in gap for part, gap in zip(said, gaps, strict=True))


def test_a_return_says_its_reason_and_then_each_remark() -> None:
    remarks = [Remark("经费保障", "写明承担方。\n写明比例。"), Remark("甲方权利", " 补充。 ")]
    assert compose_reason(" 请修改。", remarks) == (
        "请修改。\n【经费保障】写明承担方。\n写明比例。\n【甲方权利】补充。"
    )
    assert compose_reason("", []) == ""


@pytest.mark.parametrize(
    ("before", "after", "gone", "new"),
    [
        ("甲方每年派驻医师。", "甲方每年派驻医师2名。", [], ["2名"]),
        ("费用由双方协商确定。", "费用由乙方承担。", None, None),
        ("第一句。第二句。", "第一句。", ["第二句。"], []),
        ("", "新的一条。", [], ["新的一条。"]),
        ("相同的一条。", "相同的一条。", [], []),
    ],
)
def test_two_texts_are_compared_word_by_word(
    before: str, after: str, gone: list[str] | None, new: list[str] | None
) -> None:
    left, right = compare_texts(before, after)
    assert "".join(piece.text for piece in left) == before
    assert "".join(piece.text for piece in right) == after
    kept_left = "".join(piece.text for piece in left if not piece.marked)
    kept_right = "".join(piece.text for piece in right if not piece.marked)
    assert kept_left == kept_right
    if gone is not None:
        assert [piece.text for piece in left if piece.marked] == gone
        assert [piece.text for piece in right if piece.marked] == new


def test_two_sentences_with_little_in_common_are_shown_whole() -> None:
    left, right = compare_texts("往返交通由乙方承担", "医院提供食宿和办公条件")
    assert [piece.marked for piece in left] == [piece.marked for piece in right] == [True]


def test_a_clause_of_the_greatest_length_is_compared_in_no_time() -> None:
    old = "，".join(f"第{n}项工作由甲方负责" for n in range(500))[:5000]
    new = old.replace("甲方负责", "乙方承担").replace("，", "；")
    left, right = compare_texts(old, new)
    assert "".join(piece.text for piece in left) == old
    assert "".join(piece.text for piece in right) == new


def test_two_revisions_name_what_became_of_every_clause() -> None:
    before = revision()
    after = revision(funding="经费由乙方承担。", clinical_teaching_research="")
    after.ends_on = date(2023, 5, 22)
    changes = {one.key: one for one in compare_revisions(before, after)}
    assert changes[""].change is Change.CHANGED
    assert "".join(p.text for p in changes[""].after) == "自2020年5月22日起至2023年5月22日止"
    assert changes["funding"].change is Change.CHANGED
    assert changes["clinical_teaching_research"].change is Change.REMOVED
    assert changes["assessment"].change is Change.SAME
    back = {one.key: one for one in compare_revisions(after, before)}
    assert back["clinical_teaching_research"].change is Change.ADDED
    assert len(changes) == len(back) == 22


DEADLINE = date(2020, 5, 22)


@pytest.mark.parametrize(
    ("submitted", "days"),
    [
        (datetime(2020, 5, 20, 8, tzinfo=UTC), 0),
        # The last minute of the deadline's day in Shanghai, and the first of the next.
        (datetime(2020, 5, 22, 15, 59, tzinfo=UTC), 0),
        (datetime(2020, 5, 22, 16, 0, tzinfo=UTC), 1),
        (datetime(2020, 6, 1, 3, tzinfo=UTC), 10),
    ],
)
def test_lateness_is_counted_by_the_calendar_of_shanghai(submitted: datetime, days: int) -> None:
    assert late_days(submitted, DEADLINE, date(2021, 3, 15)) == days


@pytest.mark.parametrize(("today", "days"), [(DEADLINE, 0), (date(2020, 5, 25), 3)])
def test_what_was_never_submitted_is_late_up_to_today(today: date, days: int) -> None:
    assert late_days(None, DEADLINE, today) == days
