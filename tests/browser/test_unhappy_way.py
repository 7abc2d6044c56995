"""The unhappy way: a returned agreement, a returned closure, a look-back and a stale edit."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.players import Cast

pytestmark = pytest.mark.browser

CENTRE = "zhongxin-reviewer"
REASON = "第十三条未写明每年派驻的人数和天数，请补充。"


def test_centre_returns_an_agreement_and_the_resubmission_shows_what_changed(
    cast: Cast, scan: Any
) -> None:
    centre = cast[CENTRE]
    centre.todo("协议待备案").get_by_role("link", name="去办理").click()
    address = centre.page.url
    form = centre.page.locator("#return-form")
    centre.press("退回双方修改", form)
    centre.sees("还不能提交")
    form.locator("textarea[name=comment]").fill(REASON)
    centre.press("退回双方修改", form)
    centre.sees("已退回")

    lead = cast["shengyuan-coordinator"]
    lead.todo(REASON).get_by_role("link", name="去办理").click()
    lead.sees(REASON)
    lead.page.get_by_role("link", name="修改文本").first.click()
    clause = lead.page.locator("textarea[name^=clause_]").nth(12)
    clause.fill(clause.input_value() + "甲方每年派驻医师不少于2人、累计不少于60天。")
    lead.press("保存协议文本")
    lead.open(address)
    lead.press("提请签署")
    for username in ("shengyuan-leader", "jiuerba-leader"):
        cast[username].agree("签署", cast[username].todo("协议待签署"))
    lead.open(address)
    lead.page.locator("input[type=file]").first.set_input_files(scan)
    lead.press("上传扫描件", exact=False)
    lead.press("报送省中心备案")

    centre.open(address)
    centre.sees("累计不少于60天")
    expect(centre.page.locator("ins").first).to_contain_text("派驻")


def test_returned_closure_says_why_where_it_must_be_mended_and_goes_round_again(
    cast: Cast, proof: Any
) -> None:
    leader, base = cast["haiyi-leader"], cast["wenchang-coordinator"]
    leader.todo("销号待确认").filter(has_text="文昌").get_by_role("link", name="打开").click()
    address = leader.page.url.replace("/closure/", "/tasks/")
    leader.page.locator("#return summary").click()
    leader.page.locator("#return textarea").first.fill("文件缺少印发日期，请补扫首页。")
    leader.press("退回申请", leader.page.locator("#return"))

    base.todo("请补扫首页").get_by_role("link", name="去办理").click()
    assert base.page.url == address
    base.sees("文件缺少印发日期")
    base.page.locator("input[type=file][name^=file-]").first.set_input_files(proof("补扫首页", 7))
    base.page.get_by_label("完成情况说明", exact=False).first.fill("已补扫首页，印发日期清晰。")
    base.press("提交材料并申请销号")
    base.sees("待帮扶方确认")
    base.sees("第 2 轮")


def test_look_back_reopens_a_closed_task_as_a_new_round(cast: Cast) -> None:
    centre = cast[CENTRE]
    centre.open("/tasks?state=closed&q=A-01")
    centre.page.locator("#ledger tbody th a").first.click()
    address = centre.page.url
    centre.open(address.replace("/tasks/", "/closure/"))
    centre.page.locator("#reopen summary").click()
    centre.page.locator("#reopen textarea").first.fill("抽查发现执业许可证已过期。")
    centre.press("重启任务", centre.page.locator("#reopen"))
    centre.open(address)
    centre.sees("进行中")
    centre.sees("抽查发现执业许可证已过期")
    centre.sees("回头看")


def test_stale_edit_gives_both_texts_back(cast: Cast) -> None:
    """Two coordinators edit one leadership group; the later one loses nothing."""
    first, second = cast["haikou-coordinator"], cast["danzhou-coordinator"]
    address = "/pairings/10/group"
    first.open(address)
    second.open(address)
    first.page.locator("[name=members-0-job_title]").fill("院长（先保存）")
    first.press("保存领导小组")
    second.page.locator("[name=members-0-job_title]").fill("院长（后保存）")
    second.press("保存领导小组")
    second.sees("院长（先保存）")
    expect(second.page.locator(".conflict")).to_be_visible()
    expect(second.page.locator("[name=members-0-job_title]")).to_have_value("院长（后保存）")
    second.sees("院长（先保存）")
