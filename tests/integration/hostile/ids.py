"""Ids that no row has, ids of other people's things, and things under the wrong parent."""

from __future__ import annotations

from tests.integration.hostile.table import STRANGER, Row, get, metadata, post, tus

NOT_FOUND = "没有找到"
DAY = "2021-03-15"


def unknown(path: str, says: str = NOT_FOUND) -> Row:
    return Row(f"id: {path}", get(path), 404, says)


def of_others(path: str) -> Row:
    return Row(f"other people's: GET {path}", get(path), 404, NOT_FOUND, by=STRANGER)


def done_to_others(path: str, **data: str) -> Row:
    return Row(f"other people's: POST {path}", post(path, data), 404, NOT_FOUND, by=STRANGER)


def begun(name: str, status: int, says: str, **said: str) -> Row:
    """Begin an upload that names what it must not."""
    headers = {"Upload-Length": "10", "Upload-Metadata": metadata(filename="方案.pdf", **said)}

    def send(attack):  # type: ignore[no-untyped-def]
        filled = {key: text.format(**attack.ids) for key, text in said.items()}
        named = metadata(filename="方案.pdf", **filled)
        return tus("POST", "/uploads", {**headers, "Upload-Metadata": named})(attack)

    return Row(f"upload: {name}", send, status, says)


ROWS = [
    unknown("/tasks/-1"),
    unknown("/tasks/0"),
    unknown("/tasks/99999999999999999999999999"),
    unknown("/tasks/2147483648"),
    unknown("/tasks/1e3"),
    unknown("/tasks/1%00"),
    unknown("/files/2147483647"),
    unknown("/tasks/%2e%2e/admin/users"),
    unknown("/static/..%2f..%2fconfig.py"),
    unknown("/static/%2e%2e/config.py"),
    unknown("/.git/config"),
    unknown("/%00"),
    *map(
        of_others,
        (
            "/tasks/{task_id}",
            "/pairings/{pairing_id}",
            "/evidence/{evidence_id}",
            "/files/{file_id}",
            "/files/{file_id}?download=1",
            "/files/{file_id}/preview",
            "/files/{file_id}/thumbnail",
            "/tasks/{task_id}/pack.zip",
            "/organisations/{organisation_id}/pack.zip",
            "/pairings/{pairing_id}/gallery",
            "/tasks/{task_id}/phone-link",
            "/uploads/{token}",
            "/assessments/{assessment_id}",
            "/assessments/{assessment_id}/print",
            "/agreements/{agreement_id}",
            "/meetings/{meeting_id}/print",
            "/handovers/{handover_id}",
            "/admin/users/{user_id}",
            "/account/parked/{parked}",
        ),
    ),
    done_to_others("/tasks/{task_id}/notes", progress="90", body="改"),
    done_to_others("/tasks/{task_id}/closure", statement="销号"),
    done_to_others("/tasks/{task_id}/phone-link"),
    done_to_others("/evidence/{evidence_id}/withdraw", reason="撤"),
    done_to_others("/evidence/uses/{use_id}/remove"),
    done_to_others("/uploads/{token}/answer", answer="cancel"),
    done_to_others("/account/sessions/{session_id}/end"),
    done_to_others("/assessments/{assessment_id}/self/submit"),
    done_to_others("/admin/users/{user_id}/password"),
    Row(
        "other people's: a piece sent into an upload",
        tus(
            "PATCH",
            "/uploads/{token}",
            {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
            b"%PDF-1.7",
        ),
        404,
        NOT_FOUND,
        by=STRANGER,
    ),
    Row("other people's: an upload given up", tus("DELETE", "/uploads/{token}"), 404, by=STRANGER),
    Row(
        "mixed: evidence of another hospital used for one's own task",
        post(
            "/tasks/{task_id}/evidence/use", {"requirement": "0", "evidence": "{foreign_evidence}"}
        ),
        422,
    ),
    Row(
        "mixed: a file for the requirement of another task",
        post("/tasks/{task_id}/evidence", {"evidence_on": DAY, "file-{foreign_requirement}": "x"}),
        422,
        "请先选择",
    ),
    Row(
        "mixed: a plan with the task of another",
        post("/plans/{plan_id}/tasks/{foreign_task}/remove"),
        404,
        NOT_FOUND,
    ),
    Row(
        "mixed: an owner from another hospital",
        post("/tasks/{task_id}/owners", {"owner": "{foreign_user}"}),
        422,
    ),
    Row(
        "mixed: an owner that no row can be",
        post("/tasks/{task_id}/owners", {"owner": "9" * 30}),
        422,
    ),
    begun("for another hospital's task", 404, NOT_FOUND, task="{foreign_task}"),
    begun("for another hospital's library", 404, NOT_FOUND, pairing="{foreign_pairing}"),
    begun(
        "for another task's requirement",
        422,
        "材料要求已变动",
        task="{task_id}",
        requirement="{foreign_requirement}",
    ),
    begun("for nothing", 404, NOT_FOUND),
    begun("of the year one", 422, "材料日期", task="{task_id}", evidence_on="0001-01-01"),
    begun("of a day to come", 422, "日期", task="{task_id}", evidence_on="2099-01-01"),
]
