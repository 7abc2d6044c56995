"""The templates of official outputs, which a centre may replace (GB/T 9704-2012, §9.5.8)."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import User
from portal.models.base import Base, Identified, LabelledEnum, enum_column


class OutputKind(LabelledEnum):
    """A paper that the portal produces."""

    PLAN = "plan", "三年帮扶工作计划"
    TASK_LIST = "task_list", "任务清单"
    LEDGER = "ledger", "销号台账"
    CLOSURE_SLIP = "closure_slip", "销号确认单"
    RECEIPT = "receipt", "备案回执"
    SURVEY_REPORT = "survey_report", "实地调研报告"
    AGREEMENT = "agreement", "帮扶协议"


class OutputFormat(LabelledEnum):
    """In which form a paper is produced, each from a template of its own."""

    DOCX = "docx", "Word 文档"
    PDF = "pdf", "PDF 文档"


class OutputTemplate(Identified, Base):
    """A template that the centre put in the place of the shipped one; versions stay readable."""

    __tablename__ = "output_templates"
    __table_args__ = (
        UniqueConstraint("kind", "format", "number"),
        Index(
            "uq_output_templates_active",
            "kind",
            "format",
            unique=True,
            postgresql_where=text("is_active"),
            sqlite_where=text("is_active"),
        ),
        CheckConstraint("number > 0", name="number"),
    )

    kind: Mapped[OutputKind] = mapped_column(enum_column(OutputKind, "kind"))
    format: Mapped[OutputFormat] = mapped_column(enum_column(OutputFormat, "format"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    note: Mapped[str] = mapped_column(String(200), default="")
    # A template is a few dozen kilobytes, and every worker needs it: it lives in the database.
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    is_active: Mapped[bool] = mapped_column(default=False, server_default="0")
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    uploaded_at: Mapped[datetime]

    uploaded_by: Mapped[User] = relationship()
