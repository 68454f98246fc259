"""What may be asked about activation maps, and what comes back. No torch: pages and routes ask."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from core.errors import GapwiseError
from core.explain.methods import METHODS, check_method
from core.explain.targets import parse

MOST_CLASSES = 32_768  # what a class code has room for in the database
MAX_ID = 2**53  # as everywhere: the largest whole number that a browser's JSON keeps
MAX_TEXT = 200  # characters
HUB, RANDOM = "hub", "random"
_MODULE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")  # no "hf-hub:" and no "local-dir:", which timm would follow


# Pictures at once. Where a picture takes hundreds of passes, a stop or the next asker would wait too long for more.
BATCH, SLOW_BATCH = 32, 4


@dataclass(frozen=True)
class Way:
    """How maps are made, the same for all images of a batch: fields as in `Ask`."""

    method: str = "gradcam"
    layer: str | None = None
    smooth: str = "none"
    trust: bool = False

    @property
    def batch(self) -> int:
        """How many pictures are worked on at once."""
        return SLOW_BATCH if METHODS[self.method].slow or self.trust else BATCH


@dataclass(frozen=True)
class Ask:
    """One map that somebody wants.

    Attributes:
        image_id: The picture.
        run_id: The run whose best network is asked; None where `model` is.
        model: A timm model's name, with or without a pretrained tag; None where `run_id` is.
        method: One of `core.explain.methods.METHODS`.
        layer: Name of the module that the map is made of; None for the one that is chosen.
        target: What the map explains, see `core.explain.targets`: "predicted", "true", "2", "predicted-true".
        smooth: One of SMOOTHINGS.
        trust: Whether to say how far the map can be trusted.
        weights: Of a `model`: hub, random, or the path of a local file. A run has its own.
    """

    image_id: int
    run_id: int | None = None
    model: str | None = None
    method: str = "gradcam"
    layer: str | None = None
    target: str = "predicted"
    smooth: str = "none"
    trust: bool = False
    weights: str = HUB

    def checked(self, classes: int = MOST_CLASSES) -> Ask:
        """Return itself if it can be answered at all.

        Args:
            classes: How many the network has, where that is known.

        Raises:
            GapwiseError: If something in it is not what it may be: what arrived, and what was expected.
        """
        _number("image", self.image_id)
        if (self.run_id is None) == (self.model is None):
            raise GapwiseError("A map is made of a run's network or of a model of timm: name one of the two.")
        if self.run_id is not None:
            _number("run", self.run_id)
        else:
            _shaped("model", self.model, _MODEL, "a model of timm, for example efficientnet_b0")
        for name in ("method", "smooth", "target"):
            _text(name, getattr(self, name))
        check_method(self.method, self.smooth)
        parse(self.target, classes)
        if self.layer is not None:
            _shaped("layer", self.layer, _MODULE, "a module's name, for example blocks.6")
        if not isinstance(self.trust, bool):
            raise GapwiseError(f"trust is yes or no; {_short(self.trust)} arrived.")
        _path("weights", self.weights)
        return self

    @property
    def way(self) -> Way:
        """How its map is made."""
        return Way(self.method, self.layer, self.smooth, self.trust)

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Ask:
        """Return what `as_dict` wrote, checked.

        Raises:
            GapwiseError: As `checked`, or if there is something in it that is not known.
        """
        known = {f.name for f in fields(cls)}
        if "image_id" not in values or not set(values) <= known:
            raise GapwiseError(f"An ask names image_id, and of {', '.join(sorted(known))} what it wants.")
        return cls(**values).checked()

    @classmethod
    def from_texts(cls, asked: Mapping[str, str]) -> Ask:
        """Return what an address asks for: image, run or model, method, layer, target, smooth, trust, weights; checked.

        What it does not name, or names with nothing, is as in an `Ask` of its own.

        Raises:
            GapwiseError: As `checked`, or if it names a file: an address reads none of the server's.
        """
        given = {name: text for name, text in asked.items() if text != ""}
        if given.get("weights", HUB) not in (HUB, RANDOM):
            raise GapwiseError(f"weights in an address are {HUB} or {RANDOM}; {_short(given['weights'])} arrived.")
        values: dict[str, object] = {name: given[name] for name in _TEXTS if name in given}
        values |= {f"{name}_id": _decimal(name, given[name]) for name in ("image", "run") if name in given}
        values["trust"] = given.get("trust", "0") not in ("0", "false", "no")
        if "image_id" not in values:
            raise GapwiseError("Which image? Its number is missing: image=1.")
        return cls(**values).checked()


_TEXTS = ("model", "method", "layer", "target", "smooth", "weights")


@dataclass(frozen=True)
class Answer:
    """A map, and what it is about.

    Attributes:
        map: height x width uint8, row by row, 255 the strongest; 0 everywhere where nothing speaks for the target.
        resolved: The target in class codes: "2", or "2-0".
        probs: Class probabilities of the network, calibrated where the run has been.
        layer: Name of the module that the map is made of.
        trust: Fields of `core.explain.trust.Trust`; None where nobody asked.
        stored: Whether it was there already.
        predicted: The network's likeliest class.
        weights: What the network's weights are: run, hub, random (the map says nothing then), or a file.
    """

    image_id: int
    height: int
    width: int
    map: bytes
    resolved: str
    probs: list[float]
    layer: str
    trust: dict | None
    stored: bool
    predicted: int | None = None
    weights: str = "run"

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON values, the map in base64."""
        return {**asdict(self), "map": base64.b64encode(self.map).decode()}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Answer:
        """Return what `as_dict` wrote."""
        return cls(**{**values, "map": base64.b64decode(values["map"])})


def _number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ID:
        raise GapwiseError(f"There is no {name} with the number {_short(value)}.")


def _decimal(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 17):
        raise GapwiseError(f"There is no {name} with the number {_short(text)}.")
    return int(text)


def _text(name: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise GapwiseError(f"{_short(value)} is no {name}.")


def _shaped(name: str, value: object, pattern: re.Pattern[str], expected: str) -> None:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not pattern.fullmatch(value):
        raise GapwiseError(f"{_short(value)} is no {name}; expected {expected}.")


def _path(name: str, value: object) -> None:
    if not isinstance(value, str) or not value or len(value) > 4096 or "\0" in value:
        raise GapwiseError(f"{name} are hub, random, or the path of a local file; {_short(value)} arrived.")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
