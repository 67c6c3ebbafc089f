"""Help: the names of values that the help of every command shows beside its options."""

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
"""The name of the value of each option of text, where it is not TEXT."""


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
