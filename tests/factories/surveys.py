"""Surveys in each state, made through the services as people make them."""

import io
from collections.abc import Mapping
from datetime import date, timedelta

from portal import clock
from portal.extensions import db
from portal.models import (
    Area,
    Pairing,
    Side,
    SiteSurvey,
    SurveyAnswer,
    SurveyItem,
    SurveyItemKind,
    SurveyPhoto,
    SurveyTemplate,
    User,
)
from portal.policies.survey_sheet import Field, Sheet
from portal.services import survey_answers, survey_photos, survey_reports, surveys
from portal.services.files import keep_upload
from portal.services.first_run import load_survey_template
from portal.services.surveys import DepartmentEntry, SurveyEntry, TeamEntry
from tests.factories.evidence import png_bytes
from tests.factories.scenes import Scene

SAMPLES = {
    SurveyItemKind.NUMBER: "12",
    SurveyItemKind.PERCENT: "80",
    SurveyItemKind.YES_NO: "yes",
    SurveyItemKind.DATE: "2019-03-05",
    SurveyItemKind.LINE: "2018年认定",
    SurveyItemKind.TEXT: "增加诊室\n补充师资",
}

SEEN = "诊室两间，没有教学诊室。"


def survey_entry(
    *,
    title: str = "首次实地调研",
    starts_on: date | None = None,
    departments: tuple[str, ...] = ("全科医学科",),
) -> SurveyEntry:
    """Return a visit of two days with somebody from each side, by default from today."""
    first = starts_on or clock.today()
    seen_on = first if first <= clock.today() else None
    return SurveyEntry(
        title,
        first,
        first + timedelta(days=1),
        [
            TeamEntry("符清越", Side.SUPPORTING, "科教科科长"),
            TeamEntry("邢北辰", Side.SUPPORTED, "科教科科长"),
        ],
        [DepartmentEntry(name, seen_on, SEEN if seen_on else "") for name in departments],
    )


def planned_survey(scene: Scene, *, pairing: Pairing | None = None, **entry: object) -> SiteSurvey:
    """Plan a survey."""
    pairing = pairing or scene.pairing
    load_survey_template()
    actor = coordinator(scene, pairing)
    return surveys.plan_survey(pairing, survey_entry(**entry), actor=actor)  # type: ignore[arg-type]


def survey_in_field(scene: Scene, **planned: object) -> SiteSurvey:
    """Plan a survey and start it."""
    survey = planned_survey(scene, **planned)  # type: ignore[arg-type]
    return surveys.start_survey(survey, actor=coordinator(scene, survey.pairing))


def fill(
    survey: SiteSurvey, values: Mapping[str, str], *, actor: User
) -> dict[str, SurveyAnswer | None]:
    """Answer the fields named by their keys."""
    by_key = {one.key: one for one in sheet_of(survey).by_name.values()}
    return {
        key: survey_answers.save_answer(survey, by_key[key], text, seen=None, actor=actor)
        for key, text in values.items()
    }


def fill_required(survey: SiteSurvey, *, actor: User) -> SiteSurvey:
    """Answer every item that must be answered."""
    for item in sheet_of(survey).required_missing():
        for one in sheet_of(survey).fields[item.id]:
            if one.kind is not SurveyItemKind.RATIO:
                survey_answers.save_answer(survey, one, sample(one), seen=None, actor=actor)
    return survey


def sample(one: Field) -> str:
    """Return something that the field takes."""
    if one.kind is SurveyItemKind.CHOICE:
        return next(iter(one.choices))
    return "2019" if one.unit == "年" else SAMPLES[one.kind]


def written_survey(scene: Scene, **planned: object) -> SiteSurvey:
    """Fill a survey in and write its summary: nothing is missing for the report."""
    survey = survey_in_field(scene, **planned)
    actor = coordinator(scene, survey.pairing)
    fill_required(survey, actor=actor)
    return survey_reports.write_report(
        survey, summary="全科门诊已独立。", advice="先补师资。", seen_version=None, actor=actor
    )


def reported_survey(scene: Scene, **planned: object) -> SiteSurvey:
    """Hand the report in."""
    survey = written_survey(scene, **planned)
    return survey_reports.send_report(survey, actor=coordinator(scene, survey.pairing))


def confirmed_survey(scene: Scene, **planned: object) -> SiteSurvey:
    """Have both leaders confirm the report."""
    survey = reported_survey(scene, **planned)
    for leader in (scene.supporting_leader, scene.supported_leader):
        survey_reports.confirm_report(survey, actor=leader)
    return survey


def cancelled_survey(scene: Scene, **planned: object) -> SiteSurvey:
    """Call a survey off."""
    survey = planned_survey(scene, **planned)  # type: ignore[arg-type]
    actor = coordinator(scene, survey.pairing)
    return surveys.cancel_survey(survey, reason="台风停航，另行安排。", actor=actor)


def photo_of(survey: SiteSurvey, *, by: User, key: str = "gp_licence") -> SurveyPhoto:
    """Put a photo beside the item called ``key``."""

    item = next(one for one in survey.template.items if one.key == key)
    kept = keep_upload("许可证.png", io.BytesIO(png_bytes()))
    return survey_photos.add_photos(survey, item, [kept], caption="许可证副本", actor=by)[0]


def newer_template() -> SurveyTemplate:
    """Make a later edition, with other questions, the current one."""

    for one in db.session.query(SurveyTemplate):
        one.is_current = False
    item = SurveyItem(
        position=1,
        key="gp_beds",
        area=Area.DEPARTMENT,
        section="新版",
        label="全科病床（新版口径）",
        kind=SurveyItemKind.NUMBER,
        unit="张",
    )
    template = SurveyTemplate(
        edition="2022-1", title="新版调研表", is_current=True, created_at=clock.now(), items=[item]
    )
    db.session.add(template)
    db.session.flush()
    return template


def sheet_of(survey: SiteSurvey) -> Sheet:
    """Return the sheet as it stands."""
    return Sheet(survey.template.items, survey.answers)


def coordinator(scene: Scene, pairing: Pairing) -> User:
    """Whoever keeps the supporting side's books of the pairing."""
    return scene.supporting_coordinator if pairing is scene.pairing else scene.foreign_coordinator
