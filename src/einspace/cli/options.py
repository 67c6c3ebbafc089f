"""Options and arguments that several commands share, and how an architecture is read from one."""

from typing import Annotated

import typer

from einspace.errors import UnknownNameError
from einspace.features import Feature
from einspace.space import Architecture, EinSpace

Shape = Annotated[str, typer.Option("--shape", help="Input without the batch axis: C,H,W for images, S,D for sequences.")]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same result.")]
Probability = Annotated[float, typer.Option("-p", "--probability", help="p(M -> C), the share of computation modules.")]
MaxParameters = Annotated[int, typer.Option("--max-parameters", help="Of a backbone, at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Text = Annotated[str, typer.Argument(metavar="TEXT", help="An architecture in brackets, or the name of a baseline.")]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task, as `einspace tasks` lists them, or a path to data.")]
Data = Annotated[str | None, typer.Option("--data", help="The folder of the official files; else $EINSPACE_DATA, else ./data.")]


def read_architecture(text: str, shape: Feature) -> Architecture:
    """An architecture from its text, or a baseline by its name."""
    from einspace import baselines

    space = EinSpace(shape)
    if text in baselines.names():
        return baselines.get(text, shape)
    if not text.lstrip().startswith(("[", "{")) and text.strip().split("(")[0] not in space.grammar.operations:
        raise UnknownNameError("architecture or baseline", text, baselines.names())
    return space.parse(text)
