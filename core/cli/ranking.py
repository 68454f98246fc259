"""`rank`: the orders of the review queue."""

from __future__ import annotations

import argparse

from core.cli.common import add_verb, job_options, open_workspace, work_as_job
from core.jobs.reporter import Reporter


def register(verbs: argparse._SubParsersAction) -> None:
    about = "work the orders of the review queue out anew; every prediction does it by itself"
    parser = add_verb(verbs, "rank", about, _rank, json_output=True)
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the random order (default: 0)")
    job_options(parser)


def _rank(args: argparse.Namespace) -> int:
    ws = open_workspace(args)

    def work(reporter: Reporter, _job_id: int) -> str:
        from core.pseudo.orders import rank

        told = rank(ws, reporter, args.seed)
        return ", ".join(f"{name}: {count:,} waiting" for name, count in told.items()) or "Nothing is proposed yet."

    return work_as_job(args, ws, "rank", ["rank", f"--seed={args.seed}"], work, device=False)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text[:20]) >= 2**31:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 0 to {2**31 - 1}")
    return int(text)
