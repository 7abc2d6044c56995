"""Who sees and keeps the programmes: the commission and the provincial centre."""

from portal.models import User
from portal.policies.decision import Decision, yes_if
from portal.policies.scope import sees_all_pairings


def can_see_programmes(viewer: User) -> Decision:
    """Programmes with all their pairings are the province's; a hospital sees its pairings."""
    return yes_if(sees_all_pairings(viewer), "只有省卫生健康委和省中心可以查看帮扶周期。")


def can_manage_programmes(viewer: User) -> Decision:
    """The commission or the centre sets up a programme and imports its pairing table."""
    return yes_if(
        sees_all_pairings(viewer), "只有省卫生健康委和省中心可以设立帮扶周期、导入结对名单。"
    )
