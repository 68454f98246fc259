"""`python -m core.demo.part OUT N SEED PART PARTS`: draws a share of the demo's scenes, for `scenes.generate`."""

from __future__ import annotations

import sys
from pathlib import Path

from core.demo.scenes import draw_part

if __name__ == "__main__":
    out, *numbers = sys.argv[1:]
    for _ in draw_part(Path(out), *map(int, numbers)):
        pass
