"""The options that say where a training runs."""

from __future__ import annotations

import argparse
import os

from core.cli.common import text
from core.cluster.where import VARIABLE, Where, cluster_address
from core.errors import GapwiseError


def add_where(parser: argparse.ArgumentParser) -> None:
    """Add --processes, --cluster and what belongs to a cluster."""
    group = parser.add_argument_group("where to train (default: here, one process per CUDA device)")
    group.add_argument("--processes", type=int, metavar="N", help="processes on this machine, training one model")
    group.add_argument(
        "--cluster",
        nargs="?",
        const="",
        type=text,
        metavar="ADDRESS",
        help=f"a Ray cluster, http://host:8265 (without ADDRESS: {VARIABLE}); the workspace must lie on storage that"
        " all its machines mount at the same path",
    )
    group.add_argument("--workers", type=int, metavar="N", help="workers on the cluster (default: 1)")
    about_gpus = "GPUs of each worker, one process for each; 0 for one process on the CPU (default: 0)"
    group.add_argument("--gpus-per-worker", type=int, metavar="G", help=about_gpus)
    group.add_argument("--cpus-per-worker", type=int, metavar="C", help="CPU cores for each process (default: 1)")


def chosen_where(args: argparse.Namespace) -> Where:
    """Return what the options say.

    Raises:
        GapwiseError: If they don't fit together.
    """
    if "WORLD_SIZE" in os.environ and int(os.environ["WORLD_SIZE"]) > 1:
        raise GapwiseError(
            "`train` was started by `accelerate launch` or torchrun, in several processes that would each make a job."
            " Start it once, with --processes N: it starts `accelerate launch` by itself."
        )
    counts = {name: getattr(args, name) for name in ("workers", "gpus_per_worker", "cpus_per_worker")}
    counts = {name: count for name, count in counts.items() if count is not None}
    if args.cluster is None and not counts:
        return Where(processes=args.processes)
    if args.processes is not None:
        raise GapwiseError("--processes is for this machine, --workers for a cluster: give one of them.")
    where = Where(cluster=cluster_address(args.cluster), **counts)
    if args.job is None:  # what a job lacks is the job's failure, and told as such
        where.check()
    return where
