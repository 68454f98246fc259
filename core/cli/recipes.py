"""`recipes`: list and show them, store your own, delete it."""

from __future__ import annotations

import argparse

from core.cli.common import emit, text
from core.training import library
from core.training.command import add_recipe_options, read_options


def register(verbs: argparse._SubParsersAction) -> None:
    about = "list and show recipes, store and delete your own"
    parser = verbs.add_parser("recipes", help=about, description=about)
    parser.set_defaults(handler=_list)
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")
    actions = parser.add_subparsers(metavar="ACTION")
    show = actions.add_parser("show", help="print a recipe as TOML")
    show.add_argument("name", type=text, metavar="NAME")
    show.set_defaults(handler=_show)
    save = actions.add_parser("save", help="store a recipe, with changes, as one of your own")
    save.add_argument("name", type=text, metavar="NAME", help=library.NAMING)
    save.add_argument("--overwrite", action="store_true", help="replace your own recipe of that name")
    add_recipe_options(save)
    save.set_defaults(handler=_save, label="", pseudo=False)
    delete = actions.add_parser("delete", help="delete a recipe of your own")
    delete.add_argument("name", type=text, metavar="NAME")
    delete.set_defaults(handler=_delete)
    for action in (show, save, delete):  # suppressed: without it here, the one before the action counts
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")


def _list(args: argparse.Namespace) -> int:
    found = library.entries()
    values = [
        {
            "name": entry.name,
            "own": entry.own,
            "path": str(entry.path),
            "problem": entry.problem,
            "settings": entry.recipe and entry.recipe.model_dump(mode="json"),
        }
        for entry in found
    ]
    emit(args, values, "\n".join(_line(entry) for entry in found))
    return 0


def _line(entry: library.Entry) -> str:
    said = entry.recipe.title if entry.recipe else f"can't be used: {' '.join(entry.problem.split())}"
    return f"{entry.name:<24} {'own' if entry.own else '':<4} {said}".rstrip()


def _show(args: argparse.Namespace) -> int:
    recipe = library.load_recipe(args.name)
    emit(args, recipe.model_dump(mode="json"), recipe.to_toml().rstrip("\n"))
    return 0


def _save(args: argparse.Namespace) -> int:
    asked = read_options(args)
    recipe = asked.full_recipe()
    # What is said about the other recipe holds for this one no more, unless it is said anew.
    words = {
        "title": asked.values.get("title", args.name),
        "source": asked.values.get("source", f"Your own, made from {asked.recipe_name}"),
    }
    path = library.save_recipe(args.name, recipe.changed(**words), args.overwrite)
    emit(args, {"name": args.name, "path": str(path)}, str(path))
    return 0


def _delete(args: argparse.Namespace) -> int:
    library.delete_recipe(args.name)
    emit(args, {"name": args.name, "deleted": True}, f"{args.name} is deleted")
    return 0
