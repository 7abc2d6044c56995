"""Photos of the visit: taken, refused, withdrawn, seen by whom."""

import io

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.models import SiteSurvey, SurveyPhoto
from tests.factories import PASSWORD, Scene
from tests.factories.evidence import pdf_bytes, png_bytes
from tests.factories.surveys import (
    photo_of,
    survey_in_field,
)
from tests.support.pages import Page, PageClient
from tests.support.surveys import field_of, page_of


def send_photo(
    client: PageClient, survey: SiteSurvey, *names: str, content: bytes = b"", **more: str
) -> Page:
    files = [(io.BytesIO(content or png_bytes()), name) for name in names]
    item = field_of(survey, "gp_licence").item
    return client.post(
        f"/surveys/{survey.id}/photos", {"item_id": str(item.id), "file": files, **more}
    )


def test_photo_from_a_phone_stands_beside_its_item(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    item = field_of(survey, "gp_licence").item
    page = client.get(page_of(survey, "gp_licence"))
    camera = page.one(f"#photo-{item.id}-camera")
    assert (camera["accept"], camera["capture"]) == ("image/*", "environment")
    answer = send_photo(client, survey, "一.png", "二.png", caption="许可证副本")
    assert answer.location == f"{page_of(survey, 'gp_licence')}#item-{item.id}"
    shown = client.get(answer.location)
    assert shown.texts(f"#item-{item.id} .photo-strip a .small") == ["许可证副本"] * 2
    assert "许可证副本" in client.get(f"/surveys/{survey.id}/report").text


def test_general_photo_stands_on_the_last_page(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    files = [(io.BytesIO(png_bytes()), "合影.png")]
    answer = client.post(f"/surveys/{survey.id}/photos", {"file": files})
    assert answer.location.endswith("#general-photos")
    assert "合影.png" in client.get(answer.location).one("#general-photos").get_text()


@pytest.mark.parametrize(
    ("names", "content", "sentence"),
    [
        ((), b"", "请拍照，或选择要上传的照片"),
        (("证照.pdf",), pdf_bytes(), "不是照片"),
        (("一.png",), b"no picture at all", "内容却是"),
        (("一.png",), png_bytes()[:45], "照片已损坏或过大，请重新拍摄"),
        (("13800138000.png",), b"", "请遮盖无关的个人信息"),
        (tuple(f"{number}.png" for number in range(10)), b"", "最多放 9 张"),
    ],
)
def test_refused_photo_is_told_beside_its_item_and_keeps_the_caption(
    client: PageClient, scene: Scene, names: tuple[str, ...], content: bytes, sentence: str
) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    answer = send_photo(client, survey, *names, content=content, caption="副本")
    assert answer.status == 422
    item = field_of(survey, "gp_licence").item
    beside = answer.one(f"#item-{item.id}")
    assert sentence in beside.get_text()
    assert answer.one(f"#caption-{item.id}")["value"] == "副本"
    assert db.session.scalars(sa.select(SurveyPhoto)).all() == []


def test_photo_with_a_number_in_its_name_is_kept_when_insisted(
    client: PageClient, scene: Scene
) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    answer = send_photo(client, survey, "13800138000.png", despite_warning="y")
    assert answer.status == 303
    assert db.session.scalars(sa.select(SurveyPhoto)).one().file.warned_of


def test_photo_of_an_unknown_item_is_refused(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    client.login(scene.supported_coordinator, PASSWORD)
    files = [(io.BytesIO(png_bytes()), "一.png")]
    sent = {"item_id": "999999", "file": files}
    assert client.post(f"/surveys/{survey.id}/photos", sent).status == 422


def test_photo_is_withdrawn_with_a_reason(client: PageClient, scene: Scene) -> None:
    survey = survey_in_field(scene)
    photo = photo_of(survey, by=scene.supporting_coordinator)
    client.login(scene.supported_coordinator, PASSWORD)
    page = client.get(page_of(survey, "gp_licence"))
    form = f"form[action='/survey-photos/{photo.id}/withdraw']"
    refused = client.submit(page, form)
    assert refused.status == 422
    assert "请填写撤回的理由" in refused.text
    done = client.submit(page, form, reason="拍到患者")
    assert done.status == 303
    assert "已撤回：拍到患者" in client.get(done.location).text
    assert photo.file.name not in client.get(f"/surveys/{survey.id}/report").text


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("centre", 200),
        ("city", 200),
        ("supporting_leader", 200),
        ("supported_coordinator", 200),
        ("supporting_contributor", 404),
        ("foreign_coordinator", 404),
        ("expert", 404),
        ("administrator", 404),
    ],
)
def test_photo_is_opened_by_those_who_read_the_survey(
    client: PageClient, scene: Scene, role: str, status: int
) -> None:
    photo = photo_of(survey_in_field(scene), by=scene.supporting_coordinator)
    client.login(getattr(scene, role), PASSWORD)
    assert client.get(f"/files/{photo.file_id}", follow=True).status == status
