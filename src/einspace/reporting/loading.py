"""Loading: the few lines of Python that read an exported file, for people who do not have this library."""

from typing import Any

from einspace.networks.export import Exported
from einspace.networks.heads import Classification, Head, Mask, MultiLabel, Segmentation
from einspace.quantities import counted
from einspace.reading.tables import LAYOUTS

TRANSPOSED = {"NHWC": "x = np.moveaxis(x, -1, 1)", "NHW": "x = x[:, None]", "NDS": "x = np.moveaxis(x, 1, 2)"}
"""The line that moves samples from the axes of the user's data into those of the network, by the order of the axes."""


def loading(file: Exported, facts: dict[str, Any], head: Head) -> list[str]:
    """The title of a file and a program that loads it and predicts, which runs as it stands."""
    title = f"### `{file.path.name}`: {file.format}, {file.bytes:,} bytes, SHA-256 `{file.sha256[:16]}`"
    if file.format == "safetensors":
        return [title, _fenced(["from safetensors.torch import load_file", f'state = load_file("{file.path.name}")  # tensors by name'])]
    given = facts["input"]
    dtype = given.get("dtype", "float32")
    shape = ", ".join(map(str, given["shape"][1:]))
    order = given["axes"] if given["normalised"] else given.get("given_axes", given["axes"])
    moved = [TRANSPOSED[order]] if order in TRANSPOSED else []
    note = [f"# (n, {shape}), normalised"] if given["normalised"] else []
    signals = {} if given["normalised"] else given.get("signals", {})
    if signals.get("layout") in LAYOUTS:
        count, channels = len(signals["columns"]), signals["channels"]
        sample = f"x = np.zeros((4, {count}), np.{dtype})  # yours: rows of the {counted(count, 'column')}"
        moved = [_in_rows(count // channels, channels, signals["layout"]), *moved]
    else:
        sample = f"x = np.zeros((4, {_sizes(order, given['shape'][1:])}), np.{dtype})  # yours: samples {order}"
    lines = {"onnx": _onnx, "torch": _program, "source": _source}[file.format](file.path.name)
    return [title, _fenced([*lines[0], sample, *moved, *note, *lines[1], *_decoded(head, facts["classes"])])]


def _in_rows(steps: int, channels: int, layout: str) -> str:
    """How rows become series (n, steps, channels)."""
    return f"x = x.reshape(-1, {steps}, {channels})" if layout == "steps" else f"x = x.reshape(-1, {channels}, {steps}).transpose(0, 2, 1)"


def _sizes(order: str, shape: list[int]) -> str:
    """The sizes of a sample in the axes that it was given in."""
    if order == "NHWC":
        shape = [*shape[1:], shape[0]]
    elif order == "NHW":
        shape = shape[1:]
    elif order == "NDS":
        shape = shape[::-1]
    return ", ".join(map(str, shape))


def _onnx(name: str) -> tuple[list[str], list[str]]:
    before = ["import numpy as np", "import onnxruntime", "", f'session = onnxruntime.InferenceSession("{name}")']
    return before, ['outputs = session.run(None, {"input": x})[0]']


def _program(name: str) -> tuple[list[str], list[str]]:
    before = ["import numpy as np", "import torch", "", f'network = torch.export.load("{name}").module()']
    return before, ["outputs = network(torch.from_numpy(np.ascontiguousarray(x))).detach().numpy()"]


def _source(name: str) -> tuple[list[str], list[str]]:
    stem = name.removesuffix(".py")
    imported = [f"from {stem} import Network"] if stem.isidentifier() else ["import runpy"]
    made = "network = Network().eval()" if stem.isidentifier() else f'network = runpy.run_path("{name}")["Network"]().eval()'
    loaded = "# its weights: network.load_state_dict(safetensors.torch.load_file(...)), of an export in that format"
    before = ["import numpy as np", "import torch", *imported, "", made, loaded]
    return before, ["outputs = network(torch.from_numpy(np.ascontiguousarray(x))).detach().numpy()"]


def _decoded(head: Head, labels: list[str]) -> list[str]:
    if isinstance(head, Classification):
        names = [f"classes = {labels}", "print([classes[i] for i in outputs.argmax(1)])"]
        return names if labels else ["print(outputs.argmax(1))"]
    if isinstance(head, Segmentation):
        return ["print(outputs.argmax(1))"]
    return ["print(outputs > 0)"] if isinstance(head, MultiLabel | Mask) else ["print(outputs)"]


def _fenced(lines: list[str]) -> str:
    return "```python\n" + "\n".join(lines) + "\n```"
