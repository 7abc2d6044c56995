"""What makes a plan of the demonstration its own: figures, measures, milestones, met targets."""

from datetime import date
from typing import TYPE_CHECKING

from portal import clock
from portal.models import Area, Plan, SiteSurvey, Task
from portal.queries.library import library_tasks
from portal.services.goal_figures import FigureEntry, save_figures
from portal.services.met_targets import MetEntry, add_met_target
from portal.services.plan_tasks import edit_task

if TYPE_CHECKING:
    from portal.demo.story import Story

FIGURES = (
    (Area.DEPARTMENT, "全科病床数", "张", "gp_beds", ("16", "20", "24")),
    (Area.DEPARTMENT, "年全科门诊人次", "人次", "gp_visits", ("11000", "13000", "15000")),
    (Area.MANAGEMENT, "院领导主持的培训专题会议", "次", "head_meetings", ("2", "4", "4")),
    (Area.INCENTIVES, "全科医师收入与同级人员之比", "", "income_ratio", ("0.95", "1", "1")),
    (Area.TEACHING, "公共理论学习完成率", "%", "common_theory", ("92", "96", "100")),
    (Area.FACULTY, "持有效师资证人数", "人", "certified_teachers", ("11", "14", "14")),
)
"""Figures of a plan: area, name, unit, the item its baseline is taken from, targets by year."""

Steps = tuple[tuple[int, str], ...]
OWN_TEXTS: dict[str, tuple[str, Steps]] = {
    "A-04": (
        "帮扶方派病房护士长驻点两周，双方共同制定排班和值班制度。",
        ((2, "病房改造方案批复"), (4, "床位调整到位")),
    ),
    "C-01": (
        "帮扶方提供绩效分配办法样本，双方人事、财务部门共同测算。",
        ((2, "完成测算"), (4, "职代会审议")),
    ),
    "D-08-1": ("帮扶方每月示范一次教学查房，受援方每两周开展一次。", ()),
}
"""Measures of a task, and its milestones in months after its start."""

PERSON = "E-02-1"
"""A task whose person in charge has no account: the head of the training office."""


def enrich(story: "Story", plan: Plan, day: date) -> None:
    """Write figures from the baseline, measures, milestones and a person without an account."""
    actor = story.supporting.coordinator
    with clock.at(day, 14):
        if story.survey is not None:
            save_figures(plan, _figures(story.survey), seen=None, actor=actor)
        for task in list(plan.tasks):
            texts = _texts(story, task)
            if texts:
                edit_task(task, texts, seen_version=None, actor=actor)


def meet_target(story: "Story", plan: Plan, code: str, day: date) -> None:
    """Leave a core task out of the plan: the survey saw that its target is met already."""
    standard = next(task for task in library_tasks() if task.code == code)
    entry = MetEntry(
        statement="执业许可证副本已登记“全科医疗科”，有效期至2024年6月，调研组现场核对。",
        met_on=story.survey.starts_on if story.survey else day,
        survey=story.survey,
    )
    with clock.at(day, 14, 30):
        add_met_target(plan, standard, entry, actor=story.supporting.coordinator)


def _figures(survey: SiteSurvey) -> list[FigureEntry]:
    """Return the lines of the figures' form, their baselines from the survey."""
    found = {one.item.key: one.value for one in survey.answers if not one.cell}
    return [
        FigureEntry(area, name, unit, found.get(key, ""), targets, key if key in found else "")
        for area, name, unit, key, targets in FIGURES
    ]


def _texts(story: "Story", task: Task) -> dict[str, str]:
    """Return what the coordinators write into a task."""
    texts: dict[str, str] = {}
    if task.code in OWN_TEXTS:
        texts["measures"], steps = OWN_TEXTS[task.code]
        days = [(clock.add_months(task.starts_on, months), title) for months, title in steps]
        texts["milestones"] = "\n".join(f"{day.isoformat()} {title}" for day, title in days)
    if task.code == PERSON:
        texts["supported_owner"] = story.supported.training_head
    return texts
