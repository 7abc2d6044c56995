"""The least Flask can do for the same rows: the yardstick that each page is held against.

Session log-in look-up, SQLAlchemy Core columns, one plain Jinja table, the same database,
and not a line of the portal's pages (design/quality.md, Performance).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, session

LIST = """<!doctype html><html lang="zh"><head><title>t</title></head><body>
<table>{% for r in rows %}<tr><td>{{ r.code }}</td>
<td><a href="/t/{{ r.id }}">{{ r.title }}</a></td>
<td>{{ r.area }}</td><td>{{ r.state }}</td><td>{{ r.progress }}</td><td>{{ r.due_on }}</td>
<td>{{ r.supporting }}</td><td>{{ r.supported }}</td></tr>{% endfor %}</table>
{{ n }}</body></html>"""
DETAIL = """<!doctype html><html lang="zh"><head><title>t</title></head><body><h1>{{ t.title }}</h1>
<p>{{ t.code }} {{ t.area }} {{ t.state }} {{ t.due_on }} {{ t.criteria }} {{ t.supporting }}</p>
<ul>{% for r in needs %}<li>{{ r.name }}</li>{% endfor %}</ul>
<ul>{% for n in notes %}<li>{{ n.at }} {{ n.author }} {{ n.body }}</li>{% endfor %}</ul>
<ul>{% for e in events %}<li>{{ e.at }} {{ e.actor_name }} {{ e.title }}</li>{% endfor %}</ul>
<ul>{% for f in files %}<li>{{ f.title }}</li>{% endfor %}</ul></body></html>"""
GRID = """<!doctype html><html lang="zh"><head><title>t</title></head><body>
<table>{% for r in rows %}<tr>{% for c in r %}<td>{{ c }}</td>{% endfor %}</tr>{% endfor %}</table>
</body></html>"""

LIST_SQL = """SELECT t.id, t.code, t.title, t.area, t.state, t.progress, t.due_on, t.starts_on,
 t.weight, a.short_name AS supporting, b.short_name AS supported
 FROM tasks t JOIN pairings p ON p.id = t.pairing_id
 JOIN organisations a ON a.id = p.supporting_id JOIN organisations b ON b.id = p.supported_id
 WHERE t.area = :area ORDER BY t.due_on, t.id LIMIT 51"""
COUNT_SQL = "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE area = :area LIMIT 1001) x"
DETAIL_SQL = """SELECT t.*, a.short_name AS supporting, b.short_name AS supported FROM tasks t
 JOIN pairings p ON p.id = t.pairing_id JOIN organisations a ON a.id = p.supporting_id
 JOIN organisations b ON b.id = p.supported_id WHERE t.id = :id"""
NEEDS_SQL = "SELECT name FROM evidence_requirements WHERE task_id = :id ORDER BY position"
NOTES_SQL = """SELECT n.at, n.body, u.name AS author FROM progress_notes n
 JOIN users u ON u.id = n.author_id WHERE n.task_id = :id ORDER BY n.at DESC"""
EVENTS_SQL = """SELECT at, actor_name, title FROM events
 WHERE object_type = 'task' AND object_id = :id ORDER BY id DESC LIMIT 200"""
FILES_SQL = """SELECT e.title FROM evidence_uses x JOIN evidence e ON e.id = x.evidence_id
 WHERE x.task_id = :id"""
BENCH_SQL = """SELECT t.id, t.code, t.title, t.state, t.state_since, t.due_on, a.short_name,
 b.short_name AS other FROM tasks t JOIN pairings p ON p.id = t.pairing_id
 JOIN organisations a ON a.id = p.supporting_id JOIN organisations b ON b.id = p.supported_id
 WHERE t.state = 'confirmed' ORDER BY t.state_since, t.id LIMIT 30"""
OVERVIEW_SQL = """SELECT t.pairing_id, t.area, count(*) AS n,
 sum(CASE WHEN t.state = 'closed' THEN 1 ELSE 0 END) AS closed,
 sum(CASE WHEN t.state <> 'closed' AND t.due_on < :today THEN 1 ELSE 0 END) AS red,
 sum(CASE WHEN t.state <> 'closed' AND t.due_on >= :today AND t.due_on <= :soon
 THEN 1 ELSE 0 END) AS yellow
 FROM tasks t JOIN pairings p ON p.id = t.pairing_id
 WHERE p.programme_id = :programme GROUP BY t.pairing_id, t.area"""


def make_floor(engine: sa.Engine, today: date, programme_id: int) -> Flask:
    """Return the bare application over ``engine``."""
    app = Flask("floor")
    app.secret_key = "floor"
    statements = {
        name: sa.text(text)
        for name, text in globals().items()
        if name.endswith("_SQL") and isinstance(text, str)
    }
    # Compiled once, as Flask does with a template that is a file.
    templates = {text: app.jinja_env.from_string(text) for text in (LIST, DETAIL, GRID)}

    def draw_template(text: str, **values: Any) -> str:
        return templates[text].render(**values)

    user = sa.text("SELECT id, name, role, organisation_id, is_active FROM users WHERE id = :id")

    def page(draw: Callable[[Callable[..., Any]], str]) -> str:
        with engine.connect() as connection:
            who = connection.execute(user, {"id": session.get("user", 1)}).one()
            assert who.is_active

            def rows(name: str, **values: Any) -> Any:
                return connection.execute(statements[name], values).all()

            return draw(rows)

    @app.get("/login/<int:number>")
    def log_in(number: int) -> str:
        session["user"] = number
        return ""

    @app.get("/list")
    def listing() -> str:
        area = "faculty"
        return page(
            lambda rows: draw_template(
                LIST,
                rows=rows("LIST_SQL", area=area)[:50],
                n=rows("COUNT_SQL", area=area)[0][0],
            )
        )

    @app.get("/detail/<int:number>")
    def detail(number: int) -> str:
        return page(
            lambda rows: draw_template(
                DETAIL,
                t=rows("DETAIL_SQL", id=number)[0],
                needs=rows("NEEDS_SQL", id=number),
                notes=rows("NOTES_SQL", id=number),
                events=rows("EVENTS_SQL", id=number),
                files=rows("FILES_SQL", id=number),
            )
        )

    @app.get("/bench")
    def bench() -> str:
        return page(lambda rows: draw_template(GRID, rows=rows("BENCH_SQL")))

    @app.get("/overview")
    def overview() -> str:
        soon = today + timedelta(days=30)
        return page(
            lambda rows: draw_template(
                GRID,
                rows=rows("OVERVIEW_SQL", today=today, soon=soon, programme=programme_id),
            )
        )

    return app
