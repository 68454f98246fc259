"""How long a single activation map takes: the first one, one from the warm worker, one that is stored, in one run.

    python benchmarks/warm_maps.py [--rounds 20] [--colds 3] [--model efficientnet_b0] [--size 224] [--method gradcam]
                                   [--megapixels 12] [--home DIR] [--json FILE]

A Streamlit server of its own, and requests to its `/gapwise/map` over HTTP, timed from the request to the whole answer.
`cold` is the first map after a start: the worker process with its libraries and the network. `warm` is another image's
map, not stored, `stored` the same image again. `network` is the first map of a second network in a warm worker. Cold,
warm and stored ones take turns. The network is the model with random weights: what it says costs the same. Previews
are there, as after an import. Absolute times go with the machine and what else runs on it; read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from benchmarks.review_parts import sets  # noqa: E402
from benchmarks.review_parts.ways import Server  # noqa: E402
from core.serving import token  # noqa: E402
from core.workspace import Workspace  # noqa: E402
from tests.explain.made import run_of  # noqa: E402

WORKER = "core.explain.warm_worker"
PROCESSOR = "worker's processor ms for a warm map"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="warm and stored maps for each cold one (default: 20)")
    parser.add_argument("--colds", type=int, default=3, help="starts of the worker (default: 3)")
    parser.add_argument("--model", default="efficientnet_b0")
    parser.add_argument("--size", type=int, default=224, help="side of the network's input in pixels (default: 224)")
    parser.add_argument("--method", default="gradcam")
    parser.add_argument("--megapixels", type=float, default=12, help="of the pictures (default: 12)")
    parser.add_argument("--home", type=Path, help="where the workspace is made (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    args = parser.parse_args()
    home = args.home or Path(tempfile.mkdtemp(prefix="gapwise-maps-"))
    ws, runs = workspace(home, args)
    os.environ["GAPWISE_HOME"] = str(home)  # the token's key lies there
    environment = {"GAPWISE_HOME": str(home), "GAPWISE_WORKSPACE": str(ws.root)}
    server = Server(str(PROJECT / "app.py"), environment, home / "server.log")
    try:
        found = measure(server, ws, runs, args)
    finally:
        server.stop()
    show(found)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


def workspace(home: Path, args: argparse.Namespace) -> tuple[Workspace, list[int]]:
    """Make pictures with previews, and two runs whose networks have random weights."""
    home.mkdir(parents=True, exist_ok=True)
    width = round((args.megapixels * 1e6 * 4 / 3) ** 0.5)
    pictures = sets.photos(home / f"photos-{width}", width, round(width * 3 / 4))
    ws = sets.workspace(home / "ws", max(200, 2 * args.colds * (args.rounds + 2)), pictures)
    recipe = {"model": args.model, "size": args.size, "width": 1.0, "depth": 1.0}
    return ws, [run_of(ws, seed, label_id=2, **recipe) for seed in (1, 2)]


def measure(server: Server, ws: Workspace, runs: list[int], args: argparse.Namespace) -> dict:
    pass_on = token.make(ws.root, "bench")

    def ask(image_id: int, run_id: int = runs[0]) -> tuple[float, dict]:
        asked = f"/gapwise/map?image={image_id}&run={run_id}&method={args.method}"
        return timed(server.url + asked, pass_on)

    times: dict[str, list[float]] = {"cold": [], "network": [], "warm": [], "stored": []}
    images = iter(range(1, 10**6))
    memory, spent = [], []
    for _ in range(args.colds):
        end_worker(server)
        times["cold"].append(made(ask(next(images)), stored=False))
        times["network"].append(made(ask(next(images), runs[1]), stored=False))
        ours = [next(images) for _ in range(args.rounds)]
        before = used(worker(server))
        for image_id in ours:
            times["warm"].append(made(ask(image_id), stored=False))
        spent.append((used(worker(server)) - before) * 1000 / len(ours))
        wait_until_stored(ask, ours[-1])
        for image_id in ours:
            times["stored"].append(made(ask(image_id), stored=True))
        memory.append(worker(server).memory_info().rss)
    full = [timed(f"{server.url}/gapwise/full/{i}", pass_on, parse=False)[0] for i in range(1, 6)]
    process = psutil.Process(server.process.pid)
    return {
        "model": args.model, "size": args.size, "method": args.method, "megapixels": args.megapixels,
        "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0],
        "ms": {name: figures(values) for name, values in times.items()},
        "full picture ms": figures(full),
        PROCESSOR: round(statistics.median(spent), 1),
        "worker MB": round(max(memory) / 1e6), "server MB": round(process.memory_info().rss / 1e6),
        "torch in the server": any("libtorch" in m.path for m in process.memory_maps()),
    }  # fmt: skip


def timed(url: str, pass_on: str, parse: bool = True) -> tuple[float, dict]:
    """Return milliseconds from the request to the whole answer, and the answer."""
    request = urllib.request.Request(url, headers={"X-Gapwise-Token": pass_on})
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:
        content = answer.read()
    took = (time.perf_counter() - began) * 1000
    return took, json.loads(content) if parse else {}


def made(asked: tuple[float, dict], stored: bool) -> float:
    """Return how long it took, once it is sure that it was what is measured."""
    took, answer = asked
    if answer["stored"] is not stored:
        raise RuntimeError(f"image {answer['image_id']} was {'' if answer['stored'] else 'not '}stored")
    return took


def wait_until_stored(ask, image_id: int) -> None:
    until = time.monotonic() + 30
    while not ask(image_id)[1]["stored"]:
        if time.monotonic() > until:
            raise RuntimeError(f"the map of image {image_id} is never stored")
        time.sleep(0.1)


def worker(server: Server) -> psutil.Process | None:
    family = psutil.Process(server.process.pid).children(recursive=True)
    return next((p for p in family if WORKER in p.cmdline()), None)


def end_worker(server: Server) -> None:
    found = worker(server)
    if found is not None:
        found.kill()
        found.wait(10)
        time.sleep(0.5)  # until the server has seen it


def used(process: psutil.Process) -> float:
    """Return the processor's seconds that a process has used: other work beside it changes them little."""
    times = process.cpu_times()
    return times.user + times.system


def figures(values: list[float]) -> dict:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return {"n": len(values), "p50": round(statistics.median(values), 1), "p95": round(p95, 1),
            "max": round(ordered[-1], 1), "all": [round(v, 1) for v in values]}  # fmt: skip


def show(found: dict) -> None:
    print(
        f"{found['model']} at {found['size']} px, {found['method']}; {found['cores']} cores, load {found['load']:.1f}"
    )
    for name, row in [*found["ms"].items(), ("full picture", found["full picture ms"])]:
        print(
            f"{name:>12}  p50 {row['p50']:>8,.1f} ms  p95 {row['p95']:>8,.1f}  max {row['max']:>8,.1f}  (n {row['n']})"
        )
    p50 = {name: row["p50"] for name, row in found["ms"].items()}
    ratio = f"{p50['cold'] / p50['stored']:,.0f} : {p50['warm'] / p50['stored']:,.1f} : 1"
    print(f"a warm map takes {found[PROCESSOR]} ms of the worker's processor time, all cores together")
    print(f"cold : warm : stored = {ratio}")
    print(
        f"worker {found['worker MB']} MB, server {found['server MB']} MB, torch in it: {found['torch in the server']}"
    )


if __name__ == "__main__":
    main()
