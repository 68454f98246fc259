"""The one exception that is meant for people."""

from __future__ import annotations


class GapwiseError(Exception):
    """Something that a person can act on.

    The message says what arrived, what was expected and what to do next. The command line prints
    it on standard error and exits with 1; a page shows it. Anything else that is raised is a bug
    and keeps its traceback.
    """


def first_line(error: BaseException) -> str:
    """Return an error's first line, its class where it says nothing; what libraries say below is for their authors."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
