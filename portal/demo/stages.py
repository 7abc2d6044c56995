"""Where each of the ten pairings stands on the demonstration's first day, 2021-03-15.

Some agreements came late, some tasks are red, one application and one agreement are
returned, one task was reopened by a look-back, one year is scored to the end: every page
has something true to show.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from portal import clock
from portal.demo import assessed, changes, library, materials, needs
from portal.demo.story import Story, first_due_codes
from portal.models import Agreement, Area, Assessment, ExtensionReason, Pairing, Side
from portal.services import agreements, closure
from portal.services.minutes import ResolutionEntry

QUARTERLY = [
    ("通报任务清单进展和红黄灯任务", "逐项听取受援方汇报，明确滞后任务的责任人。"),
    ("研究人员派驻和进修安排", "帮扶方每季度派驻全科医师、护士各一名。"),
    ("研究下一季度重点工作", "重点推进建科、制度建设和师资培训。"),
]
KICK_OFF = [
    ("学习结对帮扶机制的通知", "传达省卫生健康委通知要求。"),
    ("通过领导小组成员和职责分工", "一致通过。"),
    ("部署实地调研和计划编制", "两周内完成调研，形成问题清单。"),
]


def play(pairings: Sequence[Pairing]) -> None:
    """Take every pairing to its stage. ``pairings`` are in the order of the notice's table."""
    stories = [Story.of(pairing) for pairing in pairings]
    model, wenchang, qionghai, third, wanning, sanya, zongyuan, xibu, haikousi, danzhou = stories
    _well_on_the_way(model)
    _in_the_middle(wenchang)
    _late_and_red(qionghai)
    _looked_back(wanning)
    _hardly_begun(haikousi)
    _at_the_centre(third)
    _returned(sanya)
    _being_signed(zongyuan)
    _being_planned(xibu)
    _being_surveyed(danzhou)
    _assess(model, wenchang, qionghai, wanning, haikousi)
    _ask_for_time(qionghai)
    _amend(model)
    _ask_to_amend(wanning)
    library.show_example(model, "B-05", date(2021, 3, 2))
    library.draft_next_edition(date(2021, 3, 11))


def _close_from(story: Story, codes: Sequence[str], first: date, step: int = 6) -> None:
    """Close tasks one after the other, every ``step`` days."""
    for number, code in enumerate(codes):
        story.close(code, first + timedelta(days=step * number))


def _hold_quarterly(story: Story, *days: date) -> None:
    """Hold a meeting on each day, its minutes approved within two weeks."""
    for number, day in enumerate(days, start=1):
        title = f"帮扶领导小组第{'一二三四'[number - 1]}次季度例会"
        story.meet(day, title, QUARTERLY, approved=day + timedelta(days=9))


def _well_on_the_way(story: Story) -> None:
    """Filed in time, everything due is closed, met every quarter."""
    story.reach_filing(date(2020, 5, 18), date(2020, 5, 20), size=120, photo=True)
    story.meet(
        date(2020, 5, 29),
        "帮扶领导小组成立暨启动会",
        KICK_OFF,
        kind="kick_off",
        approved=date(2020, 6, 8),
        resolution=ResolutionEntry(
            "受援方设立全科教学门诊诊室并完成标识",
            Side.SUPPORTED,
            due_on=date(2020, 9, 30),
            area=Area.DEPARTMENT,
            criteria="教学门诊诊室挂牌启用，排班覆盖工作日。",
            evidence="诊室照片",
        ),
    )
    _close_from(story, first_due_codes(), date(2020, 7, 20), step=10)
    story.close("A-06", date(2021, 2, 26))
    story.apply("B-07", date(2021, 3, 9))
    story.work("A-04", date(2021, 3, 2), 40, "病房改造方案已批复，床位调整文件正在会签。")
    _hold_quarterly(story, date(2020, 8, 20), date(2020, 11, 18), date(2021, 2, 3))


def _in_the_middle(story: Story) -> None:
    """Filed in time; applications wait at both desks and one came back."""
    story.reach_filing(date(2020, 5, 21), date(2020, 5, 25), photo=True)
    codes = first_due_codes()
    _close_from(story, codes[:10], date(2020, 7, 28), step=9)
    for code, day in (("C-01", date(2021, 3, 4)), ("E-01", date(2021, 3, 10))):
        story.apply(code, day)
    ready = story.apply("A-03", date(2021, 2, 25))
    story.confirm(ready, date(2021, 3, 3))
    back = story.apply("B-05", date(2021, 2, 22))
    story.confirm(back, date(2021, 2, 26))
    with clock.at(date(2021, 3, 5), 10):
        closure.return_closure(
            back,
            reason="财务管理、支撑保障两类制度缺少文号和印发日期，请补齐后重新申请。",
            actor=story.reviewer,
        )
    materials.reject_first(story, back, date(2021, 3, 5))
    _hold_quarterly(story, date(2020, 8, 26), date(2020, 11, 25))
    third = story.meet(date(2021, 3, 3), "帮扶领导小组第三次季度例会", QUARTERLY)
    materials.show_every_condition(story, third)


def _late_and_red(story: Story) -> None:
    """Filed twelve days late, and a third of what was due is open."""
    story.reach_filing(date(2020, 6, 3), date(2020, 6, 9), size=80)
    codes = first_due_codes()
    _close_from(story, codes[:7], date(2020, 8, 10), step=14)
    story.work("A-02", date(2020, 12, 10), 50, "建科文件已报院长办公会，等待编制部门批复。")
    story.work("C-01", date(2021, 1, 14), 30, "绩效方案完成测算，待职代会审议。")
    _hold_quarterly(story, date(2020, 9, 9), date(2020, 12, 16))


def _looked_back(story: Story) -> None:
    """On time, but a look-back reopened one closed task."""
    story.reach_filing(date(2020, 5, 20), date(2020, 5, 22))
    codes = first_due_codes()
    _close_from(story, codes[:12], date(2020, 7, 24), step=11)
    with clock.at(date(2021, 3, 1), 14):
        closure.reopen_task(
            story.task(codes[4]),
            reason="回头看抽查：近一个月教学查房记录缺两次，签到表无学员签名。",
            actor=story.reviewer,
        )
    for code, day in (("A-03", date(2021, 2, 24)), ("C-03", date(2021, 3, 8))):
        task = story.apply(code, day)
        story.confirm(task, day + timedelta(days=3))
    _hold_quarterly(story, date(2020, 8, 12), date(2020, 11, 11), date(2021, 2, 24))


def _ask_for_time(story: Story) -> None:
    """One extension was granted, one waits for the centre."""
    granted = changes.ask_for_time(
        story,
        "C-01",
        date(2020, 11, 9),
        date(2021, 1, 31),
        ExtensionReason.APPROVAL,
        "绩效方案须经职代会审议，医院职代会定于明年1月召开。",
    )
    changes.grant(story, granted, date(2020, 11, 12), "情况属实，同意延至明年1月底，请抓紧测算。")
    changes.ask_for_time(
        story,
        "A-02",
        date(2021, 3, 9),
        date(2021, 5, 31),
        ExtensionReason.APPROVAL,
        "建科涉及编制调整，市编制部门预计4月底批复，申请延至5月底。",
    )


def _amend(story: Story) -> None:
    """An amendment is approved: one text changes, one task rests by a resolution."""
    resting = story.task("D-15")
    meeting = story.meet(
        date(2021, 2, 9),
        "学员理论考试平台建设专题协调会",
        [("考试平台建设延期的应对", "平台由省级统一建设，本院不再单独采购，相关任务暂停。")],
        kind="issue",
        resolution=ResolutionEntry(
            "省级平台建成前暂停相关任务",
            Side.SUPPORTED,
            due_on=date(2021, 12, 31),
            task_id=resting.id,
        ),
        approved=date(2021, 2, 18),
    )
    amendment = changes.draft_amendment(
        story,
        date(2021, 2, 19),
        "省级平台统一建设，原任务无法由本院单独完成；教学门诊标准随省中心要求提高。",
        {"A-07": {"criteria": "按新要求完成，并经帮扶方现场核对。"}},
        resting=[resting],
        resolution=meeting.resolutions[0],
    )
    changes.consent(story, amendment, date(2021, 2, 23))
    changes.approve(story, amendment, date(2021, 2, 26))


def _ask_to_amend(story: Story) -> None:
    """Both leaders consented; the amendment waits for the centre."""
    amendment = changes.draft_amendment(
        story,
        date(2021, 3, 4),
        "受援方病房改造分两期进行，独立病房的验收标准需写明分期安排。",
        {"A-04": {"criteria": "一期开放床位不少于20张，二期按批复方案扩充；值班由本科室承担。"}},
    )
    changes.consent(story, amendment, date(2021, 3, 10))


def _hardly_begun(story: Story) -> None:
    """Filed a week late, little closed, and no meeting since the first."""
    story.reach_filing(date(2020, 5, 29), date(2020, 6, 2), size=70)
    _close_from(story, first_due_codes()[:4], date(2020, 8, 18), step=25)
    story.meet(
        date(2020, 6, 18),
        "帮扶领导小组成立暨启动会",
        KICK_OFF,
        kind="kick_off",
        approved=date(2020, 6, 29),
    )


def _ready_to_sign(story: Story, day: date, *, met: str = "") -> Agreement:
    """Take the pairing to an agreement open for signing on ``day``."""
    story.form_group(day - timedelta(days=40))
    story.find_needs(day - timedelta(days=36), size=90)
    plan = story.draw_plan(day - timedelta(days=25), met=met)
    story.endorse(plan, day - timedelta(days=10), Side.SUPPORTING, Side.SUPPORTED)
    return story.draft(day)


def _at_the_centre(story: Story) -> None:
    """Months late; a deputy signed for one side, and the agreement waits for the centre."""
    agreement = _ready_to_sign(story, date(2021, 3, 2))
    story.sign(agreement, date(2021, 3, 5), Side.SUPPORTING)
    story.sign_by_deputy(agreement, date(2021, 3, 5), "负责人3月3日至12日赴省外培训。")
    story.submit(agreement, date(2021, 3, 8))


def _returned(story: Story) -> None:
    """The agreement came back."""
    agreement = _ready_to_sign(story, date(2021, 2, 22), met="A-01")
    story.sign(agreement, date(2021, 2, 25), Side.SUPPORTING, Side.SUPPORTED)
    story.submit(agreement, date(2021, 3, 1))
    with clock.at(date(2021, 3, 9), 16):
        agreements.return_agreement(
            agreement,
            reason="人员派驻的期限和人数未写明，请按每年派驻不少于30天补充；经费条款请注明来源。",
            actor=story.reviewer,
        )


def _being_signed(story: Story) -> None:
    """One leader has signed, the other not yet."""
    agreement = _ready_to_sign(story, date(2021, 3, 9))
    story.sign(agreement, date(2021, 3, 11), Side.SUPPORTING)


def _being_planned(story: Story) -> None:
    """The plan is drawn, one side has agreed; the survey's report lacks one confirmation."""
    story.form_group(date(2021, 2, 18))
    survey = needs.begin(story, date(2021, 2, 23), size=110)
    story.problems = needs.note_problems(story, survey, date(2021, 2, 24))
    needs.hand_in(story, survey, date(2021, 3, 1))
    needs.confirm(story, survey, date(2021, 3, 3), Side.SUPPORTING)
    plan = story.draw_plan(date(2021, 3, 5), leave_out=("C-06", "D-15", "E-06"))
    story.endorse(plan, date(2021, 3, 11), Side.SUPPORTING)


def _being_surveyed(story: Story) -> None:
    """The group has gaps; the visitors are in the field with half of the sheet filled in."""
    story.form_group(date(2021, 3, 10), without=("training_office_head", "gp_base_director"))
    needs.begin(story, date(2021, 3, 12), size=60, part=0.5)


def _assess(
    model: Story, wenchang: Story, qionghai: Story, wanning: Story, haikousi: Story
) -> None:
    """Take the assessments of 2020 to five different stages."""
    stories = (model, wenchang, qionghai, wanning, haikousi)
    opened = assessed.open_year([story.pairing for story in stories])

    def of(story: Story) -> Assessment:
        return opened[story.pairing.id]

    both = (Side.SUPPORTING, Side.SUPPORTED)
    for story in (model, wanning, qionghai):
        assessed.hand_in(story, of(story), *both)
    assessed.hand_in(wenchang, of(wenchang), Side.SUPPORTING)
    assessed.hand_in(haikousi, of(haikousi), *both)
    for story, harsher, expert in (
        (model, 0, ""),
        (wanning, 1, ""),
        (qionghai, 1, "expert-quanke"),
    ):
        assessed.review(of(story), story.reviewer, harsher=harsher, expert=expert)
    for story in (model, wanning):
        assessed.issue(of(story), story.reviewer)
    assessed.publish(of(model))
