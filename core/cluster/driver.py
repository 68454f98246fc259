"""What runs on the Ray cluster for a job: places the training processes and waits for them.

`python -m core.cluster.driver`, as the entrypoint of a submitted job. Imports ray only when run.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from core.cluster.folder import RankFolder, check_seen
from core.errors import GapwiseError

log = logging.getLogger("gapwise")

ERROR = "gapwise-error: "  # before a JSON text on standard output: why the training failed
DIED = "on the cluster died"
LOOK_SECONDS = 1.0
_NAMES = {"CPU": "CPU cores", "GPU": "GPUs"}


def main() -> int:
    """Train, and end when the processes have ended; return 1 when it failed, having said why."""
    args = _arguments()
    folder = RankFolder(args.folder)
    try:
        # The workers look for themselves; the driver's machine has to see it too, and is heard first.
        check_seen(folder, args.attempt, args.root)
        _train(args, folder)
    except Exception as error:
        log.exception("failed")
        clear = isinstance(error, GapwiseError)
        text = str(error) if clear else f"The driver on the cluster failed: {error!r} (The log has the details.)"
        print(ERROR + json.dumps(text), flush=True)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="core.cluster.driver")
    for name, kind in (
        ("root", Path), ("run", int), ("folder", Path), ("attempt", str), ("world", int), ("gpus", int), ("cpus", int)
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, required=True)
    return parser.parse_args()


def _train(args: argparse.Namespace, folder: RankFolder) -> None:
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    ray.init()
    each = {"CPU": args.cpus, **({"GPU": args.gpus} if args.gpus else {})}
    needed = {name: count * args.world for name, count in each.items()}
    over = threading.Event()
    threading.Thread(target=_tell_waiting, args=(folder, args.world, needed, over), daemon=True).start()
    trainer = TorchTrainer(
        _loop,
        train_loop_config={name: getattr(args, name) for name in ("root", "run", "folder", "attempt", "world")},
        scaling_config=ScalingConfig(num_workers=args.world, use_gpu=bool(args.gpus), resources_per_worker=each),
        # Beside the job, on the storage that all see. Checkpoints are the run's own: Ray keeps none.
        run_config=RunConfig(name=args.attempt, storage_path=str(folder.root / "ray")),
    )
    try:
        trainer.fit()
    except Exception as error:  # Ray has a class for each kind of failure, and more with each version
        raise GapwiseError(failure_text(error, args.world)) from error
    finally:
        over.set()


def _loop(config: dict) -> None:
    """Run one process; Ray has made its process group and named its rank in the environment."""
    import ray.train

    folder = RankFolder(config["folder"])
    check_seen(folder, config["attempt"], config["root"])
    folder.join(ray.train.get_context().get_world_rank())  # before torch and timm are loaded: it waits no longer
    from core.training import rank

    rank.log_to_stderr()
    rank.fit(config["root"], config["run"], config["folder"], config["attempt"], config["world"])


def _tell_waiting(folder: RankFolder, world: int, needed: Mapping[str, float], over: threading.Event) -> None:
    import ray

    while not over.wait(LOOK_SECONDS) and not folder.members():
        if _placed():
            folder.say_waits(f"Starting {world} training processes on the cluster")
        else:
            folder.say_waits(waiting_text(world, needed, ray.available_resources(), ray.cluster_resources()))


def _placed() -> bool:
    """Whether the cluster has set this job's share aside; Ray writes a job's id at the end of all its ids."""
    import ray
    from ray.util import placement_group_table

    job = ray.get_runtime_context().get_job_id()
    groups = placement_group_table().values()
    return any(g["placement_group_id"].endswith(job) and g["state"] == "CREATED" for g in groups)


def waiting_text(world: int, needed: Mapping[str, float], free: Mapping[str, float], total: Mapping[str, float]) -> str:
    """Say what the processes wait for.

    Args:
        needed, free, total: Counts by Ray's resource names, CPU and GPU.
    """
    wants = f"{world} training processes need {_counted(needed)}"
    if any(total.get(name, 0) < count for name, count in needed.items()):
        short = {name: total.get(name, 0) for name in needed}
        return f"Waiting for the cluster to grow: {wants}, it has {_counted(short)} in all"
    if any(free.get(name, 0) < count for name, count in needed.items()):
        return f"Waiting for the cluster: {wants}, free are {_counted({n: free.get(n, 0) for n in needed})}"
    return f"Starting {world} training processes on the cluster"


def failure_text(error: Exception, world: int) -> str:
    """Say a failure of Ray Train in words that help."""
    texts = [str(failure) for failure in getattr(error, "worker_failures", {}).values()] or [str(error)]
    for text in texts:
        # A process's own words, out of Ray's copy of its traceback.
        if found := re.search(r"GapwiseError: (.+)", text):
            return found.group(1)
    if any("died" in text or "ActorDied" in text for text in texts):
        return (
            f"One of the {world} training processes {DIED}: killed, out of memory, or its machine went"
            " down. Resume it; it goes on from its latest checkpoint."
        )
    return f"The training on the cluster failed: {texts[0].strip().splitlines()[-1][:300]} (The log has the details.)"


def _counted(resources: Mapping[str, float]) -> str:
    return " and ".join(f"{count:g} {_NAMES.get(name, name)}" for name, count in resources.items())


if __name__ == "__main__":
    sys.exit(main())
