"""Answers to htmx: a fragment, pieces for elsewhere on the page, or a whole new page."""

import json
import re

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

REFRESH = json.dumps({"portal:refresh": True})
"""As HX-Trigger: the lists of the page that hang on uploads are to be renewed."""


def is_htmx() -> bool:
    """Whether htmx asked, and so wants a fragment. A history restore wants a whole page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def redirect_whole_page(address: str) -> Response:
    """Let htmx load a whole new page."""
    response: Response = make_response("", 204)
    response.headers["HX-Redirect"] = address
    return response


def page_or_fragment(
    page_template: str, fragment_template: str, /, *, status: int = 200, **context: object
) -> Response:
    """Render the fragment for htmx and the page for everyone else, from one context."""
    template = fragment_template if is_htmx() else page_template
    response: Response = make_response(render_template(template, **context), status)
    response.vary.add("HX-Request")
    return response


def out_of_band(fragment: str) -> str:
    """Let htmx put ``fragment`` in the place of the element of the page with its id."""
    return re.sub(r"^\s*<([a-z]+)", r'<\1 hx-swap-oob="true"', fragment, count=1)
