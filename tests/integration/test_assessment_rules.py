"""What each step of an assessment demands and leaves behind."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from portal.errors import Forbidden, Rejected, StepRefused
from portal.extensions import db
from portal.models import Assessment, AssessmentState, Event, Grade, Role, Side
from portal.services import assessment_reviews as reviews
from portal.services import assessments, first_run
from portal.services.sheet_entries import ReviewEntry, SelfEntry
from tests.factories import assessments as made
from tests.factories import make_pairing, make_scene, make_user

S = AssessmentState
CENTRE = {"centre", "other_centre"}
PEOPLE = [
    *("commission", "centre", "other_centre", "city", "expert", "administrator", "auditor"),
    *("supporting_coordinator", "supporting_leader", "supporting_contributor"),
    *("supported_coordinator", "supported_leader", "supported_contributor"),
    *("foreign_coordinator", "foreign_leader"),
]


# Opening a year


def test_centre_opens_a_year_with_every_leaf_and_the_period_since_the_notice(session: Any) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    assert {score.item.code for score in assessment.scores} == {
        item.code for item in assessment.scheme.items if item.is_leaf
    }
    assert (assessment.period_start, assessment.cutoff_on) == (
        date(2020, 4, 17),
        date(2020, 12, 31),
    )


def test_opening_twice_makes_one_assessment(session: Any) -> None:
    scene = make_scene()
    made.self_assessing(scene)
    both = [scene.pairing, scene.foreign]
    new = assessments.open_assessments(scene.programme, both, year=2020, actor=scene.centre)
    assert [one.pairing_id for one in new] == [scene.foreign.id]
    again = assessments.open_assessments(scene.programme, both, year=2020, actor=scene.centre)
    assert again == []
    assert db.session.query(Assessment).count() == 2


def test_a_later_year_counts_from_new_year_on(session: Any) -> None:
    scene = make_scene()
    assert made.self_assessing(scene, year=2022).period_start == date(2022, 1, 1)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"year": 2019}, "year"),
        ({"year": 2024}, "year"),
        ({"year": 2020, "cutoff_on": date(2021, 1, 1)}, "cutoff_on"),
        ({"year": 2020, "cutoff_on": date(2020, 4, 16)}, "cutoff_on"),
    ],
)
def test_a_period_outside_the_programme_is_rejected(
    session: Any, values: dict[str, Any], field: str
) -> None:
    scene = make_scene(scheme=first_run.load_scheme())
    with pytest.raises(Rejected) as refusal:
        assessments.open_assessments(scene.programme, [scene.pairing], actor=scene.centre, **values)
    assert field in refusal.value.fields


def test_pairings_of_another_programme_are_not_opened(session: Any) -> None:
    scene = make_scene(scheme=first_run.load_scheme())
    with pytest.raises(Rejected) as refusal:
        assessments.open_assessments(scene.programme, [], year=2020, actor=scene.centre)
    assert "pairings" in refusal.value.fields


@pytest.mark.parametrize("who", [who for who in PEOPLE if who not in CENTRE])
def test_nobody_but_the_centre_opens_a_year(session: Any, who: str) -> None:
    scene = make_scene(scheme=first_run.load_scheme())
    with pytest.raises(Forbidden):
        assessments.open_assessments(
            scene.programme, [scene.pairing], year=2020, actor=getattr(scene, who)
        )


# Self-assessment


def test_each_side_scores_its_own_items_only(session: Any) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    theirs = made.score_of(assessment, "C1")
    with pytest.raises(Rejected) as refusal:
        assessments.save_self(
            assessment,
            {theirs.item_id: SelfEntry(Decimal("3"))},
            actor=scene.supporting_coordinator,
        )
    assert f"score_{theirs.item_id}" in refusal.value.fields
    assessments.save_self(
        assessment, {theirs.item_id: SelfEntry(Decimal("3"))}, actor=scene.supported_coordinator
    )
    assert theirs.self_score == Decimal("3")


def test_an_automatic_item_takes_no_self_score(session: Any) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    automatic = made.score_of(assessment, "2.1")
    for who in (scene.supporting_coordinator, scene.supported_coordinator):
        with pytest.raises(Rejected):
            assessments.save_self(
                assessment, {automatic.item_id: SelfEntry(Decimal("15"))}, actor=who
            )
    assert automatic.self_score is None


@pytest.mark.parametrize("score", ["-0.01", "2.01", "1.555"])
def test_a_self_score_out_of_range_is_rejected(session: Any, score: str) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    item = made.score_of(assessment, "1.5")
    with pytest.raises(Rejected):
        assessments.save_self(
            assessment,
            {item.item_id: SelfEntry(Decimal(score))},
            actor=scene.supporting_coordinator,
        )
    assert item.self_score is None


def test_a_side_with_gaps_cannot_submit_and_is_told_each(session: Any) -> None:
    scene = make_scene()
    assessment = made.self_assessing(scene)
    with pytest.raises(StepRefused) as refusal:
        assessments.submit_self(assessment, actor=scene.supported_leader)
    assert [gap.split()[0] for gap in refusal.value.missing] == ["B3", "C1", "C2", "C3", "C4", "D4"]
    assert assessment.submissions == []


def test_a_side_that_has_submitted_cannot_change_its_scores(session: Any) -> None:
    scene = make_scene()
    assessment = made.one_side_submitted(scene)
    item = made.score_of(assessment, "1.5")
    with pytest.raises(StepRefused):
        assessments.save_self(
            assessment, {item.item_id: SelfEntry(Decimal("1"))}, actor=scene.supporting_leader
        )
    with pytest.raises(StepRefused):
        assessments.submit_self(assessment, actor=scene.supporting_leader)
    assert item.self_score == Decimal("2")


def test_the_second_side_brings_the_review(session: Any) -> None:
    scene = make_scene()
    assessment = made.one_side_submitted(scene, Side.SUPPORTED)
    assert assessment.state is S.SELF_ASSESSMENT
    made.fill_self(scene, assessment, Side.SUPPORTING, {})
    assessments.submit_self(assessment, actor=scene.supporting_coordinator)
    assert assessment.state is S.SUBMITTED


def test_a_return_gives_the_sheet_back_to_both_sides_with_its_scores(session: Any) -> None:
    scene = make_scene()
    assessment = made.submitted(scene)
    reviews.return_self(assessment, reason="补充材料。", actor=scene.centre)
    db.session.expire_all()
    assert (assessment.submissions, assessment.return_reason) == ([], "补充材料。")
    assert made.score_of(assessment, "1.5").self_score == Decimal("2")
    for side in Side:
        assessments.submit_self(assessment, actor=made.actor_of(scene, side))
    assert (assessment.state, assessment.return_reason) == (S.SUBMITTED, "")


# Review


def test_figures_are_not_frozen_before_the_cut_off_day(session: Any) -> None:
    scene = make_scene()
    with time_machine.travel("2020-12-30T10:00:00+08:00"):
        assessment = made.submitted(scene)
        with pytest.raises(StepRefused) as refusal:
            reviews.start_review(assessment, actor=scene.centre)
        assert "2020-12-31" in refusal.value.missing[0]
    with time_machine.travel("2020-12-31T10:00:00+08:00"):
        reviews.start_review(assessment, actor=scene.centre)
    assert assessment.state is S.REVIEW


def test_starting_the_review_freezes_every_automatic_figure(session: Any) -> None:
    assessment = made.in_review(make_scene())
    automatic = [score for score in assessment.scores if score.item.rule]
    assert len(automatic) == 7
    for score in automatic:
        assert score.automatic_score is not None
        assert score.inputs["formula"]
    assert assessment.frozen_at is not None


def test_a_score_that_differs_from_the_self_score_needs_a_reason(session: Any) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    item = made.score_of(assessment, "A1")
    with pytest.raises(Rejected) as refusal:
        reviews.save_review(
            assessment, {item.item_id: ReviewEntry(Decimal("3"))}, actor=scene.centre
        )
    assert set(refusal.value.fields) == {f"reason_{item.item_id}"}
    reviews.save_review(
        assessment, {item.item_id: ReviewEntry(Decimal("3"), "缺 1 项")}, actor=scene.centre
    )
    assert (item.review_score, item.reviewer_id) == (Decimal("3"), scene.centre.id)


def test_the_ledgers_figure_cannot_be_overwritten(session: Any) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    item = made.score_of(assessment, "2.1")
    reviews.save_review(
        assessment, {item.item_id: ReviewEntry(Decimal("15"), "凭印象")}, actor=scene.centre
    )
    assert (item.review_score, item.automatic_score) == (None, Decimal("0.00"))


def test_what_does_not_apply_needs_a_reason_and_leaves_the_sums(session: Any) -> None:
    scene = make_scene()
    assessment = made.reviewed(scene)
    items = [made.score_of(assessment, code) for code in ("2.1", "2.2a", "2.2b", "2.3")]
    with pytest.raises(Rejected) as refusal:
        reviews.save_review(
            assessment,
            {items[0].item_id: ReviewEntry(None, not_applicable=True)},
            actor=scene.centre,
        )
    assert set(refusal.value.fields) == {f"na_reason_{items[0].item_id}"}
    reviews.save_review(
        assessment,
        {
            item.item_id: ReviewEntry(None, not_applicable=True, na_reason="计划尚未执行")
            for item in items
        },
        actor=scene.centre,
    )
    reviews.issue_provisional(assessment, actor=scene.centre)
    # 66 of the 76 points that apply.
    assert assessment.total == Decimal("86.84")


def test_an_expert_scores_but_decides_neither_na_nor_caps(session: Any) -> None:
    scene = make_scene()
    assessment = made.in_review(scene, expert=scene.expert)
    item = made.score_of(assessment, "A1")
    reviews.save_review(
        assessment,
        {item.item_id: ReviewEntry(Decimal("4"), "", not_applicable=True, na_reason="不算")},
        caps={"red_card": "想当然"},
        actor=scene.expert,
    )
    assert (item.review_score, item.not_applicable) == (Decimal("4"), False)
    assert "red_card" not in assessment.caps
    with pytest.raises(Forbidden):
        reviews.issue_provisional(assessment, actor=scene.expert)


def test_an_expert_of_one_of_the_two_hospitals_is_not_assigned(session: Any) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    for hospital in (scene.pairing.supporting, scene.pairing.supported):
        insider = make_user(Role.EXPERT, hospital)
        with pytest.raises(Rejected):
            reviews.assign_expert(assessment, insider, actor=scene.centre)
    with pytest.raises(Rejected):
        reviews.assign_expert(assessment, scene.foreign_leader, actor=scene.centre)
    assert assessment.experts == []


def test_an_expert_is_assigned_once_and_can_be_taken_off(session: Any) -> None:
    scene = make_scene()
    assessment = made.in_review(scene, expert=scene.expert)
    with pytest.raises(Rejected):
        reviews.assign_expert(assessment, scene.expert, actor=scene.centre)
    reviews.remove_expert(assessment, scene.expert, actor=scene.centre)
    db.session.expire_all()
    assert assessment.experts == []
    with pytest.raises(Forbidden):
        reviews.save_review(assessment, {}, actor=scene.expert)


@pytest.mark.parametrize("who", [who for who in PEOPLE if who not in CENTRE])
def test_nobody_but_the_centre_assigns_experts(session: Any, who: str) -> None:
    scene = make_scene()
    assessment = made.submitted(scene)
    for act in (reviews.assign_expert, reviews.remove_expert):
        with pytest.raises(Forbidden):
            act(assessment, scene.expert, actor=getattr(scene, who))


def test_a_year_without_a_meeting_is_capped_by_itself(session: Any) -> None:
    scene = make_scene()
    assessment = made.reviewed(scene)
    assert set(assessment.caps) == {"no_meeting"}
    # Unticking it does not help: the ledger says so.
    reviews.save_review(assessment, {}, caps={}, actor=scene.centre)
    assert set(assessment.caps) == {"no_meeting"}


@pytest.mark.parametrize(
    ("caps", "field"),
    [({"yellow_card": " "}, "cap_reason_yellow_card"), ({"made_up": "理由"}, "cap_made_up")],
)
def test_a_cap_needs_its_finding(session: Any, caps: dict[str, str], field: str) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    with pytest.raises(Rejected) as refusal:
        reviews.save_review(assessment, {}, caps=caps, actor=scene.centre)
    assert set(refusal.value.fields) == {field}


def test_a_red_card_makes_the_year_unqualified_without_bonus(session: Any) -> None:
    scene = make_scene()
    assessment = made.reviewed(scene)
    reviews.save_review(
        assessment, {}, caps={"red_card": "省卫健委撤销资格文件"}, actor=scene.centre
    )
    reviews.issue_provisional(assessment, actor=scene.centre)
    assert (assessment.grade, assessment.bonus) == (Grade.UNQUALIFIED, Decimal("0.00"))


def test_an_unscored_item_holds_the_result_back(session: Any) -> None:
    scene = make_scene()
    assessment = made.in_review(scene)
    with pytest.raises(StepRefused) as refusal:
        reviews.issue_provisional(assessment, actor=scene.centre)
    assert len(refusal.value.missing) == 31
    assert (assessment.total, assessment.state) == (None, S.REVIEW)


def test_the_result_carries_both_sides_grade_and_bonus(session: Any) -> None:
    assessment = made.provisional(make_scene())
    assert (assessment.total, assessment.grade) == (Decimal("66.00"), Grade.UNQUALIFIED)
    # 58 of 92, and 63 of 96.
    assert assessment.supporting_score == Decimal("63.04")
    assert assessment.supported_score == Decimal("65.63")
    assert assessment.reviewed_by is not None


def test_a_programme_that_awards_no_bonus_yet_gives_none(session: Any) -> None:
    scene = make_scene()
    scene.programme.bonus_enabled = False
    assert made.provisional(scene).bonus is None


# Appeal and the final result


def test_an_answered_appeal_keeps_the_result_or_opens_the_review_again(session: Any) -> None:
    scene = make_scene()
    assessment = made.appealed(scene)
    reviews.answer_appeal(assessment, reply="无误。", review_again=False, actor=scene.centre)
    assert (assessment.state, assessment.total) == (S.PROVISIONAL, Decimal("66.00"))
    assessments.appeal(assessment, reason="再次申诉。", actor=scene.supporting_leader)
    assert assessment.appeal_reply == ""
    reviews.answer_appeal(assessment, reply="复核。", review_again=True, actor=scene.centre)
    assert (assessment.state, assessment.total, assessment.grade) == (S.REVIEW, None, None)
    reviews.issue_provisional(assessment, actor=scene.other_centre)
    assert assessment.reviewed_by_id == scene.other_centre.id


def test_figures_are_taken_anew_only_when_the_answer_says_so(session: Any) -> None:
    scene = make_scene()
    assessment = made.appealed(scene)
    frozen = assessment.frozen_at
    reviews.answer_appeal(assessment, reply="复核。", review_again=True, actor=scene.centre)
    assert assessment.frozen_at == frozen
    reviews.issue_provisional(assessment, actor=scene.centre)
    assessments.appeal(assessment, reason="数据有误。", actor=scene.supported_leader)
    reviews.answer_appeal(
        assessment, reply="重新取数。", review_again=True, retake=True, actor=scene.centre
    )
    assert assessment.frozen_at is not None
    assert frozen is not None
    assert assessment.frozen_at > frozen


@pytest.mark.parametrize("part", ["issuer", "scorer"])
def test_whoever_took_part_in_the_review_does_not_publish(session: Any, part: str) -> None:
    scene = make_scene()
    assessment = made.provisional(scene)
    # The same person, moved to the commission since.
    if part == "issuer":
        assessment.reviewed_by_id = scene.commission.id
    else:
        made.score_of(assessment, "A1").reviewer_id = scene.commission.id
    db.session.flush()
    with pytest.raises(Forbidden) as refusal:
        reviews.publish(assessment, actor=scene.commission)
    assert "其他人" in refusal.value.sentence
    assert assessment.state is S.PROVISIONAL


def test_publishing_records_who_and_when(session: Any) -> None:
    scene = make_scene()
    assessment = made.final_assessment(scene)
    assert assessment.published_by_id == scene.commission.id
    assert assessment.published_at is not None
    event = db.session.query(Event).filter_by(action="publish").one()
    assert ["总分", "66.00"] in event.details


def test_a_final_sheet_takes_no_experts_any_more(session: Any) -> None:
    scene = make_scene()
    assessment = made.final_assessment(scene)
    for act in (reviews.assign_expert, reviews.remove_expert):
        with pytest.raises(StepRefused):
            act(assessment, scene.expert, actor=scene.centre)


def test_the_history_names_no_expert(session: Any) -> None:
    scene = make_scene()
    made.in_review(scene, expert=scene.expert)
    told = [str(event.details) + event.title + event.comment for event in db.session.query(Event)]
    assert not any(scene.expert.name in text for text in told)


def test_another_pairings_sheet_is_untouched(session: Any) -> None:
    scene = make_scene()
    other = made.self_assessing(scene, pairing=make_pairing(scene.programme))
    made.final_assessment(scene)
    assert other.state is S.SELF_ASSESSMENT
