"""What the plays in the browser share."""

from tests.browser.players import cast, proof, scan

__all__ = ["cast", "proof", "scan"]
