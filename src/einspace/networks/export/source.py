"""Source: a network as one readable Python file that needs PyTorch alone and takes our weights."""

import re
import textwrap
from importlib.metadata import version
from types import ModuleType

import torch
from torch import nn

from einspace.features import Feature
from einspace.networks.emit import HEAD, emit
from einspace.networks.export.forward import Forward
from einspace.networks.export.layers import definitions
from einspace.networks.export.layout import WIDTH
from einspace.networks.export.trace import shapes, trace
from einspace.networks.heads import Head
from einspace.space import Architecture

BRACKETS = 16
"""Brackets in a row, after which a line of a derivation may break."""


def source(architecture: Architecture, head: Head | None = None, optimize: bool = True) -> str:
    """A Python module with one class, `Network`, whose weights have the names and shapes of those of `build` with the same arguments.

    It imports torch only, keeps its layout under `ruff format` and `black`, and gives the outputs of our network, bit by bit. Raises
    ExportError naming the operation whose layer cannot be written: its forward pass depends on data, or calls what is not PyTorch's.
    """
    graph = architecture.graph(optimize)
    operations = {instruction.name: str(instruction.operation) for instruction in graph.instructions}
    if head is not None:
        operations[HEAD] = str(head)
    with torch.device("meta"):
        network = emit(graph, head, inline=optimize).eval()
    calls = trace(network, operations)
    forward = Forward(calls, shapes(network, calls, architecture.input.shape), operations).lines()
    init = definitions(network, {str(node.target) for node in calls.nodes if node.op == "call_module"})
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
        *_docstring(architecture, output, head, parameters),
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
    """The network of a source, with fresh weights."""
    module = ModuleType(name)
    exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    network: nn.Module = module.Network()
    return network


def _docstring(architecture: Architecture, output: Feature, head: Head | None, parameters: int) -> list[str]:
    """What the network is, and the derivation on lines that fit."""
    facts = [f"{parameters:,} parameters; canonical key of the backbone {architecture.key}."]
    facts += [] if head is None else [f"The head is {head}."]
    derivation = re.sub(rf"([\[{{]{{{BRACKETS}}}|[\]}}]{{{BRACKETS}}})(?=[\[\]{{}}])", r"\1 ", str(architecture))
    wrapped = textwrap.wrap(derivation, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    lines = [
        f'    """{_batch(architecture.input)} -> {_batch(output)}, n being the batch.',
        "",
        *(f"    {line}" for fact in facts for line in textwrap.wrap(fact, WIDTH - 4)),
        "    `load_state_dict` takes the weights of the network that einspace builds.",
        "    The derivation:",
        "",
        *(f"        {line}" for line in wrapped),
        '    """',
    ]
    return [line.replace("\\", "\\\\") for line in lines]


def _batch(feature: Feature) -> str:
    return f"(n, {', '.join(map(str, feature.shape))})"
