"""The arithmetic of the annual assessment: pure functions, no database (domain-facts §10.2)."""
