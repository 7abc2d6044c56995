"""Who may send a link for a new account, and until when it opens the door."""

from datetime import datetime, timedelta

from portal.models import Invitation, User
from portal.policies.accounts import can_reset_password
from portal.policies.decision import Decision, no

LIFETIME = timedelta(days=7)


def can_invite(viewer: User, user: User) -> Decision:
    """Whoever may reset the password may send a link, until the owner has set one."""
    if not (decision := can_reset_password(viewer, user)):
        return decision
    if not user.is_active:
        return no("这个账号已停用，请先启用再发邀请链接。")
    if not user.must_change_password:
        return no("本人已经设置过密码，不需要邀请链接；忘记密码的请重置密码。")
    return decision


def why_closed(invitation: Invitation, now: datetime) -> str:
    """Return why the link no longer works, as a sentence; empty while it does.

    A password set in any other way closes it too: it is for new accounts alone.
    """
    if invitation.used_at is not None or not invitation.user.must_change_password:
        return "这个邀请链接已经使用过，账号的密码已由本人设置。"
    if invitation.revoked_at is not None or not invitation.user.is_active:
        return "这个邀请链接已作废，可能已换发了新的链接。"
    if invitation.expires_at <= now:
        return "这个邀请链接已过期。"
    return ""
