"""The whole way on one pairing of the real programme: from an empty plan to a final score.

海口市人民医院 supports 儋州市人民医院. The demonstration leaves this pairing with an incomplete
leadership group and nothing else. Five roles play: both coordinators, both leaders, the
centre and the commission.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.players import Cast

pytestmark = pytest.mark.browser

PAIRING = "/pairings/10"
LEAD, LEADER = "haikou-coordinator", "haikou-leader"
BASE, DEPUTY = "danzhou-coordinator", "danzhou-leader"
CENTRE, COMMISSION = "zhongxin-reviewer", "shengwei-officer"
PICKED = ("C-04", "D-08")
"""Standard tasks besides the core ones, which every plan has."""
CLOSED = 5
"""How many of the tasks that are due go all the way in this play."""


def test_a_pairing_goes_from_an_empty_plan_to_a_final_score_with_bonus_points(
    cast: Cast, scan: Path, proof: Any
) -> None:
    complete_the_group(cast)
    agree_on_the_plan(cast)
    file_the_agreement(cast, scan)
    close_tasks_that_are_due(cast, proof)
    hold_a_meeting(cast)
    score_the_year(cast)


def complete_the_group(cast: Cast) -> None:
    """The base's coordinator finds the gaps on the workbench and fills them on one page."""
    base = cast[BASE]
    base.todo("领导小组").get_by_role("link", name="去办理").click()
    base.sees("还差 2 项")
    page = base.page
    for line in range(12):
        name = page.locator(f"[name=members-{line}-name]")
        if (
            name.count()
            and not name.input_value()
            and "other" not in page.locator(f"[name=members-{line}-duty]").input_value()
        ):
            name.fill(f"补充成员{line}")
    base.press("保存领导小组")
    base.reads_flash("领导小组")
    base.sees("人员构成符合通知要求")


def agree_on_the_plan(cast: Cast) -> None:
    """The lead picks the core tasks and two more, and writes goals; both leaders agree."""
    lead = cast[LEAD]
    lead.open(f"{PAIRING}/plan")
    lead.page.get_by_role("link", name="从标准任务库选取任务").click()
    lead.press("只勾选核心任务")
    for code in PICKED:
        lead.page.locator(f"label:has-text('{code}')").first.locator("input").check()
    lead.press("列入任务清单")
    goals = lead.page.locator("main textarea")
    for number in range(goals.count()):
        goals.nth(number).fill("按任务清单完成建设。")
    lead.press("保存年度目标")
    lead.open(f"{PAIRING}/plan")
    for code in PICKED:
        lead.sees(code)
    cast[LEADER].agree("同意", cast[LEADER].todo("计划待商定"))
    cast[DEPUTY].agree("同意", cast[DEPUTY].todo("计划待商定"))
    lead.open(f"{PAIRING}/plan")
    lead.sees("双方已商定")


def file_the_agreement(cast: Cast, scan: Path) -> None:
    """Drafted, signed by both leaders in the portal, scanned, submitted, put on file."""
    lead = cast[LEAD]
    lead.open(f"{PAIRING}/agreement")
    lead.press("起草协议")
    lead.press("提请签署")
    for username in (LEADER, DEPUTY):
        cast[username].agree("签署", cast[username].todo("协议待签署"))
    lead.open(f"{PAIRING}/agreement")
    lead.page.locator("input[type=file]").first.set_input_files(scan)
    lead.press("上传扫描件")
    lead.press("报送省中心备案")
    centre = cast[CENTRE]
    centre.open("/agreements")
    centre.page.get_by_role("link", name=re.compile("儋州")).first.click()
    for seen in ("单位公章", "清晰可读"):
        centre.page.get_by_label(re.compile(seen)).check()
    centre.press("准予备案")
    centre.sees("琼全科帮扶备〔2021〕")
    lead.open(f"{PAIRING}/plan")
    lead.sees("执行中")


def close_tasks_that_are_due(cast: Cast, proof: Any) -> None:
    """Tasks that are due: evidence and application in one page, confirmed, verified."""
    base, leader, centre = cast[BASE], cast[LEADER], cast[CENTRE]
    base.open(f"{PAIRING}/tasks?light=red")
    links = base.page.locator("#ledger tbody th a")
    addresses = [links.nth(number).get_attribute("href") for number in range(links.count())]
    addresses = addresses[:CLOSED]
    assert len(addresses) == CLOSED
    for address in addresses:
        assert address
        base.open(address)
        fields = base.page.locator("input[type=file][name^=file-]:not([name=file-other])")
        seen = set()
        for number in range(fields.count()):
            name = fields.nth(number).get_attribute("name")
            if name in seen:
                continue
            seen.add(name)
            fields.nth(number).set_input_files(proof(f"材料-{address.rsplit('/', 1)[-1]}", number))
        base.page.get_by_label("完成情况说明", exact=False).first.fill(
            "已按验收标准完成，申请销号。"
        )
        base.press("提交材料并申请销号")
        base.sees("待帮扶方确认")
        leader.agree("确认", leader.todo("销号待确认"))
    centre.open("/closure")
    for _ in addresses:
        waiting = centre.page.locator("a[href^='/closure/']").filter(has_not_text="回头看")
        if not waiting.count():
            break
        centre.open("/")
        row = centre.page.locator(".work").filter(has_text="儋州").filter(has_text="销号待核验")
        if not row.count():
            break
        row.first.get_by_role("link", name="打开").click()
        centre.press("核验通过")
    for address in addresses:
        base.open(str(address))
        base.sees("已销号")


def hold_a_meeting(cast: Cast) -> None:
    """Planned, minuted with a resolution that becomes a task, approved by the leader."""
    lead = cast[LEAD]
    lead.open(f"{PAIRING}/meetings/new")
    lead.page.get_by_label("会议时间").fill("2021-03-15T08:00")
    lead.page.get_by_label("会议地点").fill("海口市人民医院三楼会议室")
    lead.press("保存会议安排")
    lead.page.get_by_role("link", name=re.compile("纪要")).first.click()
    page = lead.page
    page.get_by_label("会议记录").fill("会议研究了任务推进情况，明确了下一步安排。")
    page.locator("[name=resolutions-0-body]").fill("受援方四月底前完成教学门诊挂牌")
    page.locator("[name=resolutions-0-due_on]").fill("2021-04-30")
    page.locator("[name=resolutions-0-landing]").select_option("create:management_system")
    page.locator("[name=resolutions-0-criteria]").fill("诊室挂牌并启用。")
    page.locator("[name=resolutions-0-evidence]").fill("挂牌照片")
    lead.press("保存并提交批准")
    leader = cast[LEADER]
    leader.agree("批准", leader.todo("纪要待批准"))
    lead.open(f"{PAIRING}/tasks?q=教学门诊挂牌")
    lead.sees("教学门诊挂牌")


def score_the_year(cast: Cast) -> None:
    """Opened, self-assessed by both sides, reviewed, provisional, published with bonus points."""
    centre = cast[CENTRE]
    centre.open("/assessments/new")
    centre.page.get_by_label("考核年度").select_option("2021")
    centre.page.get_by_label("考核截止日").fill("2021-03-15")
    centre.page.locator("label:has-text('儋州')").first.locator("input").check()
    centre.press("发起考核")
    centre.open(f"{PAIRING}/assessments")
    centre.page.locator("main a[href^='/assessments/']:not([href*=new])").first.click()
    expect(centre.page.locator("main")).to_contain_text("自评中")
    sheet = centre.page.url
    for username in (LEAD, BASE):
        player = cast[username]
        player.open(sheet)
        fill_scores(player.page)
        player.press("保存并提交自评")
    centre.open(sheet)
    centre.agree("开始评审")
    fill_scores(centre.page)
    centre.press("保存并出具初评结果")
    commission = cast[COMMISSION]
    commission.open(sheet)
    commission.agree("发布最终结果")
    commission.sees("已定稿")
    expect(commission.page.locator("main")).to_contain_text("加分")


def fill_scores(page: Page) -> None:
    """Give every open item its full points, as its row states them."""
    fields = page.locator("input[name^=score_]")
    for number in range(fields.count()):
        field = fields.nth(number)
        row = field.locator("xpath=ancestor::tr[1]")
        field.fill(row.locator("[data-label='满分']").inner_text().strip())
