"""`python -m core VERB`: everything the pages do, from the shell."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from core.errors import GapwiseError

# Modules, not verbs: each registers one verb or a few that belong together.
GROUPS = (
    "demo", "importing", "missing", "measure", "rules", "compare", "cascade", "training", "recipes", "jobs", "sweep",
    "runs", "hard", "review", "ranking", "accepting", "exporting", "scaling", "scaling_trained", "latency", "fits",
    "memory", "maps",
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Return the whole command line's parser."""
    root = argparse.ArgumentParser(prog="python -m core", description="Gapwise: fill the gaps in image labels.")
    verbs = root.add_subparsers(dest="verb", required=True, metavar="VERB")
    for group in GROUPS:
        importlib.import_module(f"core.cli.{group}").register(verbs)
    return root


def main(argv: list[str] | None = None) -> int:
    """Run a verb; return 0 on success, 1 when it failed; wrong usage exits with 2."""
    try:
        args = parser().parse_args(argv)
        status = args.handler(args)
        sys.stdout.flush()  # here, where a reader that went away can be caught
        return status
    except GapwiseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`). Python would complain again while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        # A full disk, a folder that nobody may read: what the system says is what there is to say.
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
