"""The warm worker with a desk that has no network: its pipes, its line and its end are the real ones.

What an ask's layer says is done: `slow` takes half a second, or until the file FAKE_GATE is there, `boom` fails, `die`
ends the process, `noise` prints.
"""

from __future__ import annotations

import os
import sys
import time
import types

from core.explain import warm_worker
from core.explain.asking import Answer


class Desk:
    def __init__(self) -> None:
        print("a library says hello on standard output", flush=True)
        self.batches: list[int] = []
        self.order: list[list] = []

    def answer(self, asked):
        self.batches.append(len(asked))
        self.order.append([asked[0]["ask"]["method"], asked[0]["ask"]["trust"]])
        for q in asked:
            ask = q["ask"]
            if q["do"] == "layers":
                yield q["id"], {"layers": [{"name": "blocks.0", "asked": ask["run_id"] or ask["model"]}]}
                continue
            if q["do"] == "load":
                yield q["id"], {"loaded": "run"}
                continue
            self._act(ask["layer"])
            answer = Answer(ask["image_id"], 1, 1, b"\x07", "1", [0.0, 1.0], "blocks.4", None, False, 1)
            yield q["id"], {"answer": answer.as_dict()}

    def _act(self, what: str | None) -> None:
        if what == "slow":
            time.sleep(0.5)
            while (gate := os.environ.get("FAKE_GATE")) and not os.path.exists(gate):
                time.sleep(0.01)
        if what == "boom":
            raise RuntimeError("it went boom\nand more for its authors")
        if what == "die":
            print("the last words", file=sys.stderr, flush=True)
            os.kill(os.getpid(), 9)
        if what == "noise":
            os.write(1, b"from below\n")
            print("x" * 200_000, flush=True)

    def words(self, error: Exception) -> str:
        return f"in words: {str(error).splitlines()[0]}"

    def state(self) -> dict:
        return {"memory": 1, "models": ["run 1"], "batches": self.batches, "order": self.order}

    def tidy(self) -> None:
        pass

    def close(self) -> None:
        pass


module = types.ModuleType("core.explain.warm_desk")
module.Desk = Desk
sys.modules["core.explain.warm_desk"] = module
warm_worker.IDLE = float(os.environ.get("FAKE_IDLE", "60"))
sys.exit(warm_worker.main())
