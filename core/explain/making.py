"""Maps of a run for thousands of images, as a job. Imports torch: for worker processes only."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from core.errors import GapwiseError
from core.explain.asking import Answer, Way
from core.explain.explained import explain_batch, known_target, opened
from core.explain.keeping import keep
from core.explain.methods import METHODS
from core.explain.networks import Explained, of_run
from core.explain.stored import is_own, own_layer, row_of
from core.explain.targets import Target, parse
from core.hard.lists import hard_ids, hard_list
from core.jobs.reporter import Reporter
from core.store import maps, schema
from core.training.pictures import Pictures, batched_list
from core.workspace import Workspace

log = logging.getLogger("gapwise")

_CHUNK = 10_000  # ids a statement


@dataclass
class Tally:
    """What came of it.

    Attributes:
        listed: How many images the list has.
        there: How many of them had their map already.
        made: How many maps were made now.
        holds: How many of those tell more than chance; None where nobody asked.
        without: Why images have none, with how many.
    """

    listed: int
    there: int
    made: int = 0
    holds: int | None = None
    without: dict[str, int] = field(default_factory=dict)

    def told(self, method: str, layer: str) -> str:
        """Return it in one line for people."""
        text = f"{self.made:,} maps made ({METHODS[method].title}, {layer}), {self.there:,} were there already"
        if self.holds is not None:
            text += f"; {self.holds:,} of the new ones tell more than chance"
        if self.without:
            count, first = sum(self.without.values()), max(self.without, key=self.without.__getitem__)
            others = f" There are other reasons, too; the log has all {count:,}." if len(self.without) > 1 else ""
            text += f"; {count:,} image{'s have' if count > 1 else ' has'} none: {first}{others}"
        return text


def make_maps(
    ws: Workspace, run_id: int, way: Way, target: str, which: str, limit: int | None, reporter: Reporter
) -> str:
    """Store maps of a run for a list of images; those that are there already are not made again.

    Doing it twice changes nothing; a broken one goes on where it ended. Memory stays the same, whatever their number.

    Args:
        target: What they explain, see `core.explain.targets`.
        which: One of `core.store.hard.LISTS`.
        limit: How many images of the list at most, those that matter most.

    Returns:
        One line that says what came out.

    Raises:
        GapwiseError: If the run or its checkpoint is not there, there is no such list, layer or target, the list has to
            be worked out first, or a training replaces the weights meanwhile.
    """
    network = of_run(ws, run_id)
    layer = network.layer(way.layer)
    asked = parse(target, network.classes)
    listed = hard_ids(ws, network.label_id, run_id, which, limit)
    there = _there(ws, run_id, network, way, asked) & set(listed)
    todo = [i for i in listed if i not in there]
    tally = Tally(len(listed), len(there), holds=0 if way.trust else None)
    pictures = Pictures(ws, _paths(ws, todo), network.network.size)
    pictures.prepare(reporter)
    for image_id, problem in pictures.failed.items():
        _left_out(tally, image_id, problem)
    for rows, part in _made(ws, run_id, network, way, asked, pictures, tally, reporter):
        if keep(ws, rows) < len(rows):
            raise GapwiseError(
                f"Run {run_id} was trained on while its maps were made: {tally.made + len(rows):,} of {len(todo):,} are"
                " of weights that it no longer has. Make them anew once the training has ended."
            )
        tally.made += len(rows)
        tally.holds = None if tally.holds is None else tally.holds + sum(row["holds"] for row in rows)
        done = tally.made + sum(tally.without.values())
        reporter.progress(done, len(todo), f"Making maps: {done:,} of {len(todo):,}")
        log.debug("maps of images %d to %d", part[0], part[-1])
    told = tally.told(way.method, layer)
    return told if listed else f"{told}: {_none_listed(ws, network.label_id, run_id, which)}"


def _made(
    ws: Workspace,
    run_id: int,
    network: Explained,
    way: Way,
    target: Target,
    pictures: Pictures,
    tally: Tally,
    reporter: Reporter,
) -> Iterator[tuple[list[dict], list[int]]]:
    """Yield rows to store, batch after batch, until the reporter says stop."""
    todo = [i for i in pictures.paths if i not in pictures.failed]
    own = {"run_id": run_id, "label_id": network.label_id, "checkpoint": network.digest}
    with opened(network, way) as explain:
        for part in batched_list(todo, way.batch):
            if reporter.should_stop():
                return
            targets = _targets(ws, network, target, part, tally)
            if not targets:
                continue
            found = explain_batch(explain, network, way, {i: pictures[i] for i in targets}, targets)
            rows = []
            for image_id, answer in found.items():
                if isinstance(answer, Answer):
                    about = {**own, "chosen": int(answer.layer == network.network.layer)}
                    rows.append(row_of(answer, {"method": way.method, "smooth": way.smooth}, about))
                else:
                    _left_out(tally, image_id, answer)
            yield rows, part


def _targets(ws: Workspace, network: Explained, target: Target, ids: Sequence[int], tally: Tally) -> dict[int, str]:
    """Return what each image's map is to explain; images whose true class is asked for and not known are left out."""
    with ws.read() as connection:
        truths = maps.truths(connection, network.label_id, ids) if target.needs_truth else {}
    found = {}
    for image_id in ids:
        try:
            found[image_id] = known_target(target.text, network.classes, truths.get(image_id))
        except GapwiseError as error:
            _left_out(tally, image_id, str(error))
    return found


def _none_listed(ws: Workspace, label_id: int, run_id: int, which: str) -> str:
    note = hard_list(ws, label_id, run_id, which, limit=0).note
    return f"no images are in this list. {note}".rstrip()


def _left_out(tally: Tally, image_id: int, why: str) -> None:
    log.info("image %d has no map: %s", image_id, why)
    tally.without[why] = tally.without.get(why, 0) + 1


def _there(ws: Workspace, run_id: int, network: Explained, way: Way, target: Target) -> set[int]:
    """Return the images that have such a map: in the table, or with their proposal."""
    layer, whole = own_layer(ws.run_dir(run_id), network.digest)
    wanted = maps.Wanted(run_id, network.digest, way.method, way.layer, way.smooth, way.trust)
    found: list[tuple[int, str, int]] = []
    with ws.read() as connection:
        found += [tuple(row) for row in maps.there(connection, wanted)]
        if whole and not way.trust and is_own(way.method, way.smooth, way.layer, layer):
            found += [(image_id, str(value), value) for image_id, value in maps.own_maps(connection, run_id)]
        truths: dict[int, int] = {}
        for chunk in batched_list([i for i, _, _ in found], _CHUNK) if target.needs_truth else ():
            truths |= maps.truths(connection, network.label_id, chunk)
    return {i for i, text, predicted in found if _explains(target, predicted, truths.get(i)) == text}


def _explains(target: Target, predicted: int, truth: int | None) -> str | None:
    try:
        return target.resolve(predicted, truth)
    except GapwiseError:
        return None


def _paths(ws: Workspace, ids: Sequence[int]) -> dict[int, str]:
    """Return image id to path, in the order of the ids."""
    i = schema.image.c
    found: dict[int, str] = {}
    with ws.read() as connection:
        for chunk in batched_list(list(ids), _CHUNK):
            found |= {at: path for at, path in connection.execute(select(i.id, i.path).where(i.id.in_(chunk)))}
    return {image_id: found[image_id] for image_id in ids}
