"""A workspace: one folder (or one database URL and one folder) that holds all of it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from core.errors import GapwiseError
from core.store import engine as db
from core.store import schema
from core.store.upsert import upsert

PROJECT = Path(__file__).resolve().parent.parent
DATABASE = "gapwise.sqlite"
MADE = ("tables", "previews", "runs", "jobs")  # the folders whose files Gapwise makes for itself


def home() -> Path:
    """Return the folder that workspaces lie in: `GAPWISE_HOME`, else `data/workspaces`."""
    return Path(os.environ.get("GAPWISE_HOME") or PROJECT / "data" / "workspaces").resolve()


def find_workspaces(folder: Path | None = None) -> list[Path]:
    """Return the workspaces directly below a folder, by name."""
    folder = folder or home()
    return sorted(p.parent for p in folder.glob(f"*/{DATABASE}")) if folder.is_dir() else []


class Workspace:
    """Paths and database of one workspace. Cheap to open; safe to share between threads."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root = root
        self.engine = engine

    @classmethod
    def create(cls, root: Path | str, name: str | None = None, private: bool = False) -> Workspace:
        """Create a workspace, or open the one that is there.

        Args:
            private: Whether it has a SQLite file of its own whatever database the others lie in: for work that is
                thrown away afterwards.

        Raises:
            GapwiseError: If the folder can't be made or written, or holds a workspace of a newer Gapwise.
        """
        root = Path(root).resolve()
        try:
            for folder in (root, *(root / part for part in ("images", *MADE))):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GapwiseError(
                f"Can't make a workspace in {root}: {error.strerror}. Choose a folder you may write to."
            ) from error
        engine = db.open_engine(_file_url(root) if private else _url(root))
        db.create_tables(engine)
        workspace = cls(root, engine)
        with workspace.write() as connection:
            upsert(connection, schema.meta, {"key": "version", "value": schema.VERSION}, ("key",), update=())
            upsert(connection, schema.meta, {"key": "name", "value": name or root.name}, ("key",), update=())
        return workspace._checked()

    @classmethod
    def open(cls, root: Path | str) -> Workspace:
        """Open an existing workspace.

        Raises:
            GapwiseError: If there is none, or it was written by a newer Gapwise.
        """
        root = Path(root).resolve()
        if not (root / DATABASE).is_file() and not os.environ.get("GAPWISE_DATABASE_URL"):
            raise GapwiseError(
                f"There is no workspace in {root}. Make the demo with `python -m core demo --workspace {root}`,"
                " or bring your own data in with `python -m core import`."
            )
        return cls(root, db.open_engine(_url(root)))._checked()

    def _checked(self) -> Workspace:
        version = self.setting("version")
        if version in range(schema.OLDEST, schema.VERSION):
            from core.store.upgrade import upgrade  # NumPy, which the command line does without until it is needed

            with self.write() as connection:
                upgrade(connection, version)
        elif version != schema.VERSION:
            raise GapwiseError(
                f"The workspace in {self.root} has version {version}; this Gapwise reads version {schema.VERSION}."
                " Use the Gapwise that wrote it, or import the data again."
            )
        return self

    def read(self) -> AbstractContextManager[Connection]:
        """A consistent view of the database."""
        return db.reading(self.engine)

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction with the write lock: keep it short."""
        return db.writing(self.engine)

    def setting(self, key: str, default: object = None) -> object:
        """Return a value from the meta table."""
        with self.read() as connection:
            row = connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == key)).first()
        return default if row is None else row.value

    def set_setting(self, key: str, value: object) -> None:
        """Store a JSON value in the meta table."""
        with self.write() as connection:
            upsert(connection, schema.meta, {"key": key, "value": value}, ("key",))

    def owns(self, path: Path | str) -> bool:
        """Whether a path is the database, or lies in a folder of the workspace's own: nothing else may write there."""
        path = Path(path).resolve()
        if not path.is_relative_to(self.root) or path == self.root:
            return False
        first = path.relative_to(self.root).parts[0]
        return first in ("images", *MADE) or first.startswith(DATABASE)

    @property
    def name(self) -> str:
        return str(self.setting("name", self.root.name))

    def preview_path(self, image_id: int) -> Path:
        """Where the preview of an image lies, once it was made. 1,000 to a folder keeps folders quick."""
        return self.root / "previews" / f"{image_id // 1000:05d}" / f"{image_id}.jpg"

    def run_dir(self, run_id: int) -> Path:
        return self.root / "runs" / str(run_id)

    def job_dir(self, job_id: int) -> Path:
        return self.root / "jobs" / str(job_id)


def _url(root: Path) -> str:
    return os.environ.get("GAPWISE_DATABASE_URL") or _file_url(root)


def _file_url(root: Path) -> str:
    return f"sqlite:///{root / DATABASE}"
