"""The five areas of assistance (notice, part two) and the two sides of a pairing."""

from portal.models.base import LabelledEnum


class Area(LabelledEnum):
    """One of the five areas every plan must cover (H-10 to H-22)."""

    DEPARTMENT = "department_building", "全科医学科建设"
    MANAGEMENT = "management_system", "管理体系和培训制度建设"
    INCENTIVES = "incentives", "激励机制"
    TEACHING = "teaching_activities", "规范培训教学活动"
    FACULTY = "faculty", "师资队伍建设"

    @property
    def short(self) -> str:
        """A label that fits a table head."""
        return _SHORT[self]

    @property
    def number(self) -> int:
        """Place in the notice, from one."""
        return list(Area).index(self) + 1


_SHORT = {
    Area.DEPARTMENT: "科室建设",
    Area.MANAGEMENT: "管理制度",
    Area.INCENTIVES: "激励机制",
    Area.TEACHING: "教学活动",
    Area.FACULTY: "师资队伍",
}


class Side(LabelledEnum):
    """Which hospital of a pairing somebody belongs to."""

    SUPPORTING = "supporting", "帮扶方", "accent"
    SUPPORTED = "supported", "受援方", "info"

    @property
    def other(self) -> "Side":
        """The side across the table."""
        return Side.SUPPORTED if self is Side.SUPPORTING else Side.SUPPORTING


class Weight(LabelledEnum):
    """How much a task counts (domain-facts §10.1); tasks store the bare number."""

    NORMAL = "1", "一般", "neutral"
    KEY = "2", "重点", "info"
    CORE = "3", "核心", "accent"


class Light(LabelledEnum):
    """Red, yellow, green or grey: derived from state and dates, never stored."""

    RED = "red", "逾期", "danger"
    YELLOW = "yellow", "预警", "warning"
    GREEN = "green", "正常", "success"
    GREY = "grey", "未到期", "neutral"
