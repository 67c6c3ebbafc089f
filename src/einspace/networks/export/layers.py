"""Layers as source: the constructor call that makes a module of `torch.nn`, and the lines that make all modules of a network."""

import ast
import inspect
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, cast

import torch
from torch import nn

from einspace.errors import ExportError
from einspace.networks.export.layout import Call, Expression, call, literal, statement
from einspace.operations.layers import PosEnc

LOADED = "to be loaded"
"""The comment beside a weight of a user's layer: how it starts is not known here."""

WRITTEN = 256
"""Numbers of a constant tensor that are written down."""


def constructor(module: nn.Module) -> Expression | None:
    """The call that makes this module with fresh weights, `nn.Linear(3, 64)`; None where there is none.

    It is read from the module's own description, and tried: it must give the same description, attributes and shapes of weights, for a
    description may leave out a setting.
    """
    kind = type(module)
    if getattr(nn, kind.__name__, None) is not kind:
        return None
    if kind is nn.Sequential:
        parts = [constructor(child) for child in module.children()]
        numbered = [name for name, _ in module.named_children()] == [str(i) for i in range(len(parts))]
        return Call("nn.Sequential(", tuple(part for part in parts if part), ")") if numbered and None not in parts else None
    if any(True for _ in module.children()):
        return None
    found = _described(kind.__name__, repr(module))
    return found[0] if found and _facts(found[1]) == _facts(module) else None


def definitions(root: nn.Module, called: Collection[str]) -> list[str]:
    """The lines of `__init__` that make every module, parameter and buffer of a network under its own name.

    `called` are the modules that the forward pass calls; others are made only for the weights in them. Raises ExportError for what
    a state dict does not hold.
    """
    wanted = {*root.state_dict(), *called}
    lines: list[str] = []
    waiting = [(name, child) for name, child in reversed(list(root.named_children()))]
    while waiting:
        path, module = waiting.pop()
        if not any(name == path or name.startswith(f"{path}.") for name in wanted if name.startswith(path)):
            continue
        made = constructor(module)
        lines += _definition(path, nn.Module, "nn.Module()" if made is None else made)
        if made is not None:
            continue
        for name, parameter in module.named_parameters(recurse=False):
            known = type(module) is PosEnc
            value = call("nn.Parameter", [_tensor("torch.randn" if known else "torch.zeros", parameter)], {})
            lines += _definition(f"{path}.{name}", nn.Parameter, value, "" if known else LOADED)
        for name, buffer in module.named_buffers(recurse=False):
            if f"{path}.{name}" in wanted:
                lines += _definition(f"{path}.{name}", torch.Tensor, _tensor("torch.zeros", buffer), LOADED)
        waiting += [(f"{path}.{name}", child) for name, child in reversed(list(module.named_children()))]
    return lines


def constant(name: str, value: torch.Tensor) -> list[str]:
    """The lines that register a tensor of known numbers as a buffer; one of many numbers is left to be loaded."""
    if value.numel() > WRITTEN:
        return _definition(name, torch.Tensor, _tensor("torch.ones", value), LOADED)
    return _definition(name, torch.Tensor, call("torch.tensor", [literal(value.tolist())], {"dtype": str(value.dtype)}))


def attribute(path: str) -> str:
    """A module, parameter or buffer of a network, as the forward pass writes it.

    >>> attribute("head.linear"), attribute("gated_3.0")
    ('self.head.linear', 'self.gated_3.get_submodule("0")')
    """
    written = "self"
    for name in path.split("."):
        written += f".{name}" if name.isidentifier() else f'.get_submodule("{name}")'
    return written


def _definition(path: str, kind: type, made: Expression, comment: str = "") -> list[str]:
    owner, _, name = path.rpartition(".")
    holder = attribute(owner) if owner else "self"
    if kind is torch.Tensor:
        return statement("", Call(f"{holder}.register_buffer(", (f'"{name}"', made), ")"), comment)
    if name.isidentifier():
        return statement(f"{holder}.{name} = ", made, comment)
    return statement("", Call(f"{holder}.{'add_module' if kind is nn.Module else 'register_parameter'}(", (f'"{name}"', made), ")"))


def _tensor(function: str, value: torch.Tensor) -> Call:
    """The call that makes a tensor of this shape and type."""
    sizes: list[Expression] = [str(size) for size in value.shape] or ["()"]
    keywords: dict[str, Expression] = {} if value.dtype == torch.float32 else {"dtype": str(value.dtype)}
    return call(function, sizes, keywords)


def _facts(module: nn.Module) -> tuple[dict[str, Any], dict[str, torch.Size]]:
    """The public attributes of a module without children, except `training`, and the shapes of its weights."""
    attributes = {name: value for name, value in vars(module).items() if not name.startswith("_") and name != "training"}
    return attributes, {name: value.shape for name, value in module.state_dict().items()}


@lru_cache(maxsize=4096)
def _described(name: str, description: str) -> tuple[Expression, nn.Module] | None:
    """The constructor call in a description of a class of `torch.nn`, as short as it can be, and the module that it makes."""
    kind = cast("type[nn.Module]", getattr(nn, name))
    try:
        tree = ast.parse(description, mode="eval").body
        assert isinstance(tree, ast.Call)
        arguments = inspect.signature(kind).bind(
            *(ast.literal_eval(value) for value in tree.args),
            **{cast("str", pair.arg): ast.literal_eval(pair.value) for pair in tree.keywords},
        )
    except (SyntaxError, ValueError, TypeError, AssertionError):
        return None
    given = dict(arguments.arguments)
    parameters = inspect.signature(kind).parameters
    if any(parameters[name].kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD) for name in given):
        return None
    if _made(kind, given, description) is None:
        return None
    for option, value in list(given.items()):
        shorter: list[dict[str, Any]] = [{key: other for key, other in given.items() if key != option}]
        if isinstance(value, tuple) and len(set(value)) == 1:
            shorter.append({**given, option: value[0]})
        given = next((chosen for chosen in shorter if _made(kind, chosen, description) is not None), given)
    made = _made(kind, given, description)
    assert made is not None
    required = [name for name in given if parameters[name].default is inspect.Parameter.empty]
    positional = [literal(given[name]) for name in required]
    rest = {name: literal(value) for name, value in given.items() if name not in required}
    return call(f"nn.{name}", positional, rest), made


def _made(kind: Callable[..., nn.Module], arguments: dict[str, Any], description: str) -> nn.Module | None:
    try:
        with torch.device("meta"):
            made = kind(**arguments)
    except (TypeError, ValueError, RuntimeError):
        return None
    return made if repr(made) == description else None


def refuse(operation: str, reason: str) -> ExportError:
    """The error for an operation that has no place in a file that imports PyTorch alone."""
    return ExportError(f"the operation {operation} cannot be written as standalone source: {reason}")
