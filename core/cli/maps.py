"""`maps` and `layers`: where a run's network looked, and what that can be asked of."""

from __future__ import annotations

import argparse

from core.cli.common import add_verb, emit, id_number, job_options, open_workspace, text, work_as_job
from core.explain.asking import Ask, Way
from core.explain.methods import METHODS, SMOOTHINGS
from core.jobs.reporter import Reporter
from core.store.hard import LISTS
from core.store.labels import labels
from core.store.runs import run as run_row


def register(verbs: argparse._SubParsersAction) -> None:
    about = "store activation maps of a run for many images; a map that is there is not made again"
    made = add_verb(verbs, "maps", about, _maps, json_output=True)
    made.add_argument("run", type=id_number, metavar="RUN")
    told = "; ".join(f"{name}: {what}" for name, what in LISTS.items())
    made.add_argument("--list", choices=list(LISTS), default="wrong", help=f"{told} (default: wrong)")
    made.add_argument("--limit", type=_count, metavar="N", help="the first N of the list (default: all of it)")
    made.add_argument("--method", choices=list(METHODS), default="gradcam", help="default: gradcam")
    made.add_argument("--layer", type=text, metavar="NAME", help="a module's name (default: chosen; see `layers`)")
    about = "what a map explains: predicted, true, a class by its number, or two of them as 1-0 (default: predicted)"
    made.add_argument("--target", type=text, default="predicted", help=about)
    made.add_argument("--smooth", choices=SMOOTHINGS, default="none", help="default: none")
    made.add_argument("--trust", action="store_true", help="hold each map against itself at other places as well")
    job_options(made)
    about = "list the modules of a run's network, or of a model of timm, that maps can be made of"
    tree = add_verb(verbs, "layers", about, _layers, json_output=True)
    tree.add_argument("network", type=text, metavar="RUN|MODEL", help="a run's number, or a model's name")
    tree.add_argument("--all", action="store_true", help="also those that no map can be made of, and why")


def _maps(args: argparse.Namespace) -> int:
    from core.hard.lists import check_list

    ws = open_workspace(args)
    with ws.read() as connection:  # what is wrong is told before anything starts
        classes = len(labels(connection)[run_row(connection, args.run).label_id].classes)
    way = Way(args.method, args.layer, args.smooth, args.trust)
    Ask(1, args.run, None, way.method, way.layer, args.target, way.smooth, way.trust).checked(classes)
    check_list(ws, args.run, args.list)
    arguments = ["maps", str(args.run), f"--list={args.list}", f"--method={args.method}", f"--target={args.target}"]
    arguments += [f"--smooth={args.smooth}", *(["--trust"] if args.trust else [])]
    arguments += [f"--limit={args.limit}"] if args.limit is not None else []
    arguments += [f"--layer={args.layer}"] if args.layer is not None else []

    def work(reporter: Reporter, _job_id: int) -> str:
        from core.explain.making import make_maps

        return make_maps(ws, args.run, way, args.target, args.list, args.limit, reporter)

    return work_as_job(args, ws, "maps", arguments, work, args.run)


def _layers(args: argparse.Namespace) -> int:
    from core.explain.networks import of_run, of_zoo

    if args.network.isdecimal():
        network = of_run(open_workspace(args), id_number(args.network))
    else:
        network = of_zoo(Ask(1, None, args.network).checked().model, "random")  # its modules are the same
    found = [layer for layer in network.layers() if args.all or layer["usable"]]
    emit(args, {"network": network.name, "layers": found}, "\n".join(map(_line, found)) or "no layer fits")
    return 0


def _line(layer: dict) -> str:
    shape = f"{layer['channels']:>5} x {layer['height']} x {layer['width']}" if layer["channels"] else ""
    told = "  chosen where none is named" if layer["chosen"] else f"  {layer['why']}" if layer["why"] else ""
    return f"{layer['name']:<28} {layer['kind']:<24} {shape:<16}{told}".rstrip()


def _count(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value[:17]) <= 10**9:
        raise argparse.ArgumentTypeError(f"expected a whole number, at least 1; got {value[:40]!r}")
    return int(value)
