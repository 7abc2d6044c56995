"""What every paper tells, and the small facts that several of them share."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from portal import clock
from portal.models import Pairing, Side, Task
from portal.policies.agreement_words import chinese_date
from portal.queries.papers.telling import Told

NUMERALS = "零一二三四五六七八九"
BOTH_SIDES = [{}, {"side": "受援方", "hospital": "文昌某医院", "name": "", "date": ""}]
"""How the two places for signatures look in a sample: one has signed, one has not."""


@dataclass(frozen=True)
class Paper:
    """What every paper tells."""

    title: Annotated[str, Told("文书标题（一行）", "海口某医院帮扶文昌某医院三年帮扶工作计划")]
    author: Annotated[str, Told("成文单位", "海口某医院、文昌某医院")]
    date: Annotated[str, Told("成文日期", "2020年5月20日")]
    day: Annotated[str, Told("成文日期（数字）", "2020-05-20")]
    programme: Annotated[str, Told("帮扶周期名称", "2020—2023年全科培训基地结对帮扶")]
    document: Annotated[str, Told("依据的通知", "关于建立全科培训基地结对帮扶机制的通知")]
    supporting: Annotated[str, Told("帮扶方全称", "海口某医院")]
    supported: Annotated[str, Told("受援方全称", "文昌某医院")]
    supporting_short: Annotated[str, Told("帮扶方简称", "海口某院")]
    supported_short: Annotated[str, Told("受援方简称", "文昌某院")]


@dataclass(frozen=True)
class Signature:
    """Where one side signs, and whether it has done so in the portal."""

    side: Annotated[str, Told("哪一方", "帮扶方")]
    hospital: Annotated[str, Told("单位全称", "海口某医院")]
    name: Annotated[str, Told("签署人，未签署时为空", "王某某")]
    job_title: Annotated[str, Told("签署人职务", "副院长")]
    date: Annotated[str, Told("签署日期，未签署时为空", "2020年5月18日")]


def paper_of(
    pairing: Pairing,
    title: str,
    day: date,
    author: str = "",
    names: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return what the fields of :class:`Paper` say for a paper of ``pairing``.

    ``names`` are the full names of the two sides where the paper has kept them.
    """
    supporting, supported = names or (pairing.supporting.name, pairing.supported.name)
    return {
        "title": title,
        "author": author or f"{supporting}、{supported}",
        "date": chinese_date(day),
        "day": day.isoformat(),
        "programme": pairing.programme.name,
        "document": pairing.programme.document,
        "supporting": supporting,
        "supported": supported,
        "supporting_short": pairing.supporting.short_name,
        "supported_short": pairing.supported.short_name,
    }


def signature_on(pairing: Pairing, side: Side, mark: Any, hospital: str = "") -> Signature:
    """Return the place of ``side``'s signature; ``mark`` is the row of it, or None.

    ``hospital`` is its full name where the paper has kept it.
    """
    signed_at: datetime | None = None
    if mark is not None:
        signed_at = next(
            getattr(mark, name)
            for name in ("signed_at", "endorsed_at", "confirmed_at")
            if hasattr(mark, name)
        )
    return Signature(
        side=side.label,
        hospital=hospital or pairing.organisation_on(side).name,
        name=getattr(mark, "shown_name", mark.name) if mark is not None else "",
        job_title=getattr(mark, "job_title", "") if mark is not None else "",
        date=day_of(signed_at),
    )


def day_of(moment: datetime | date | None) -> str:
    """Return the Shanghai day of ``moment`` as a paper writes it; nothing for None."""
    if moment is None:
        return ""
    return chinese_date(clock.local_date(moment) if isinstance(moment, datetime) else moment)


def dotted(day: date | None) -> str:
    """Return ``day`` as a narrow column writes it: 2020.5.22."""
    return f"{day.year}.{day.month}.{day.day}" if day else ""


def year_label(year: int) -> str:
    """Return 第一年 … 第九年."""
    return f"第{NUMERALS[year]}年" if 0 < year < len(NUMERALS) else f"第{year}年"


def person_on(task: Task, side: Side) -> str:
    """Return who is in charge on ``side``: the account's name, or the name that was typed."""
    owner = task.owner_on(side)
    return owner.name if owner else str(getattr(task, f"{side.value}_person"))


def numeral_of(number: int) -> str:
    """Return 一 … 九十九, as headings count."""
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else NUMERALS[tens]) + "十" if tens else ""
    return head + (NUMERALS[ones] if ones else "")


def term_of(starts_on: date, ends_on: date) -> str:
    """Return the days from and to as a paper writes them."""
    return f"{chinese_date(starts_on)}至{chinese_date(ends_on)}"
