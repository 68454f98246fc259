"""What a map is asked to explain, as text: a class, or one class against another. No torch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import GapwiseError

PREDICTED, TRUE = "predicted", "true"
_TERM = rf"(?:{PREDICTED}|{TRUE}|\d{{1,6}})"
_FORM = re.compile(rf"\s*({_TERM})\s*(?:-\s*({_TERM})\s*)?")


@dataclass(frozen=True)
class Target:
    """A class's score, or the difference of two.

    Attributes:
        text: "predicted", "true", a class code as "2", or two of them as "2-0" or "predicted-true".
    """

    text: str

    @property
    def terms(self) -> tuple[str, ...]:
        """The one or two classes, each a word or a code."""
        return tuple(self.text.split("-"))

    @property
    def needs_truth(self) -> bool:
        """Whether it can't be asked of an image whose class nobody knows."""
        return TRUE in self.terms

    def resolve(self, predicted: int, truth: int | None = None) -> str:
        """Return the target with class codes only: "2" or "2-0".

        Args:
            predicted: The class that the network gives the image.
            truth: Its known class; None when nobody knows it.

        Raises:
            GapwiseError: If it asks for an unknown class, or for a class against itself.
        """
        if self.needs_truth and truth is None:
            raise GapwiseError(
                "Nobody knows the true class of this image. Ask for the predicted class, or for one by name."
            )
        words = {PREDICTED: predicted, TRUE: truth}
        codes = [str(words.get(term, term)) for term in self.terms]
        if len(codes) == 2 and codes[0] == codes[1]:
            raise GapwiseError(f"Both sides of {self.text} are class {codes[0]} here: their difference is nothing.")
        return "-".join(codes)


def parse(text: str, classes: int) -> Target:
    """Return the target that a text names.

    Args:
        text: "predicted", "true", "2", or two of these with a minus sign between.
        classes: How many classes there are.

    Raises:
        GapwiseError: If the text is something else, or names a class that is not there.
    """
    found = _FORM.fullmatch(text)
    if not found:
        raise GapwiseError(
            f"{text!r} is no target. Expected predicted, true, a class by its number (0 to {classes - 1}), or two of"
            " them with a minus sign between, as 1-0."
        )
    terms = [t if t in (PREDICTED, TRUE) else str(int(t)) for t in found.groups() if t]
    for term in terms:
        if term.isdigit() and int(term) >= classes:
            raise GapwiseError(f"There is no class {term}: the classes are 0 to {classes - 1}.")
    if len(terms) == 2 and terms[0] == terms[1]:
        raise GapwiseError(f"{text!r} takes a class from itself: name two different ones.")
    return Target("-".join(terms))


def codes(resolved: str) -> tuple[int, int | None]:
    """Return the class of a resolved target and the one that it is held against, None for none."""
    first, _, second = resolved.partition("-")
    return int(first), int(second) if second else None
