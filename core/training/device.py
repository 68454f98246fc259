"""Which device a training will use: CUDA, else MPS, else the CPU.

`python -m core.training.device` prints it as JSON: the page asks a short-lived process, so that the
server never imports torch.
"""

from __future__ import annotations

import json
import subprocess
import threading

from core.aside import start_aside


def describe() -> dict[str, object]:
    """Return {"device": cuda, mps or cpu, "name": what people read, "count": how many}. Imports torch."""
    import torch

    if torch.cuda.is_available():
        names = sorted({torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())})
        return {"device": "cuda", "name": f"CUDA: {', '.join(names)}", "count": torch.cuda.device_count()}
    if torch.backends.mps.is_available():
        return {"device": "mps", "name": "MPS: Apple GPU", "count": 1}
    return {"device": "cpu", "name": f"CPU: {torch.get_num_threads()} threads", "count": 1}


class Probe:
    """Asks for the device in another process; never blocks. Threads may share it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process = start_aside(["-m", "core.training.device"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._answer: str | None = None

    def name(self) -> str | None:
        """Return what people read, None while the answer is on its way."""
        with self._guard:  # two tabs that look at once: only one can read what it wrote
            if self._answer is None and self._process.poll() is not None:
                output = self._process.communicate()[0]
                failed = self._process.returncode != 0
                self._answer = "unknown: torch does not start here" if failed else str(json.loads(output)["name"])
            return self._answer


if __name__ == "__main__":
    print(json.dumps(describe()))
