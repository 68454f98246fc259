"""The recipes there are: those that Gapwise ships, and people's own, stored as TOML files under the home folder."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from core.errors import GapwiseError
from core.files import write_atomic
from core.training.recipe import Recipe, parse_recipe
from core.workspace import PROJECT, home

RECIPES = PROJECT / "data" / "recipes"
SUFFIX = ".toml"
NAME_LENGTH = 60
NAMING = f"letters from a to z, digits, - _ and ., at most {NAME_LENGTH} of them, beginning with a letter or a digit"
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{NAME_LENGTH - 1}}}")
_MOST_BYTES = 1_000_000  # a recipe has two kilobytes: a file this large was put there by mistake


@dataclass(frozen=True)
class Entry:
    """One recipe as people choose it.

    Attributes:
        recipe: None when the file can't be used; `problem` says why then.
        own: Whether a person stored it; else it is shipped.
    """

    name: str
    path: Path
    own: bool
    recipe: Recipe | None
    problem: str = ""


def own_folder() -> Path:
    """Return where people's own recipes lie: beside their workspaces, whichever of them is open."""
    return home() / "recipes"


def entries() -> list[Entry]:
    """Return every recipe, the shipped ones first, each by name; one that can't be read says why and stops nothing."""
    shipped = [_entry(path, own=False) for path in _files(RECIPES)]
    taken = {e.name.casefold() for e in shipped}
    return shipped + [_entry(path, own=True, taken=path.stem.casefold() in taken) for path in _files(own_folder())]


def list_recipes() -> dict[str, Recipe]:
    """Return the recipes that can be used, by name, the shipped ones first."""
    return {e.name: e.recipe for e in entries() if e.recipe is not None}


def load_recipe(name: str) -> Recipe:
    """Return a recipe by name, or from a TOML file by path.

    Raises:
        GapwiseError: If there is none, or it doesn't fit.
    """
    found = entries()
    for entry in found:
        if entry.name == name:
            if entry.recipe is None:
                raise GapwiseError(entry.problem)
            return entry.recipe
    path = Path(name).expanduser()
    if name.endswith(SUFFIX) and path.is_file():
        return _read(path)
    usable = ", ".join(e.name for e in found if e.recipe is not None)
    raise GapwiseError(f"There is no recipe {name!r}. The recipes here are: {usable}; or name a .toml file.")


def is_shipped(name: str) -> bool:
    """Whether a name is that of a recipe which comes with Gapwise and which nobody edits."""
    return any(path.stem == name for path in _files(RECIPES))


def save_recipe(name: str, recipe: Recipe, overwrite: bool = False) -> Path:
    """Store a recipe as one's own; return its file.

    Args:
        overwrite: Whether one's own recipe of that name is replaced.

    Raises:
        GapwiseError: If the name doesn't fit, is taken, or the file can't be written.
    """
    path = own_folder() / f"{_checked(name)}{SUFFIX}"
    if name.casefold() in {p.stem.casefold() for p in _files(RECIPES)}:
        raise GapwiseError(f"{name} is a recipe that comes with Gapwise. Choose another name for yours.")
    others = [p.stem for p in _files(own_folder()) if p.stem.casefold() == name.casefold() and p.stem != name]
    if others:  # on some disks they would be one file
        raise GapwiseError(f"There is a recipe {others[0]} of your own already, which differs in capitals only.")
    if path.exists() and not overwrite:
        raise GapwiseError(f"There is a recipe {name} of your own already. Choose another name, or replace it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, recipe.to_toml().encode())
    except OSError as error:
        raise GapwiseError(f"The recipe can't be written to {path}: {error.strerror}.") from error
    return path


def delete_recipe(name: str) -> None:
    """Delete a recipe of one's own. Jobs that were started with it don't need it any more.

    Raises:
        GapwiseError: If it is shipped, there is none, or it can't be deleted.
    """
    entry = next((e for e in entries() if e.own and e.name == name), None)
    if entry is None:
        what = "comes with Gapwise and stays" if is_shipped(name) else "is no recipe of your own"
        raise GapwiseError(f"{name} {what}. Only your own recipes can be deleted.")
    try:
        entry.path.unlink()
    except OSError as error:
        raise GapwiseError(f"The recipe can't be deleted from {entry.path}: {error.strerror}.") from error


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name.casefold().endswith(SUFFIX):
        raise GapwiseError(f"A recipe can't be called {name!r}. Expected: {NAMING}; without {SUFFIX} at the end.")
    return name


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.glob(f"*{SUFFIX}") if not p.name.startswith("."))
    except OSError:  # a folder that nobody may read has no recipes for us
        return []


def _entry(path: Path, own: bool, taken: bool = False) -> Entry:
    # A file name may hold bytes that are no text; no page can show those.
    name = path.stem.encode(errors="surrogateescape").decode(errors="replace")
    try:
        if taken:
            raise GapwiseError(
                f"{path.name} has the name of a recipe that comes with Gapwise. Rename the file in {path.parent}."
            )
        return Entry(name, path, own, _read(path))
    except GapwiseError as error:
        return Entry(name, path, own, None, str(error).encode(errors="surrogateescape").decode(errors="replace"))


def _read(path: Path) -> Recipe:
    try:
        if not path.is_file():
            raise GapwiseError(f"The recipe {path} can't be read: it is no file.")
        if path.stat().st_size > _MOST_BYTES:
            raise GapwiseError(f"The recipe {path} can't be read: it has more than {_MOST_BYTES:,} bytes.")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise GapwiseError(f"The recipe {path} can't be read: {error}.") from error
    return parse_recipe(values, f"The recipe {path.name}")
