"""What people do to a workspace, at random: for tests of what must hold whatever happened."""

from __future__ import annotations

import numpy as np

from core.store import cells, decisions
from core.workspace import Workspace


class Anybody:
    """Somebody who decides, takes back and derives on a workspace with three binary labels; `n` numbers the actions."""

    def __init__(self, ws: Workspace, rng: np.random.Generator, images: int) -> None:
        self.ws, self.rng, self.images = ws, rng, images

    def decide(self, n: int) -> None:
        rng = self.rng
        where = {"image_id": int(rng.integers(1, self.images + 1)), "label_id": int(rng.integers(1, 4))}
        action = str(rng.choice(["choose", "choose", "skip", "flag"]))
        value = int(rng.integers(0, 2)) if action == "choose" else None
        with self.ws.write() as connection:
            decisions.decide(connection, client_id=f"d{n}", reviewer="r", action=action, value=value, **where)

    def undo(self, n: int) -> None:
        with self.ws.write() as connection:
            if decisions.last_standing(connection, "r") is not None:
                decisions.undo(connection, client_id=f"u{n}", reviewer="r")

    def derive(self, _: int) -> None:
        with self.ws.write() as connection:
            cells.derive_all(connection)
