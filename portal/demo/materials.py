"""The demonstration's evidence: what kind each paper is, and pieces in every condition."""

from datetime import date
from io import BytesIO

from portal import clock
from portal.demo.papers import paper
from portal.demo.story import Story
from portal.models import Evidence, EvidenceKind, Meeting, Task, User
from portal.policies.evidence_places import Place
from portal.services import evidence, evidence_reviews, evidence_uses, files


def _sheet(story: Story, title: str, line: str, day: date) -> BytesIO:
    """Return a one-page paper of the supported hospital."""
    unit = story.pairing.supported.short_name
    return paper(title, [line], unit=unit, date=f"{day.year}年{day.month}月{day.day}日")


def _add(
    story: Story,
    task: Task,
    place: int,
    day: date,
    title: str,
    *,
    kind: EvidenceKind,
    expires_on: date | None = None,
    actor: User,
) -> Evidence:
    """Add a paper for the task's requirement at ``place``, counted from 0."""
    with clock.at(day, 9, 40):
        file = files.store_upload(
            f"{title}.pdf",
            _sheet(story, title, f"任务：{task.code} {task.title}", day),
            pairing=story.pairing,
            actor=actor,
        )
        return evidence.add_evidence(
            task,
            requirement=task.requirements[place],
            file=file,
            title=title,
            kind=kind,
            evidence_on=day,
            expires_on=expires_on,
            actor=actor,
        )


def reject_first(story: Story, task: Task, day: date) -> None:
    """Let the centre find fault with the first piece of a task that it has just returned."""
    with clock.at(day, 10, 20):
        evidence_reviews.reject_evidence(
            task.evidence_uses[0].evidence,
            reason="财务管理、支撑保障两类制度缺少文号和印发日期，请补齐后换新版本。",
            actor=story.reviewer,
        )


def show_every_condition(story: Story, meeting: Meeting) -> None:
    """Add a certificate that has expired, a list with two versions, and a sheet used thrice."""
    theirs, ours = story.supported.coordinator, story.supporting.coordinator
    teachers = story.task("E-02")
    certificate = _add(
        story,
        teachers,
        0,
        date(2020, 11, 10),
        "骨干师资聘任证书",
        kind=EvidenceKind.CERTIFICATE,
        expires_on=date(2021, 2, 28),
        actor=theirs,
    )
    _accept(certificate, date(2020, 11, 12), ours)
    _revise(story, teachers)
    shared = _add(
        story,
        story.task("E-04"),
        1,
        date(2021, 2, 20),
        "全科师资培训班签到表",
        kind=EvidenceKind.SIGN_IN,
        actor=story.supported.contributor,
    )
    _accept(shared, date(2021, 2, 22), ours)
    with clock.at(date(2021, 2, 23), 10):
        evidence_uses.use_evidence(
            story.task("E-03"), requirement=None, evidence=shared, actor=theirs
        )
    with clock.at(date(2021, 3, 8), 9):
        evidence_uses.use_for(Place(meeting), shared, actor=ours)


def _revise(story: Story, task: Task) -> None:
    """Add the list of teachers, and a year later the list with the new ones."""
    actor = story.supported.coordinator
    first = _add(
        story,
        task,
        1,
        date(2020, 11, 10),
        "在岗师资台账",
        kind=EvidenceKind.DATA,
        actor=actor,
    )
    _accept(first, date(2020, 11, 12), story.supporting.coordinator)
    day = date(2021, 3, 1)
    with clock.at(day, 11):
        evidence.replace_file(
            first,
            files.keep_upload(
                "在岗师资台账（2021年3月）.pdf",
                _sheet(story, "在岗师资台账（2021年3月）", "新增带教师资三名。", day),
            ),
            note="补充2021年新增的三名带教师资。",
            actor=actor,
        )


def _accept(piece: Evidence, day: date, actor: User) -> None:
    with clock.at(day, 15):
        evidence_reviews.accept_evidence(piece, actor=actor)
