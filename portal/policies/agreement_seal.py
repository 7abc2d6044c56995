"""The hash on a filing receipt: what exactly it is taken over, so that anyone can take it again.

The canonical form is JSON: UTF-8, keys sorted, no spaces, no escapes for Chinese. It holds, in
this order of meaning: ``form`` (the version of this description), the filing number, the kind,
both hospitals' names and the term, the clauses in their order (key, title, text), the seven
annexes (names and annexes as kept when signing opened), the signatures by side (name, title, in
whose place, moment in UTC) and the SHA-256 of the scan. Changing any of it changes the hash.
See docs/agreements.md.
"""

import hashlib
import json
from datetime import UTC
from typing import Any

from portal.models import Agreement, AgreementRevision, Side

FORM = "agreement/1"


def canonical(agreement: Agreement, revision: AgreementRevision) -> bytes:
    """Return the bytes the hash is taken over."""
    found: dict[str, Any] = {
        "form": FORM,
        "number": agreement.filing_number or "",
        "kind": agreement.kind.value,
        "parties": [revision.party(side) for side in Side],
        "revision": revision.number,
        "term": [revision.starts_on.isoformat(), revision.ends_on.isoformat()],
        "clauses": [[one.key, one.title, one.body] for one in revision.clauses],
        "annexes": {one.kind.value: one.content for one in revision.annexes},
        "signatures": [
            [
                mark.side.value,
                mark.name,
                mark.job_title,
                mark.on_behalf_of,
                mark.signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
            ]
            for mark in sorted(revision.signatures, key=lambda one: one.side.value)
        ],
        "scan": revision.scan.sha256 if revision.scan else "",
    }
    text = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def seal_of(agreement: Agreement, revision: AgreementRevision) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(agreement, revision)).hexdigest()


def seal_holds(agreement: Agreement) -> bool | None:
    """Whether what is kept still has the hash of the receipt; None where none was taken."""
    revision = agreement.current
    return seal_of(agreement, revision) == revision.sha256 if revision.sha256 else None
