"""The landing page: what waits for me, in every pairing, acted on in place."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.blueprints.workbench import bp
from portal.queries.workbench import bench_of
from portal.web.accounts import actor
from portal.web.navigation import home_url


@bp.get("/")
def show() -> Response | str:
    """Show what waits for the viewer; ``kind`` in the address narrows to one kind."""
    viewer = actor()
    if (home := home_url(viewer)) != url_for("workbench.show"):
        # Who has no business in the programme starts where their own work is.
        return redirect(home)
    bench = bench_of(viewer)
    kind = request.args.get("kind", "")
    shown = [item for item in bench.to_do if kind in ("", item.kind)]
    return render_template("workbench/show.html", bench=bench, shown=shown, kind=kind)
