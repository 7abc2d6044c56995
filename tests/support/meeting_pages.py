"""What the tests of the meeting pages share."""

from tests.factories import Scene


def plan_path(scene: Scene) -> str:
    """Where a meeting is planned."""
    return f"/pairings/{scene.pairing_id}/meetings/new"
