"""The form of a hand-over."""

from collections.abc import Iterable

from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from portal.models import User
from portal.queries.open_work import OpenThing
from portal.web.forms import MaxLength, PortalForm


class HandOverForm(PortalForm):
    """Who takes over, why, and what is ticked of the list."""

    receiver = SelectField("接收人", [DataRequired("请选择接收人。")])
    reason = StringField(
        "交接原因",
        [DataRequired("请填写交接的原因。"), MaxLength(200)],
        description="例如：调离科教科，工作由接收人继续办理。",
    )
    items = SelectMultipleField("移交事项", validate_choice=False)

    def offer(self, people: Iterable[User]) -> None:
        """Fill the choice of receivers."""
        self.receiver.choices = [
            SelectChoice("", "请选择"),
            *(SelectChoice(str(one.id), _called(one)) for one in people),
        ]

    def tick_all(self, things: Iterable[OpenThing]) -> None:
        """Tick the whole list, as it stands when the page is opened."""
        self.items.data = [thing.key for thing in things]


def _called(user: User) -> str:
    """Return a person as the choice names them."""
    post = user.position or user.role.label
    return f"{user.name}（{post}）" if user.role.in_hospital else f"{user.name}（{user.username}）"
