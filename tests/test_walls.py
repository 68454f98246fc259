"""What may import what. Read from the syntax trees, then seen in a process of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from core.workspace import PROJECT

HEAVY = {"torch", "torchvision", "timm", "accelerate", "pytorch_grad_cam", "sklearn", "scipy"}
HEAVY |= {"cleanlab", "onnx", "onnxruntime", "onnxscript", "openTSNE", "optuna", "ray"}
CORE = sorted((PROJECT / "core").rglob("*.py"))
PAGES = sorted((PROJECT / "pages").rglob("*.py"))
SCREENS = [p for p in PAGES if p.parent.name == "pages" and p.name != "__init__.py"]
# What a room of core may use beside itself; rooms that are not named here may use all that do not use them.
ROOMS = {
    "errors": set(),
    "files": set(),
    "labels": {"errors"},
    "store": {"errors", "labels"},
    "workspace": {"errors", "store"},
    "charts": {"errors", "labels", "models"},
    "images": {"errors", "files", "store", "workspace", "jobs"},
    "exporting": {"errors", "files", "importing", "jobs", "labels", "pseudo", "store", "training", "workspace"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(p): p for p in [*CORE, *PAGES, PROJECT / "app.py"]}


def statements(node: ast.AST, nested: bool) -> Iterator[ast.stmt]:
    """Yield import statements; without `nested` only those that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        elif nested or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from statements(child, nested)


@cache
def imports(path: Path, nested: bool = False) -> frozenset[str]:
    """Return the modules that a file imports, `from a import b` as `a.b` where that is a module, with all parents."""
    found: set[str] = set()
    for statement in statements(ast.parse(path.read_text("utf-8")), nested):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        else:
            base = from_module(path, statement)
            inner = {f"{base}.{alias.name}" for alias in statement.names}
            found |= {base} | {name for name in inner if name in FILES}
    return frozenset(".".join(name.split(".")[:n]) for name in found for n in range(1, name.count(".") + 2))


def from_module(path: Path, statement: ast.ImportFrom) -> str:
    if not statement.level:
        return statement.module
    package = module_name(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    base = package[: len(package) - statement.level + 1]
    return ".".join([*base, *([statement.module] if statement.module else [])])


def reachable(starts: list[Path]) -> dict[Path, list[str]]:
    """Return every project file that importing the given ones runs, each with the way there."""
    found = {p: [module_name(p)] for p in starts}
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        for name in imports(path):
            target = FILES.get(name)
            if target is not None and target not in found:
                found[target] = [*found[path], name]
                waiting.append(target)
    return found


def test_the_tree_is_where_it_is_expected():
    assert len(CORE) > 40
    assert {"review", "dataset", "missing_values"} <= {p.stem for p in SCREENS}
    assert "core.store.cells" in imports(PROJECT / "core" / "store" / "missing.py")


@pytest.mark.parametrize("path", CORE, ids=module_name)
def test_core_never_imports_streamlit_or_a_page(path):
    tops = {name.split(".")[0] for name in imports(path, nested=True)}
    assert not tops & {"streamlit", "pages", "app"}


def test_no_page_imports_another_page():
    screens = {module_name(p) for p in SCREENS} | {"app"}
    for path in PAGES:
        assert not imports(path, nested=True) & (screens - {module_name(path)}), module_name(path)


def test_nothing_that_a_page_imports_imports_a_model_library():
    ways = reachable([PROJECT / "app.py", *PAGES])
    for path, way in ways.items():
        heavy = {name.split(".")[0] for name in imports(path)} & HEAVY
        assert not heavy, f"{' → '.join(way)} imports {', '.join(heavy)}"


def test_pages_do_not_import_a_model_library_inside_a_function_either():
    for path in [PROJECT / "app.py", *PAGES]:
        assert not {name.split(".")[0] for name in imports(path, nested=True)} & HEAVY, module_name(path)


def test_the_command_line_starts_without_a_model_library():
    starts = [PROJECT / "core" / "__main__.py", *sorted((PROJECT / "core" / "cli").glob("*.py"))]
    for path, way in reachable(starts).items():
        heavy = {name.split(".")[0] for name in imports(path)} & HEAVY
        assert not heavy, f"{' → '.join(way)} imports {', '.join(heavy)}"


def test_a_process_that_imports_all_that_pages_import_has_no_torch_in_it():
    ways = reachable([PROJECT / "app.py", *PAGES])
    # Pages themselves are scripts for Streamlit; what they import is imported here.
    names = sorted(module_name(p) for p in ways if p not in SCREENS and p.name != "app.py")
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "import core.__main__; core.__main__.parser()\n"
        f"print(' '.join(sorted({HEAVY!r} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def room(name: str) -> str:
    return name.split(".")[1]


def rooms_used() -> dict[str, set[str]]:
    used: dict[str, set[str]] = {}
    for path in CORE:
        name = module_name(path)
        if name not in ("core", "core.__main__"):
            others = {room(n) for n in imports(path, nested=True) if n.startswith("core.")}
            used.setdefault(room(name), set()).update(others - {room(name)})
    return used


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_uses_only_what_lies_below_it(name):
    assert rooms_used()[name] <= ROOMS[name]


def test_only_the_command_line_knows_the_command_line():
    assert [name for name, others in rooms_used().items() if "cli" in others] == []
