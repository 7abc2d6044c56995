"""One of everything in the pairing under test, for tests that walk all pages."""

from dataclasses import dataclass, field

from portal.documents.official.producing import shipped_template
from portal.extensions import db
from portal.models import (
    Assessment,
    EditionState,
    EvidenceUse,
    LibraryEdition,
    LibraryTask,
    OutputFormat,
    OutputKind,
    OutputTemplate,
    Pairing,
    Plan,
    Role,
    Side,
    Task,
    TaskState,
)
from portal.policies.assessments import scoring_side
from portal.services import assessment_reviews
from portal.workflow.plans import CORE_WEIGHT
from tests.factories.access import make_handover, make_identity, make_invitation, make_invited_user
from tests.factories.agreement_papers import asked_to_end, delegation
from tests.factories.agreements import draft_agreement, filed_agreement
from tests.factories.amendments import drafted
from tests.factories.assessments import score_of, self_assessing
from tests.factories.evidence import evidence_for, png_bytes
from tests.factories.extensions import extension_row
from tests.factories.library import (
    changed_draft,
    made_from,
    make_example,
    make_library,
    standard,
)
from tests.factories.meetings import held_meeting, planned_meeting
from tests.factories.needs import make_standard
from tests.factories.papers import make_template
from tests.factories.people import make_user
from tests.factories.plans import drafting_plan, make_library_task
from tests.factories.problems import make_problem
from tests.factories.scenes import Scene, make_pairing, make_programme
from tests.factories.sessions import open_session, parked_form
from tests.factories.sheets import wrong_import
from tests.factories.surveys import photo_of, survey_in_field
from tests.factories.targets import make_met_target, make_milestone
from tests.factories.tasks import make_task
from tests.factories.uploads import live_link, receiving

PARKED_PAGES = ("account.show_parked_form", "account.drop_parked_form")


@dataclass
class Ids:
    """The ids that stand in addresses; ``special`` holds those of one endpoint alone."""

    common: dict[str, int | str]
    special: dict[str, dict[str, int | str]] = field(default_factory=dict)
    sent: dict[str, dict[str, int | str]] = field(default_factory=dict)

    def fields(self, endpoint: str) -> dict[str, int | str]:
        """Return what a form of ``endpoint`` must say before the step can be judged."""
        return self.sent.get(endpoint, {})

    def of(self, endpoint: str, name: str) -> int | str:
        """Return what ``name`` in the address of ``endpoint`` is. KeyError: make it here."""
        return self.special.get(endpoint, {}).get(name) or self.common[name]


def given(task: Task, scene: Scene) -> Task:
    """Give the task to a contributor of each side."""
    task.supporting_owner = scene.supporting_contributor
    task.supported_owner = scene.supported_contributor
    db.session.flush()
    return task


def proved(task: Task, scene: Scene) -> EvidenceUse:
    """Add evidence of both sides; return the use of the supported side's."""
    evidence_for(task, by=scene.supporting_contributor)
    return evidence_for(task, by=scene.supported_contributor)


def assessed(scene: Scene) -> Assessment:
    """An assessment in its first state, with an expert who is to score it."""
    assessment = self_assessing(scene)
    assessment_reviews.assign_expert(assessment, scene.expert, actor=scene.centre)
    return assessment


def make_early_pairing(scene: Scene) -> Pairing:
    """Pair the same hospitals in a second programme, where all is still being drafted."""
    programme = make_programme(name="下一帮扶周期")
    return make_pairing(programme, scene.pairing.supporting, scene.pairing.supported)


def _judged_item(assessment: Assessment) -> int:
    """Return an item that the supporting side scores itself."""
    return next(
        score.item_id for score in assessment.scores if scoring_side(score.item) is Side.SUPPORTING
    )


def make_everything(scene: Scene) -> Ids:
    """Build one of everything and return the ids.

    The pairing under test has its agreement filed and works on a task; what only exists
    before that comes from a second programme with the same hospitals.
    """
    agreement = filed_agreement(scene)
    plan = db.session.query(Plan).filter_by(pairing_id=scene.pairing_id).one()
    task = given(make_task(plan, state=TaskState.IN_PROGRESS), scene)
    use = proved(task, scene)
    photo = evidence_for(
        task, by=scene.supported_contributor, name="照片.png", content=png_bytes()
    ).evidence
    assessment = assessed(scene)
    early = make_early_pairing(scene)
    early_agreement = draft_agreement(scene, early)
    bare = make_pairing(
        make_programme(name="再下一帮扶周期"), scene.pairing.supporting, scene.pairing.supported
    )
    early_plan = drafting_plan(bare, scene)
    early_task = given(early_plan.tasks[0], scene)
    early_ids: dict[str, int | str] = {
        "plan_id": early_plan.id,
        "task_id": early_task.id,
        "pairing_id": bare.id,
    }
    phone = phone_ids(task, scene)
    library = library_ids(plan, scene)
    survey = survey_in_field(scene)
    item_id = survey.template.items[0].id
    core = make_core_task()
    met = make_met_target(early_plan, core, by=scene.supported_coordinator, evidence=use.evidence)
    early_met = {**early_ids, "standard_id": core.id, "target_id": met.id}
    return Ids(
        common={
            "token": receiving(task, by=scene.supported_contributor).token,
            "filename": "css/portal.css",
            # The first entry of the audit log: what made all this.
            "position": 1,
            "programme_id": scene.programme.id,
            "pairing_id": scene.pairing.id,
            "handover_id": make_handover(
                scene.supported_coordinator, scene.supported_contributor
            ).id,
            "identity_id": make_identity(scene.supported_coordinator).id,
            "slug": "nowhere",
            "name": "problems",
            "secret": make_invitation(make_invited_user()),
            "user_id": scene.supported_coordinator.id,
            "session_id": open_session(scene.supported_coordinator).id,
            "organisation_id": scene.pairing.supported_id,
            "agreement_id": agreement.id,
            "delegation_id": delegation(
                scene, deputy=make_user(Role.BASE_LEADER, scene.pairing.supported)
            ).id,
            "termination_id": asked_to_end(agreement, scene).id,
            "plan_id": plan.id,
            "task_id": task.id,
            "use_id": use.id,
            "evidence_id": use.evidence_id,
            "file_id": use.evidence.file_id,
            "meeting_id": planned_meeting(scene).id,
            "survey_id": survey.id,
            "photo_id": photo_of(survey, by=scene.supporting_coordinator).id,
            # A page of the sheet.
            "number": 1,
            "standard_id": make_standard("gp_beds", verified=False).id,
            "import_id": wrong_import(scene, by=scene.supporting_coordinator).id,
            "problem_id": make_problem(scene.pairing, scene.supported_coordinator, tasks=[task]).id,
            "assessment_id": assessment.id,
            **amendment_ids(scene, task),
            "extension_id": extension_row(task, by=scene.supported_coordinator).id,
            "milestone_id": make_milestone(task, done_on=task.starts_on).id,
            "item_id": score_of(assessment, "1.1").item_id,
        },
        special={
            **{page: {"secret": parked_form(scene.supported_coordinator)} for page in PARKED_PAGES},
            "agreements.edit_agreement": {"agreement_id": early_agreement.id},
            "agreements.edit_clause": {"agreement_id": early_agreement.id, "key": "funding"},
            "files.show_picture": {"file_id": photo.file_id},
            "evidence.use_for_agreement": {"agreement_id": early_agreement.id},
            "evidence.use_for_item": {"item_id": _judged_item(assessment)},
            "meetings.print_minutes": {"meeting_id": held_meeting(scene).id},
            "papers.download": {"kind": "plan", "object_id": plan.id, "fmt": "docx"},
            **{f"papers.{page}": _a_template(scene) for page in TEMPLATE_PAGES},
            "surveys.save_answer": {"item_id": item_id},
            "plans.add_core": early_ids,
            "plans.add_met_target": early_met,
            "plans.change_many": early_ids,
            "plans.copy_to_others": early_ids,
            "plans.edit_figures": early_ids,
            "plans.show_row": early_ids,
            "plans.withdraw_met_target": early_met,
            "plans.add_task": early_ids,
            "plans.edit_goals": early_ids,
            "plans.edit_task": early_ids,
            "plans.remove_task": early_ids,
            **{f"uploads.{endpoint}": phone for endpoint in PHONE_ENDPOINTS},
            **{f"library.{endpoint}": ids for endpoint, ids in library.items()},
        },
        sent={
            "assessments.remove_expert": {"expert": scene.expert.id},
            "problems.unlink_task": {"task": task.id},
            "uploads.answer_by_phone": {"answer": "cancel"},
            "uploads.answer_upload": {"answer": "cancel"},
            "library.take_back": {"code": "A-01"},
            "uploads.send_files": {"meeting": planned_meeting(scene).id},
        },
    )


def make_core_task() -> LibraryTask:
    """Add a core task to the current edition of the library."""
    edition = db.session.query(LibraryEdition).filter_by(state=EditionState.PUBLISHED).one()
    return make_library_task("A-99", weight=CORE_WEIGHT, edition=edition.edition)


def amendment_ids(scene: Scene, task: Task) -> dict[str, int | str]:
    """An amendment with one line, and the version that was kept before it."""
    amendment = drafted(scene, task)
    return {"amendment_id": amendment.id, "line_id": amendment.changes[0].id, "number": 1}


TEMPLATE_PAGES = (
    "add_template",
    "download_placeholders",
    "download_shipped",
    "download_version",
    "show_sample",
    "show_template",
    "show_version_sample",
    "use_shipped",
    "use_version",
)


def _a_template(scene: Scene) -> dict[str, int | str]:
    """The receipt's Word template, and a version of the centre's that is no different."""
    kind, fmt = OutputKind.RECEIPT, OutputFormat.DOCX
    version = db.session.query(OutputTemplate).first() or make_template(
        scene, kind, fmt, shipped_template(kind, fmt), is_active=False
    )
    return {"kind": kind.value, "fmt": fmt.value, "version_id": version.id}


PHONE_ENDPOINTS = (
    "answer_by_phone",
    "begin_by_phone",
    "end_by_phone",
    "send_by_phone",
    "send_part_by_phone",
    "show_by_phone",
    "show_phone_page",
)


def library_ids(plan: Plan, scene: Scene) -> dict[str, dict[str, int | str]]:
    """A published library, a draft that the centre's other reviewer edited, and an example."""
    published = make_library()
    closed = given(made_from(plan, published[0], TaskState.CLOSED), scene)
    example = make_example(closed, by=scene.centre)
    draft = changed_draft(scene, by=scene.other_centre)
    in_draft: dict[str, int | str] = {
        "edition_id": draft.id,
        "task_id": standard(draft, "B-01").id,
    }
    drafts = ("add_task", "edit_task", "leave_out", "move_task", "take_back", "retitle_edition")
    return {
        **dict.fromkeys((*drafts, "show_changes", "publish_edition"), in_draft),
        "show_edition": {"edition_id": published[0].of_edition.id},
        "show_task": {"task_id": published[0].id},
        "show_for_task": {"task_id": closed.id},
        "promote_example": {"task_id": closed.id},
        "withdraw_example": {"example_id": example.id},
    }


def phone_ids(task: Task, scene: Scene) -> dict[str, int | str]:
    """The secret of a phone's link, and an upload that was begun by it."""
    link, secret = live_link(task, by=scene.supported_coordinator)
    upload = receiving(task, by=scene.supported_coordinator, link=link)
    return {"secret": secret, "token": upload.token}
