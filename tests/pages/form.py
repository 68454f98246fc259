"""The training form in tests: fields by recipe and setting, buttons by their texts."""

from __future__ import annotations

from core.models.catalog import Catalog
from core.training.library import list_recipes

_USED = {r.model for r in list_recipes().values()}
# As if timm had said so: what shipped recipes name, and a little more.
NAMES = Catalog(
    tuple(sorted({m.partition(".")[0] for m in _USED} | {"resnet18"})), tuple(sorted(m for m in _USED if "." in m)),
    tuple(sorted({r.optimizer for r in list_recipes().values()} | {"momentum", "sgd"})),
)  # fmt: skip


def key(name: str, field: str) -> str:
    return f"train:{name}:{field}"


def run(app):
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def press(app, text: str):
    next(b for b in app.button if b.label == text).click()
    return run(app)


def group(app, name: str):
    app.session_state["train_group"] = name
    return run(app)


def texts(app) -> str:
    return "\n".join(e.value for kind in ("markdown", "caption", "error") for e in getattr(app, kind))


def leave_and_return(app):
    app.switch_page("../review.py").run()
    app.switch_page("../fine_tune.py")
    return run(app)
