"""Filling a Word template in a sandbox: its tags see the facts and nothing of the program."""

import io
import zipfile
from datetime import datetime
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from portal.documents.official.making import TemplateFault

OLDEST = (1980, 1, 1, 0, 0, 0)
"""A zip knows no earlier moment; every part carries it, so that equal papers are equal bytes."""


def filled(template: bytes, facts: dict[str, Any]) -> bytes:
    """Return the template with the facts in it. Raises TemplateFault."""
    # What is typed by people is escaped: it is text, whatever it looks like.
    sandbox = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    sandbox.globals.clear()
    document = DocxTemplate(io.BytesIO(template))
    try:
        document.render(facts, sandbox, autoescape=True)
    except TemplateError as error:
        raise TemplateFault(_sentence(error)) from error
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        # docxtpl and lxml raise whatever a tag in an odd place makes them stumble over.
        raise TemplateFault(f"模板无法填写：{_short(str(error))}") from error
    _describe(document, facts)
    made = io.BytesIO()
    document.save(made)
    return _same_every_time(made)


def _describe(document: Any, facts: dict[str, Any]) -> None:
    about = document.docx.core_properties
    about.title, about.author = facts["title"], facts["author"]
    about.last_modified_by, about.revision = facts["author"], 1
    about.created = about.modified = datetime.fromisoformat(facts["day"])


def _same_every_time(made: io.BytesIO) -> bytes:
    """Return the package without the moment at which it was written."""
    settled = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            info = zipfile.ZipInfo(part.filename, OLDEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(part))
    return settled.getvalue()


def _sentence(error: TemplateError) -> str:
    """Say what is wrong in Chinese, and near which words of the template."""
    near = "".join(getattr(error, "docx_context", ())).strip()
    line = f"（第 {error.lineno} 段附近）" if isinstance(error, TemplateSyntaxError) else ""
    where = f"，在“{_short(near, 60)}”附近" if near else ""
    told = _short(str(error.message or error))
    if isinstance(error, SecurityError):
        return f"模板用了不允许的写法{where}：{told}"
    if isinstance(error, UndefinedError):
        return f"模板用了不存在的占位符{where}：{told}"
    return f"模板的标签有误{line}{where}：{told}"


def _short(text: str, length: int = 200) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[:length] + "…"
