"""Pages, one package per area as users speak of them. Each package offers ``bp``."""

import importlib
import pkgutil

from flask import Flask


def register_blueprints(app: Flask) -> None:
    """Register the blueprint of every area."""
    for area in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        package = importlib.import_module(f"{__name__}.{area}")
        app.register_blueprint(package.bp)
