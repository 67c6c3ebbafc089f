"""Help: how the options of all commands show what they take."""

from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption

METAVARS = {
    "budget": "TIME",
    "proposer": "COMMAND",
    "storage": "URL",
    "address": "URL",
    "runs": "DIR",
    "data_folder": "DIR",
    "data": "DIR",
    "run": "NAME",
    "baseline": "NAME",
    "init": "MEMBERS",
    "shape": "SHAPE",
}
"""Names of values that their type does not say, by option; those of other texts are TEXT."""


def named(parameters: list[Any]) -> list[Any]:
    """The parameters of a command: its switches show no value, since they take none, and its texts have their names."""
    for option in parameters:
        if isinstance(option, TyperOption) and option.metavar is None:
            if option.is_flag:
                option.metavar = ""
            elif option.bare_type() in ("str", "list[str]"):
                option.metavar = METAVARS.get(option.name or "", "TEXT")
    return parameters


class Command(TyperCommand):
    """A command whose parameters are `named`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, the option of the help too."""
        return named(super().get_params(ctx))


class CommandGroup(TyperGroup):
    """A command of commands, whose own parameters are `named`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, the option of the help too."""
        return named(super().get_params(ctx))
