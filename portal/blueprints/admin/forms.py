"""Forms of the administration's pages."""

from collections.abc import Iterable
from typing import Any

from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired
from wtforms.widgets import CheckboxInput, ListWidget

from portal.models import BaseKind, Organisation, OrganisationKind, Role, User
from portal.services.organisations import OrganisationEntry
from portal.services.users import UserEntry
from portal.web.forms import MaxLength, PortalForm, choices


class EditUserForm(PortalForm):
    """Name, position, role and organisation of an account."""

    name = StringField("姓名", [DataRequired("请填写姓名。"), MaxLength(40)])
    position = StringField("职务", [MaxLength(60)])
    role = SelectField("角色", [DataRequired("请选择角色。")])
    organisation = SelectField("所属单位")

    def offer(self, roles: Iterable[Role], organisations: Iterable[Organisation]) -> None:
        """Fill the two choices."""
        self.role.choices = choices(roles, blank="请选择")
        self.organisation.choices = [
            SelectChoice("", "无（仅限专家和三类管理员）"),
            *(SelectChoice(str(one.id), one.name) for one in organisations),
        ]

    def fix(self, user: User) -> None:
        """Leave role and organisation as they are: this viewer may not move the account."""
        del self.role, self.organisation
        self.fixed = (user.role, user.organisation)

    def show(self, user: User) -> None:
        """Show the account as it is."""
        self.name.data, self.position.data = user.name, user.position
        if "role" in self:
            self.role.data = user.role.value
            self.organisation.data = str(user.organisation_id or "")

    def entry(self, organisations: Iterable[Organisation]) -> UserEntry:
        """Return what was filled in."""
        if "role" not in self:
            role, organisation = self.fixed
        else:
            role = Role(self.role.data)
            by_id = {str(one.id): one for one in organisations}
            organisation = by_id.get(self.organisation.data)
        return UserEntry(self.name.data, self.position.data or "", role, organisation)


BY_LINK, BY_PASSWORD = "link", "password"
WAYS = [
    SelectChoice(BY_LINK, "邀请链接：本人用手机或电脑打开链接，自己设置密码"),
    SelectChoice(BY_PASSWORD, "初始密码：当面交付，首次登录时修改（适合不便打开链接的地方）"),
]
"""How the owner of a new account comes in for the first time."""


def way_field() -> RadioField:
    """Return the choice between a link and an initial password."""
    return RadioField("交付方式", choices=WAYS, default=BY_LINK)


def lower_case(value: Any) -> Any:
    """Return a user name as it is kept."""
    return value.lower() if isinstance(value, str) else value


class IssueUserForm(EditUserForm):
    """A new account."""

    username = StringField(
        "用户名",
        [DataRequired("请填写用户名。"), MaxLength(64)],
        filters=[lower_case],
        description="小写字母开头，可用小写字母、数字、点、横线，至少 3 位；发放后不能更改。",
    )
    way = way_field()


class IssueManyForm(PortalForm):
    """New accounts for several people of one hospital."""

    organisation = SelectField("医院", [DataRequired("请选择医院。")])
    lines = TextAreaField(
        "名单",
        [DataRequired("请粘贴名单，每行一人。"), MaxLength(10000)],
        description="每行一人：姓名、职务、角色，可从表格中直接粘贴；第四列可填用户名，不填则自动编号。",
    )
    way = way_field()

    def offer(self, hospitals: Iterable[Organisation]) -> None:
        """Fill the choice of hospitals."""
        self.organisation.choices = [
            SelectChoice("", "请选择"),
            *(SelectChoice(str(one.id), one.name) for one in hospitals),
        ]


class DisableUserForm(PortalForm):
    """Why an account is closed."""

    reason = TextAreaField("停用原因", [DataRequired("请填写停用的原因。"), MaxLength(200)])


class SecurityForm(PortalForm):
    """Of which roles the second factor is demanded."""

    roles = SelectMultipleField(
        "必须使用两步验证的角色",
        choices=choices(Role),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        description="勾选后，这些角色中还没有开启的人，下一次操作时须先设置两步验证，才能使用其他功能。",
    )


class OrganisationForm(PortalForm):
    """An organisation and the bases it is accredited for."""

    name = StringField("名称", [DataRequired("请填写单位名称。"), MaxLength(100)])
    short_name = StringField("简称", [DataRequired("请填写简称。"), MaxLength(40)])
    kind = SelectField("类别", [DataRequired("请选择类别。")])
    city = StringField(
        "所在市县",
        [MaxLength(40)],
        description="如“文昌市”。市卫生健康委按此查看辖区内医院的结对；省级单位可不填。",
    )
    bases = SelectMultipleField(
        "培训基地",
        choices=choices(BaseKind),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )

    def offer(self, kinds: Iterable[OrganisationKind]) -> None:
        """Fill the choice of kinds."""
        self.kind.choices = choices(kinds, blank="请选择")

    def show(self, organisation: Organisation) -> None:
        """Show the organisation as it is."""
        self.name.data, self.short_name.data = organisation.name, organisation.short_name
        self.kind.data, self.city.data = organisation.kind.value, organisation.city
        self.bases.data = [base.kind.value for base in organisation.bases]

    def entry(self) -> OrganisationEntry:
        """Return what was filled in."""
        return OrganisationEntry(
            name=self.name.data,
            short_name=self.short_name.data,
            kind=OrganisationKind(self.kind.data),
            city=self.city.data or "",
            bases=[BaseKind(value) for value in self.bases.data or []],
        )
