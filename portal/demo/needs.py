"""Surveys and problems of the demonstration: what was found before a plan was drawn up (H-32)."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from portal import clock, reference_data
from portal.demo.papers import picture
from portal.models import (
    Area,
    Duty,
    Plan,
    Problem,
    ProblemSource,
    Severity,
    Side,
    SiteSurvey,
    SurveyItemKind,
)
from portal.policies.survey_sheet import Field, fields_of
from portal.services import files, problem_links, problems, survey_photos, survey_reports, surveys
from portal.services.problems import ProblemEntry
from portal.services.survey_answers import save_answer
from portal.services.surveys import DepartmentEntry, SurveyEntry, TeamEntry

if TYPE_CHECKING:
    from portal.demo.story import Story

DIGITS = {SurveyItemKind.NUMBER, SurveyItemKind.PERCENT}


def visit(
    story: "Story", day: date, *, size: int = 100, photo: bool = False
) -> tuple[SiteSurvey, list[Problem]]:
    """Survey the supported hospital from ``day`` on; both leaders confirm within a week.

    ``size`` scales the figures, in hundredths of the model hospital.
    """
    survey = begin(story, day, size=size, photo=photo)
    found = note_problems(story, survey, day + timedelta(days=1))
    hand_in(story, survey, day + timedelta(days=3))
    confirm(story, survey, day + timedelta(days=4), Side.SUPPORTING, Side.SUPPORTED)
    return survey, found


def begin(
    story: "Story", day: date, *, size: int = 100, part: float = 1, photo: bool = False
) -> SiteSurvey:
    """Plan the visit, go there and fill in ``part`` of the sheet."""
    actor = story.supporting.coordinator
    with clock.at(day - timedelta(days=2), 9):
        survey = surveys.plan_survey(story.pairing, _entry(story, day), actor=actor)
    with clock.at(day, 9):
        surveys.start_survey(survey, actor=story.supporting.leader)
    with clock.at(day, 14):
        answers = list(_answers(survey, size))
        surveys.edit_survey(survey, _entry(story, day, seen=True), seen_version=None, actor=actor)
        for field, text in answers[: int(len(answers) * part)]:
            save_answer(survey, field, text, seen=None, actor=actor)
        if photo:
            item = next(one for one in survey.template.items if one.key == "gp_clinic")
            kept = files.keep_upload("全科门诊.png", picture(story.pairing.id))
            survey_photos.add_photos(survey, item, [kept], caption="全科门诊候诊区", actor=actor)
    return survey


def note_problems(
    story: "Story", survey: SiteSurvey, day: date, *, without: Collection[str] = ()
) -> list[Problem]:
    """Write down what is wrong, but for the items in ``without``."""
    items = {item.key: item.id for item in survey.template.items}
    found = []
    for said in _data()["problem"]:
        if said["item"] in without:
            continue
        entry = ProblemEntry(
            area=Area(said["area"]),
            title=said["title"],
            severity=Severity(said["severity"]),
            source=ProblemSource.SURVEY,
            found_on=day,
            description=said["description"],
            need=said["need"],
            goal=said["goal"],
            survey_id=survey.id,
            item_id=items[said["item"]],
        )
        with clock.at(day, 10):
            found.append(
                problems.add_problem(story.pairing, entry, actor=story.supporting.coordinator)
            )
    return found


def hand_in(story: "Story", survey: SiteSurvey, day: date) -> None:
    """Write the report and send it to both leaders."""
    actor = story.supporting.coordinator
    data = _data()
    with clock.at(day, 9):
        survey_reports.write_report(
            survey,
            summary=data["summary"],
            advice=data["advice"],
            seen_version=None,
            actor=actor,
        )
    with clock.at(day, 10):
        survey_reports.send_report(survey, actor=actor)


def confirm(story: "Story", survey: SiteSurvey, day: date, *sides: Side) -> None:
    """Let the leaders of ``sides`` confirm the report."""
    for side in sides:
        leader = (story.supporting if side is Side.SUPPORTING else story.supported).leader
        with clock.at(day, 11 if side is Side.SUPPORTING else 16):
            survey_reports.confirm_report(survey, actor=leader)


def answer_by_tasks(story: "Story", plan: Plan, found: Collection[Problem], day: date) -> None:
    """Say which tasks of the plan answer which problem; one problem stays without a task."""
    wanted = {said["title"]: set(said["tasks"]) for said in _data()["problem"]}
    for problem in found:
        ids = [
            task.id
            for task in plan.tasks
            if task.code in wanted[problem.title] or task.code[:-2] in wanted[problem.title]
        ]
        if ids:
            with clock.at(day, 17):
                problem_links.link_tasks(problem, ids, actor=story.supporting.coordinator)


def _entry(story: "Story", day: date, *, seen: bool = False) -> SurveyEntry:
    """Return the visit: people of both groups; the departments, with what was ``seen`` there."""
    team = [
        TeamEntry(one.name, side, one.job_title)
        for side, home in ((Side.SUPPORTING, story.supporting), (Side.SUPPORTED, story.supported))
        for one in home.members(side)
        if one.duty in (Duty.TRAINING_OFFICE, Duty.GP_DIRECTOR)
    ]
    departments = [
        DepartmentEntry(name, day, note) if seen else DepartmentEntry(name)
        for name, note in _data()["departments"]
    ]
    title = f"{story.pairing.supported.short_name}实地调研"
    return SurveyEntry(title, day, day + timedelta(days=1), team, departments)


def _answers(survey: SiteSurvey, size: int) -> Iterator[tuple[Field, str]]:
    """Return what is typed into each field, in the sheet's order."""
    for item in survey.template.items:
        rows: dict[str, int] = {}
        for field in fields_of(item):
            at = rows.setdefault(field.row, len(rows))
            text = _answer(field, at, size)
            if text:
                yield field, text


def _answer(field: Field, at: int, size: int) -> str:
    """Return the answer of one field; empty where the file has none. Ratios work themselves out."""
    if field.kind is SurveyItemKind.RATIO:
        return ""
    key = f"{field.item.key}.{field.column}" if field.row else field.item.key
    data = _data()
    scaled = key in data["scaled"]
    value = data["scaled"].get(key, data["plain"].get(key, ""))
    if isinstance(value, list):
        value = value[at % len(value)]
    if scaled and field.kind in DIGITS:
        # Small numbers stay whole, and a part never grows beyond its whole.
        value = max(value * size // 100, 1) if value else 0
    return str(value)


def _data() -> dict[str, Any]:
    return reference_data.load("demo_survey")
