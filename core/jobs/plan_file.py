"""A job's plan, as JSON in the job's folder: written by its worker alone, in one step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from core.errors import GapwiseError
from core.files import write_atomic

Plan = TypeVar("Plan")


def plan_bytes(plan: object) -> bytes:
    """Return a plan, a dataclass, as it is stored."""
    return json.dumps(asdict(plan), ensure_ascii=False, indent=1).encode()


def write(path: Path, plan: object) -> None:
    """Replace a plan in one step.

    Raises:
        OSError: If it can't be written; the one before stays.
    """
    write_atomic(path, plan_bytes(plan))


def read(path: Path, work: str, make: Callable[[dict], Plan]) -> Plan | None:
    """Return a plan, None when there is none yet.

    Args:
        work: What it is the plan of, "cascade".
        make: The plan of what was stored; may raise TypeError, KeyError or ValueError.

    Raises:
        GapwiseError: If it can't be read.
    """
    try:
        return make(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise GapwiseError(f"The {work}'s plan {path} can't be read: {error}. Start the {work} again.") from error
