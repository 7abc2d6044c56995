"""The steps every pairing of the demonstration takes, through the portal's own services.

Each step happens at its day: the clock stands still there while the service runs, so the
demonstration's history is what the portal itself would have recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import BytesIO

import sqlalchemy as sa

from portal import clock, reference_data
from portal.demo import needs
from portal.demo import plans as own_plans
from portal.demo.cast import Hospital, account, hospital
from portal.demo.papers import paper, picture
from portal.extensions import db
from portal.models import (
    Agreement,
    Area,
    EvidenceKind,
    Meeting,
    Pairing,
    Plan,
    Problem,
    Side,
    SiteSurvey,
    Task,
    User,
)
from portal.policies.agreement_checks import ByEye
from portal.queries.library import library_tasks
from portal.services import (
    agreements,
    closure,
    delegations,
    evidence,
    files,
    goals,
    groups,
    meetings,
    minutes,
    plans,
)
from portal.services.meetings import AgendaEntry, MeetingEntry
from portal.services.minutes import MinutesEntry, ResolutionEntry
from portal.services.plan_tasks import set_owners
from portal.services.tasks import add_note

GOALS = {
    Area.DEPARTMENT: ("完成独立建科和全科门诊", "独立全科病房投入使用", "年门诊和出院人次达到标准"),
    Area.MANAGEMENT: ("建齐七类制度和三级管理架构", "院级督导闭环率100%", "模拟评估达到合格线"),
    Area.INCENTIVES: (
        "绩效分配方案正式实施",
        "全科人员收入不低于同级平均",
        "职称和岗位倾斜落实到人",
    ),
    Area.TEACHING: (
        "教学查房、小讲课每两周一次",
        "教学活动评分均值80分以上",
        "两项考试通过率85%以上",
    ),
    Area.FACULTY: ("带教师资全部持证上岗", "骨干师资省级培训全覆盖", "形成稳定的师资梯队"),
}


KIND_WORDS = (
    ("照片", EvidenceKind.PHOTO),
    ("签到", EvidenceKind.SIGN_IN),
    ("纪要", EvidenceKind.MINUTES),
    ("教案", EvidenceKind.TEACHING),
    ("课件", EvidenceKind.TEACHING),
    ("证", EvidenceKind.CERTIFICATE),
    ("记录", EvidenceKind.RECORD),
    ("总结", EvidenceKind.REPORT),
    ("报告", EvidenceKind.REPORT),
    ("表", EvidenceKind.DATA),
    ("清单", EvidenceKind.DATA),
)
"""What kind of paper a requirement means, by the first of these words in its name."""


def kind_named(name: str) -> EvidenceKind:
    """Return the kind of a paper called ``name``: most are documents."""
    return next((kind for word, kind in KIND_WORDS if word in name), EvidenceKind.DOCUMENT)


@dataclass
class Story:
    """One pairing on its way."""

    pairing: Pairing
    supporting: Hospital
    supported: Hospital
    reviewer: User
    survey: SiteSurvey | None = None
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, pairing: Pairing) -> "Story":
        """Begin the story of ``pairing``."""
        return cls(
            pairing,
            hospital(pairing.supporting),
            hospital(pairing.supported),
            account("zhongxin-reviewer"),
        )

    # Setting up ---------------------------------------------------------------------------

    def form_group(self, day: date, *, without: Sequence[str] = ()) -> None:
        """Fill the leadership group; duties in ``without`` stay empty on the supported side."""
        theirs = [
            entry
            for entry in self.supported.members(Side.SUPPORTED)
            if entry.duty.value not in without
        ]
        with clock.at(day, 9, 20):
            groups.save_group(
                self.pairing,
                [*self.supporting.members(Side.SUPPORTING), *theirs],
                established_on=day,
                seen_version=None,
                actor=self.supporting.coordinator,
            )

    def find_needs(self, day: date, *, size: int = 100, photo: bool = False) -> None:
        """Survey the supported hospital from ``day`` on, and write down what is wrong."""
        self.survey, self.problems = needs.visit(self, day, size=size, photo=photo)

    def draw_plan(self, day: date, *, leave_out: Sequence[str] = (), met: str = "") -> Plan:
        """Pick the tasks from the library, write the goals and put people in charge."""
        picked = [task for task in library_tasks() if task.code not in (*leave_out, met)]
        actor = self.supporting.coordinator
        with clock.at(day, 10):
            plan = plans.start_plan(self.pairing, actor=actor)
            plans.pick_from_library([plan], picked, starts_on=None, actor=actor)
            wanted = {
                (year, area): texts[year - 1] for area, texts in GOALS.items() for year in (1, 2, 3)
            }
            goals.save_goals(plan, wanted, seen=None, actor=actor)
            for area in Area:
                teaching = area in (Area.TEACHING, Area.FACULTY)
                person = self.supported.contributor if teaching else self.supported.coordinator
                set_owners(
                    plan,
                    area,
                    supporting_owner_id=actor.id,
                    supported_owner_id=person.id,
                    actor=actor,
                )
        own_plans.enrich(self, plan, day)
        if met:
            own_plans.meet_target(self, plan, met, day)
        needs.answer_by_tasks(self, plan, self.problems, day)
        return plan

    def endorse(self, plan: Plan, day: date, *sides: Side) -> None:
        """Let the leaders of ``sides`` agree to the plan."""
        for side in sides:
            leader = self._leader(side)
            with clock.at(day, 15 if side is Side.SUPPORTING else 16, 10):
                plans.endorse_plan(plan, actor=leader)

    def _leader(self, side: Side) -> User:
        return self.supporting.leader if side is Side.SUPPORTING else self.supported.leader

    # The agreement ------------------------------------------------------------------------

    def draft(self, day: date) -> Agreement:
        """Draft the agreement and open it for signing."""
        actor = self.supporting.coordinator
        with clock.at(day, 11):
            agreement = agreements.draft_agreement(self.pairing, actor=actor)
        with clock.at(day, 14, 30):
            agreements.open_signing(agreement, actor=actor)
        return agreement

    def sign(self, agreement: Agreement, day: date, *sides: Side) -> None:
        """Let the leaders of ``sides`` sign."""
        for side in sides:
            with clock.at(day, 10 if side is Side.SUPPORTING else 11):
                agreements.sign_agreement(agreement, actor=self._leader(side))

    def sign_by_deputy(self, agreement: Agreement, day: date, reason: str) -> None:
        """Let the supported hospital's coordinator sign for its leader, who is away."""
        home = self.supported
        with clock.at(day - timedelta(days=2), 8, 30):
            delegations.delegate_signing(
                home.leader,
                home.coordinator,
                starts_on=day - timedelta(days=2),
                ends_on=day + timedelta(days=7),
                reason=reason,
            )
        with clock.at(day, 11):
            agreements.sign_agreement(agreement, actor=home.coordinator)

    def submit(self, agreement: Agreement, day: date) -> None:
        """Attach the signed scan and send the agreement to the centre."""
        actor = self.supporting.coordinator
        scan = paper(
            "全科培训基地结对帮扶协议",
            [
                f"甲方：{self.pairing.supporting.name}",
                f"乙方：{self.pairing.supported.name}",
                "双方就结对帮扶的职责、权利与义务、三年工作计划和任务清单达成一致。",
                "（签字盖章页）",
            ],
            unit=self.pairing.supporting.short_name,
            date=f"{day.year}年{day.month}月{day.day}日",
        )
        with clock.at(day, 15):
            agreements.attach_scan(
                agreement, files.keep_upload("帮扶协议签字扫描件.pdf", scan), actor=actor
            )
        with clock.at(day, 15, 20):
            agreements.submit_agreement(agreement, actor=actor)

    def file(self, agreement: Agreement, day: date) -> None:
        """Let the centre put the agreement on file; the plan is in force."""
        with clock.at(day, 10, 40):
            agreements.file_agreement(agreement, actor=self.reviewer, checked=list(ByEye))

    def reach_filing(
        self, submitted: date, filed: date, *, size: int = 100, photo: bool = False
    ) -> Plan:
        """Take every step from the group to the filed agreement."""
        self.form_group(submitted - timedelta(days=22))
        self.find_needs(submitted - timedelta(days=19), size=size, photo=photo)
        plan = self.draw_plan(submitted - timedelta(days=12))
        self.endorse(plan, submitted - timedelta(days=6), Side.SUPPORTING, Side.SUPPORTED)
        agreement = self.draft(submitted - timedelta(days=4))
        self.sign(agreement, submitted - timedelta(days=1), Side.SUPPORTING, Side.SUPPORTED)
        self.submit(agreement, submitted)
        self.file(agreement, filed)
        return plan

    # Tasks --------------------------------------------------------------------------------

    def task(self, code: str) -> Task:
        """Return the pairing's task of that code (of the first year)."""
        return db.session.scalars(
            sa.select(Task)
            .where(Task.pairing_id == self.pairing.id, Task.code.in_([code, f"{code}-1"]))
            .order_by(Task.number)
        ).first() or _missing(code)

    def work(self, code: str, day: date, progress: int, body: str) -> Task:
        """Write a note of progress."""
        task = self.task(code)
        with clock.at(day, 16):
            add_note(task, progress=progress, body=body, actor=self.supported.coordinator)
        return task

    def prove(self, task: Task, day: date, *, leave: int = 0) -> None:
        """Upload a paper for each requirement, but for the last ``leave`` of them."""
        needed = task.requirements[: len(task.requirements) - leave]
        for number, requirement in enumerate(needed):
            photo = "照片" in requirement.name
            name = f"{requirement.name}.{'png' if photo else 'pdf'}"
            stream = (
                picture(task.number + number) if photo else self._paper(task, requirement.name, day)
            )
            actor = self.supported.coordinator
            with clock.at(day, 9, 10 + number):
                evidence.add_evidence(
                    task,
                    requirement=requirement,
                    file=files.store_upload(name, stream, pairing=self.pairing, actor=actor),
                    title=requirement.name,
                    kind=kind_named(requirement.name),
                    evidence_on=day - timedelta(days=2),
                    actor=actor,
                )

    def _paper(self, task: Task, name: str, day: date) -> BytesIO:
        lines = [
            f"任务：{task.code} {task.title}",
            f"材料：{name}",
            "本材料用于全科培训基地结对帮扶任务销号，内容属实。",
        ]
        unit = self.pairing.supported.short_name
        return paper(name, lines, unit=unit, date=f"{day.year}年{day.month}月{day.day}日")

    def apply(self, code: str, day: date, statement: str = "") -> Task:
        """Work on the task, prove it and apply for its closure."""
        task = self.work(code, day - timedelta(days=20), 60, "已按计划启动，正在收集佐证材料。")
        self.prove(task, day - timedelta(days=1))
        said = statement or f"{task.title}已完成，达到验收标准，佐证材料齐全，申请销号。"
        with clock.at(day, 10):
            closure.request_closure(task, statement=said, actor=self.supported.coordinator)
        return task

    def confirm(self, task: Task, day: date) -> None:
        """Let the supporting hospital's leader confirm."""
        with clock.at(day, 11):
            closure.confirm_closure(task, actor=self.supporting.leader, draw=lambda _: 0)

    def verify(self, task: Task, day: date) -> None:
        """Let the centre verify, where it has to."""
        with clock.at(day, 15, 30):
            closure.verify_closure(task, actor=self.reviewer, comment="材料齐全，同意销号。")

    def close(self, code: str, day: date) -> Task:
        """Take a task from its first note to its closure on ``day``."""
        task = self.apply(code, day - timedelta(days=7))
        self.confirm(task, day - timedelta(days=4))
        self.verify(task, day)
        return task

    # Meetings -----------------------------------------------------------------------------

    def meet(
        self,
        day: date,
        title: str,
        points: Sequence[tuple[str, str]],
        *,
        kind: str = "quarterly",
        resolution: ResolutionEntry | None = None,
        approved: date | None = None,
    ) -> Meeting:
        """Call a meeting, write its minutes and, if a day is given, have them approved."""
        actor = self.supporting.coordinator
        starts = datetime.combine(day, time(14, 30), clock.SHANGHAI)
        with clock.at(day - timedelta(days=5), 10):
            entry = MeetingEntry(
                kind=kind,
                planned_at=starts,
                title=title,
                place=f"{self.pairing.supported.short_name}行政楼三楼会议室",
                agenda=[AgendaEntry(point) for point, _ in points],
            )
            meeting = meetings.plan_meeting(self.pairing, entry, actor=actor)
        with clock.at(day + timedelta(days=2), 9):
            minutes.record_minutes(
                meeting,
                self._minutes(meeting, day, points, resolution),
                send=True,
                seen_version=None,
                actor=actor,
            )
        if approved:
            with clock.at(approved, 10):
                minutes.approve_minutes(meeting, actor=self.supporting.leader)
        return meeting

    def _minutes(
        self,
        meeting: Meeting,
        day: date,
        points: Sequence[tuple[str, str]],
        resolution: ResolutionEntry | None,
    ) -> MinutesEntry:
        said = dict(points)
        return MinutesEntry(
            held_on=day,
            chair=self.supporting.leader.name,
            recorder=self.supporting.coordinator.name,
            minutes="会议听取了双方工作汇报，研究了任务清单推进中的问题，明确了下一步安排。",
            attendance=minutes.invited(meeting, self.pairing.group),
            agenda=[
                AgendaEntry(item.title, item.task_id, item.id, said.get(item.title, ""))
                for item in meeting.agenda
            ],
            resolutions=[resolution] if resolution else [],
        )


def _missing(code: str) -> Task:
    raise LookupError(f"the pairing has no task {code}")


def first_due_codes() -> list[str]:
    """Return the codes of the tasks due within nine months, in the order of their dates."""
    tasks = reference_data.load("task_library_2020")["task"]
    early = [task for task in tasks if task["due_months"] <= 9]
    return [task["code"] for task in sorted(early, key=lambda task: task["due_months"])]
