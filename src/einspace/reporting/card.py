"""Card: the model card of an exported network, in Markdown, for a reader who has only the files."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from einspace.disk.regular import size_of
from einspace.echo import escaped
from einspace.features import Feature
from einspace.networks.export import Exported
from einspace.predictor.trained import Trained
from einspace.quantities import counted, decimal, quantity
from einspace.reading.pictures import WHITE_OF_16_BITS
from einspace.reporting.loading import loading
from einspace.result import Entrant, Result
from einspace.result.entrant import rounds_of
from einspace.result.words import compared, how_found, judged

NAME = "MODEL_CARD"
"""The name of the card of all files in a folder, and of its drawing, without their suffixes."""

MARK = "<!-- einspace model card -->"
"""The first line, by which a card is known as one that may be written again."""

CLASSES = 40
"""Names of classes, or of columns, that are listed."""


def card(result: Result, found: Trained, files: Sequence[Exported], raw: bool, fresh: bool, picture: Path | None = None) -> str:
    """A model card: the purpose of a network, its data, its scores, its costs, and how its files are loaded.

    Args:
        result: The run.
        found: The architecture of the run that was exported.
        files: What was written.
        raw: Whether the files take raw samples.
        fresh: Whether their weights are untrained ones.
        picture: A drawing of the network, beside the card.
    """
    settings = result.settings
    facts = found.described(raw)
    subject = f"The baseline {found.name}" if "baseline" in facts else found.name.capitalize()
    title = f"{escaped(subject, keep='')} for {escaped(settings['task'], keep='')}"
    parts = [
        MARK,
        f"# {title}",
        _purpose(settings, facts, fresh),
        "## Data",
        *_data(settings, facts, found),
        "## Scores",
        *_scores(result, found, fresh),
        "## Cost",
        *_cost(found),
        "## Architecture",
        f"Canonical key `{facts['key']}`, backbone {found.architecture.input} to {found.architecture.output}, then `{found.head}`:",
        f"```\n{found.architecture}\n```",
        *_changes(facts),
        *([] if picture is None else [f"![The network, from its input to its output]({picture.name})"]),
        "## Loading",
        *(part for file in files for part in loading(file, facts, found.head)),
        f"Written by einspace {version('einspace')} from the run `{facts['run']}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def places(files: Sequence[Path]) -> tuple[Path, Path]:
    """The model card of exported files and its drawing of the network: an only file has its own, several in a folder share one.

    >>> [path.name for path in (*places([Path("net.onnx")]), *places([Path("a/network.py"), Path("a/network.onnx")]))]
    ['net.onnx.md', 'net.onnx.svg', 'MODEL_CARD.md', 'MODEL_CARD.svg']
    """
    stem = files[0].name if len(files) == 1 else NAME
    return files[0].with_name(f"{stem}.md"), files[0].with_name(f"{stem}.svg")


def _changes(facts: dict[str, Any]) -> list[str]:
    """The changes of its training to the run's recipe and head."""
    changes = ", ".join(f"`{name}` {value:g}" for name, value in facts.get("changes", {}).items())
    return [f"It was trained with changes to the run's recipe and head: {changes}."] if changes else []


def is_card(path: Path) -> bool:
    """True if a file is a model card of ours, or missing: then a card may be written there."""
    try:
        size_of(path)
        with path.open(encoding="utf-8") as file:
            return file.readline(len(MARK) + 1).strip() == MARK
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False


def _purpose(settings: dict[str, Any], facts: dict[str, Any], fresh: bool) -> str:
    words = f"A network for the task `{escaped(settings['task'], keep='')}`. It gives {facts['output']}."
    untrained = " **Its weights are fresh: it is not trained, and the scores below are those of the run's own trainings.**"
    return words + (untrained if fresh else "")


def _data(settings: dict[str, Any], facts: dict[str, Any], found: Trained) -> list[str]:
    given = facts["input"]
    samples = settings.get("samples", {})
    lines = [f"- Samples: {', '.join(f'{count:,} {split}' for split, count in samples.items())}"] if samples else []
    lines.append(f"- Input: {Feature.of(given['shape'][1:])}, axes {given['axes']}" + (f", {given['dtype']}" if "dtype" in given else ""))
    lines += _columns(given["signals"]) if "signals" in given else []
    lines += _images(given["images"]) if "images" in given else []
    if given.get("given_axes", given["axes"]) != given["axes"]:
        lines.append(f"- The samples were given as {given['given_axes']}: bring them to {given['axes']} first")
    if "range" in given:
        low, high = given["range"]["low"], given["range"]["high"]
        lines.append(f"- Range of the raw numbers in train: {min(low):g} to {max(high):g}, given as {given['given_dtype']}")
    lines.append(f"- Normalisation: {_normalisation(given['normalised'], found)}")
    lines.append("- Missing values: the files check nothing, and what they give for a sample with NaN or infinite values means nothing")
    labels = facts["classes"]
    if labels:
        more = f" and {len(labels) - CLASSES} more" if len(labels) > CLASSES else ""
        lines.append(f"- Classes, in the order of the outputs: {', '.join(escaped(label, keep='') for label in labels[:CLASSES])}{more}")
    lines.append(f"- Fingerprint of the data: `{facts['data']}`")
    return ["\n".join(lines)]


def _columns(signals: dict[str, Any]) -> list[str]:
    """Which columns of a table make a sample, and how."""
    names, channels = [escaped(name, keep="") for name in signals["columns"]], signals["channels"]
    if signals["layout"] == "cells":
        return [f"- Samples: the column {names[0]} of a table, a series in each row"]
    more = f" and {len(names) - CLASSES} more, which the metadata list" if len(names) > CLASSES else ""
    numbered = "" if signals["named"] else ", by their numbers from 0"
    side = "all channels of one step" if signals["layout"] == "steps" else "all steps of one channel"
    series = f"; {channels} channels, {side} side by side" if channels > 1 else ""
    return [f"- Samples: {counted(len(names), 'column')} of a table, {', '.join(names[:CLASSES])}{more}{numbered}, in this order{series}"]


def _images(images: dict[str, Any]) -> list[str]:
    """How images are read."""
    size, white = images.get("size"), images.get("white_of_16_bits")
    said = [f"scaled to {size[0]} x {size[1]}, height by width, when they were read"] if size else []
    said += [f"{WHITE_OF_16_BITS}, the white of 16 bits, is {white} for the network"] if white else []
    return [f"- Images: {'; '.join(said)}"]


def _normalisation(before: bool, found: Trained) -> str:
    if before:
        return "to be done before: the files take normalised samples"
    known = found.preprocessing
    return "none, the network takes the numbers as they are" if known is None or known.normaliser is None else "inside the network"


def _scores(result: Result, found: Trained, fresh: bool) -> list[str]:
    mine, scores = result.entrant(found.trial.proposal), found.facts["scores"]
    others = [row for row in (result.best, *result.baselines) if row is not None and (row is result.best or row.proposal is not None)]
    others = [row for row in others if _identity(row) != found.trial.proposal.identity]
    rounds = rounds_of(row for row in (mine, *others) if row is not None)
    names = ["claimed in the search" if result.finalists else "validation", *(f"{name} (mean)" for name in rounds), "test"]
    lines = [["", *names], ["---"] * (1 + len(names))]
    lines.append(_row(f"{found.name}, this network", mine, scores["validation"], rounds, scores["test"]))
    for row in others:
        won = ", the winner of the race" if row is result.best and how_found(result) == "race" else ""
        lines.append(_row(f"{row.name}{won}", row, row.validation, rounds))
    lines += [[f"published: {name}", *[""] * (1 + len(rounds)), decimal(score)] for name, score in result.settings["published"].items()]
    better = "higher" if result.higher_is_better else "lower"
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return [f"The metric is {result.metric}; {better} is better.{_seeds(mine, fresh)}", table, _judged(result, mine)]


def _identity(row: Entrant) -> str | None:
    return None if row.proposal is None else row.proposal.identity


def _row(name: str, entrant: Entrant | None, validation: float | None, rounds: Sequence[str], test: float | None = None) -> list[str]:
    again = [None if entrant is None else entrant.means[name] for name in rounds]
    tested = decimal(test) if entrant is None or not entrant.finals else str(entrant.over_seeds)
    return [escaped(name, keep=""), decimal(validation), *map(decimal, again), tested]


def _seeds(mine: Entrant | None, fresh: bool) -> str:
    """A sentence on the final trainings that the scores on test come from; empty without any."""
    if mine is None or mine.test is None:
        return ""
    seeds = [str(final.seed) for final in mine.finals if final is not None]
    if len(seeds) < 2:
        return f" The score on test is that of one final training, from seed {seeds[0]}."
    told = "" if fresh else " The files hold the weights of the first one."
    return f" Scores on test are mean and standard deviation over final trainings from the seeds {', '.join(seeds)}.{told}"


def _judged(result: Result, mine: Entrant | None) -> str:
    """The verdict, the network that it is about, and the scores by split; or why there is no verdict."""
    known = [row for row in (result.best, result.recommended) if row is not None]
    words = [judged(result) or result.sentence]
    if result.verdict is not None:
        recommended = mine is not None and mine is result.recommended
        words.append(f"The verdict recommends {'this network' if recommended else f'{result.verdict.recommended}, not this network'}.")
    elif mine in known:
        words.append(compared(result, "validation"))
    words.append(compared(result, "test") if mine in known else "")
    return " ".join(word for word in words if word)


def _cost(found: Trained) -> list[str]:
    backbone = found.architecture
    lines = [
        f"- Parameters of the backbone: {backbone.parameters:,}",
        f"- FLOPs for one sample: {quantity(backbone.flops)}",
        f"- Bytes that a forward pass writes for one sample: {quantity(backbone.activation_bytes)}",
    ]
    if found.trial.latency is not None:
        device = "" if found.trial.evaluation is None else f" on {found.trial.evaluation.device}"
        lines.append(f"- Latency for one sample, as measured in the search{device}: {found.trial.latency * 1e3:.3g} ms")
    return ["\n".join(lines)]
