"""Source: a network as one readable Python file that needs PyTorch alone and takes our weights."""

import re
import textwrap
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType

import torch
from torch import nn

from einspace.features import Feature
from einspace.networks.emit import HEAD, emit
from einspace.networks.export.facts import Facts, documented
from einspace.networks.export.forward import Forward
from einspace.networks.export.layers import constant, definitions
from einspace.networks.export.layout import WIDTH
from einspace.networks.export.trace import flat, shapes, trace
from einspace.networks.heads import Head
from einspace.networks.raw import RawNetwork
from einspace.space import Architecture

BRACKETS = 16
"""Brackets in a row, after which a line of a derivation may break."""


def source(
    architecture: Architecture,
    head: Head | None = None,
    optimize: bool = True,
    around: Callable[[nn.Module], RawNetwork] | None = None,
    facts: Facts | None = None,
) -> str:
    """Write a Python module with one class, `Network`, whose weights have the names and shapes of those of `build` with the same arguments.

    It imports torch only, keeps its layout under `ruff format` and `black`, and gives the outputs of our network, bit by bit.

    Args:
        architecture: The backbone.
        head: The head that is put behind the backbone.
        optimize: Whether the graph is simplified and faster; otherwise the network has one module per operation, as derived.
        around: Puts the normalisation of raw samples into the network.
        facts: JSON values by name, which the docstring of the class gives.

    Raises:
        ExportError: The layer of an operation, which is named, cannot be written: its forward pass depends on data, or calls what is not
            PyTorch's.
    """
    graph = architecture.graph(optimize)
    operations = {instruction.name: str(instruction.operation) for instruction in graph.instructions}
    if head is not None:
        operations[HEAD] = str(head)
    with torch.device("meta"):
        network: nn.Module = emit(graph, head, inline=optimize).eval()
        whole = network if around is None else around(network).eval()
    constants = {} if around is None else around(nn.Identity()).constants()
    calls = flat(trace(whole, operations))
    for name, value in constants.items():
        network.register_buffer(name, value.to("meta"))
    forward = Forward(calls, shapes(network, calls, architecture.input.shape), operations).lines()
    init = [line for name, value in constants.items() for line in constant(name, value)]
    init += definitions(network, {str(node.target) for node in calls.nodes if node.op == "call_module"})
    output = architecture.output if head is None else Feature(head.output(architecture.output))
    parameters = sum(value.numel() for value in network.parameters())
    lines = [
        f'"""A network that einspace {version("einspace")} wrote. It imports torch only."""',
        "",
        "import torch",
        "from torch import nn",
        *(["from torch.nn import functional"] if any("functional." in line for line in forward) else []),
        "",
        "",
        "class Network(nn.Module):",
        *_docstring(architecture, output, head, parameters, facts or {}),
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        *init,
        "",
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
        *forward,
    ]
    return "\n".join(lines) + "\n"


def load_source(text: str, name: str = "einspace_network") -> nn.Module:
    """Run the text of a source file and make its network, with fresh weights.

    Args:
        text: What `source` gave. It is executed, so it must come from someone you trust.
        name: The name that the module gets.
    """
    module = ModuleType(name)
    exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    network: nn.Module = module.Network()
    return network


def _docstring(architecture: Architecture, output: Feature, head: Head | None, parameters: int, facts: Facts) -> list[str]:
    """A description of the network, and the derivation on lines that fit."""
    said = [f"{parameters:,} parameters; canonical key of the backbone {architecture.key}."]
    said += [] if head is None else [f"The head is {head}."]
    derivation = re.sub(rf"([\[{{]{{{BRACKETS}}}|[\]}}]{{{BRACKETS}}})(?=[\[\]{{}}])", r"\1 ", str(architecture))
    wrapped = textwrap.wrap(derivation, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    lines = [
        f'    """{_batch(architecture.input)} -> {_batch(output)}, n being the batch.',
        "",
        *(f"    {line}" for about in said for line in textwrap.wrap(about, WIDTH - 4)),
        *(f"    {line}" for line in documented(facts, WIDTH - 4)),
        "    `load_state_dict` takes the weights of the safetensors file of the same export.",
        "    The derivation:",
        "",
        *(f"        {line}" for line in wrapped),
        '    """',
    ]
    return [line.replace("\\", "\\\\") for line in lines]


def _batch(feature: Feature) -> str:
    return f"(n, {', '.join(map(str, feature.shape))})"
