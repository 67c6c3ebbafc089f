"""Files: programs, ONNX models and weights come back as they were, and a failure leaves nothing."""

import errno
import json
import os
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from tests.architectures import BULK
from tests.networks.exported import NAMES, check_files, trained
from tests.networks.own_layers import OWN, WEIGHTLESS, Fickle
from torch.fx import GraphModule

from einspace import Architecture, Classification, Dense, EinSpace, baselines, build
from einspace.errors import EinspaceError, ExportError, NetworkError, SettingError, UnknownNameError
from einspace.features import Feature
from einspace.networks import Head
from einspace.networks.export import export_file, export_program, load_source, load_weights, programs, source
from einspace.networks.export.programs import onnx_bytes, run_onnx
from einspace.tasks.preprocessing import Preprocessing
from einspace.tasks.split import Normaliser

SKIP = "[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=3) col2im] [norm relu]] identity} add]"


def _skip() -> Architecture:
    return EinSpace((3, 8, 8)).parse(SKIP)


FAMILIES: dict[str, Callable[[tuple[int, int, int]], Architecture]] = {
    "resnet": partial(baselines.resnet, blocks=(1, 1), width=16),
    "wide_resnet": partial(baselines.wide_resnet, depth=10, width=1),
    "densenet-bc": partial(baselines.densenet, blocks=(1, 1), growth=8, bottleneck=True),
    "vit": partial(baselines.vit, layers=1, width=32, heads=2, head_width=16),
    "mixer": partial(baselines.mixer, layers=1, width=32),
    "resmlp": partial(baselines.resmlp, layers=1, width=32),
    "permutator": partial(baselines.permutator, layers=1, width=32, segments=2),
    **({"resnet18": partial(baselines.get, "resnet18")} if BULK > 1 else {}),
}
"""Every family in a small size: what its layers are does not depend on how many there are; in bulk, ResNet18 as it is."""

ONNX = ("resnet", "vit", "permutator")
"""Families whose ONNX models are made too: with those, every layer of the baselines is translated. In bulk, all."""


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_baselines_as_program_and_onnx(name: str, tmp_path: Path) -> None:
    """The same outputs as the network, trained statistics included, for batches of other sizes than it was traced with."""
    torch.manual_seed(0)
    formats = NAMES if name in ONNX or BULK > 1 else ["torch"]
    check_files(FAMILIES[name]((3, 8, 8)), Classification(10), tmp_path, formats)


def test_every_layer_of_a_family_is_translated_to_onnx() -> None:
    """Families whose ONNX models are not made have no layer that the others lack."""
    parts: dict[str, set[object]] = {name: set() for name in FAMILIES}
    for name, make in FAMILIES.items():
        for layer in build(make((3, 8, 8))).modules():
            called = (
                [node.target for node in layer.graph.nodes if node.op.startswith("call_f")]
                if isinstance(layer, GraphModule)
                else [type(layer)]
            )
            parts[name].update(called)
    assert set().union(*parts.values()) == set().union(*(parts[name] for name in ONNX))


@pytest.mark.slow
def test_pooling_of_a_wide_feature_stays_small_in_onnx() -> None:
    """Adaptive pooling is two products: PyTorch's own translation writes an addition for every pixel of a window, which takes minutes."""
    network = build(EinSpace((126, 1024)).parse("[relu norm]"), Dense(2, (5, 6))).eval()
    content = onnx_bytes(export_program(network, Feature((126, 1024))))
    assert len(onnx.load_from_string(content).graph.node) < 20
    x = torch.randn(3, 126, 1024)
    torch.testing.assert_close(run_onnx(content, x), network(x).detach(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_weights_of_every_family(name: str, tmp_path: Path) -> None:
    """A safetensors file fills a network of the same architecture, optimised or plain, and says whose weights it holds."""
    architecture = FAMILIES[name]((3, 32, 32))
    network = build(architecture, Classification(10))
    export_file(architecture, tmp_path / "w.safetensors", "safetensors", head=Classification(10), weights_from=network)
    other = build(architecture, Classification(10), optimize=len(name) % 2 == 0)
    load_weights(other, tmp_path / "w.safetensors")
    for key, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[key].reshape(value.shape), value)
    from safetensors import safe_open

    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        notes = json.loads(file.metadata()["einspace"])
    assert notes == {"architecture": str(architecture), "input": "3,32,32", "head": "Classification(classes=10, pool='channels')"}


def test_weights_go_into_the_source(tmp_path: Path) -> None:
    """A file of source and a file of weights are the whole network."""
    network = trained(_skip(), Classification(10))
    export_file(_skip(), tmp_path / "w.safetensors", "safetensors", head=Classification(10), weights_from=network)
    standalone = load_source(source(_skip(), Classification(10))).eval()
    load_weights(standalone, tmp_path / "w.safetensors")
    x = torch.randn(3, 3, 8, 8)
    assert torch.equal(standalone(x), network(x))


def test_fresh_weights_follow_from_the_seed(tmp_path: Path) -> None:
    """The same seed writes the same bytes, and the caller's random numbers go on as if nothing had been exported."""
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    sums = [export_file(_skip(), tmp_path / "w", "safetensors", seed=seed).sha256 for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(3), expected)
    assert sums[0] == sums[1] != sums[2]


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    """Missing, extra and mis-shaped entries, with both shapes; transposed ones are no fit, and nothing is loaded."""
    space = EinSpace((4, 6))
    parsed = [space.parse(text) for text in ("[norm [linear(d=8) relu]]", "[relu [linear(d=16) pos-enc]]")]
    export_file(parsed[0], tmp_path / "w.safetensors", "safetensors")
    network = build(parsed[1])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(NetworkError) as caught:
        load_weights(network, tmp_path / "w.safetensors")
    for part in ("missing pos_enc_2.encoding", "extra norm_0.bias, norm_0.weight", "linear_1.weight (8, 6) in place of (16, 6)"):
        assert part in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    turned = EinSpace((6, 4)).parse("[pos-enc relu]")
    export_file(turned, tmp_path / "p.safetensors", "safetensors")
    with pytest.raises(NetworkError, match=r"mis-shaped pos_enc_0.encoding \(6, 4\) in place of \(4, 6\)"):
        export_file(space.parse("[pos-enc relu]"), tmp_path / "x.onnx", "onnx", weights_from=tmp_path / "p.safetensors")
    assert not (tmp_path / "x.onnx").exists()
    (tmp_path / "p.safetensors").write_bytes(b"no weights at all")
    for path in (tmp_path / "p.safetensors", tmp_path / "nowhere.safetensors", tmp_path):
        with pytest.raises(ExportError, match="cannot read weights from"):
            load_weights(network, path)


def _fails(path: Path, format: str = "source", head: Head | None = None, text: str = "[relu relu]", **more: object) -> str:
    """The message of an export that is refused."""
    space = EinSpace((5, 6), grammar=OWN)
    with pytest.raises(EinspaceError) as caught:
        export_file(space.parse(text), path, format, head=head, **more)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return f"{type(caught.value).__name__}: {caught.value}"


def test_a_target_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a missing folder, a device, a name that is too long: one line, and no network was built."""
    monkeypatch.setattr("einspace.networks.export.export.build", None)
    assert "it is a folder" in _fails(tmp_path)
    assert f"there is no folder {tmp_path / 'no'}" in _fails(tmp_path / "no" / "network.py")
    assert "not a regular file" in _fails(Path("/dev/null"))
    assert "too long" in _fails(tmp_path / ("a" * 300))
    (tmp_path / "file").write_text("")
    assert "cannot write" in _fails(tmp_path / "file" / "network.py")
    assert "unknown format 'onyx': did you mean onnx?" in _fails(tmp_path / "a", "onyx")
    assert "holds no weights" in _fails(tmp_path / "a", weights_from=tmp_path / "w")
    assert os.listdir(tmp_path) == ["file"]


def test_a_closed_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in which no file can be made, for want of rights or because it is of a read-only disk, before any work."""

    def refuse(**_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("einspace.networks.export.files.tempfile.mkdtemp", refuse)
    monkeypatch.setattr("einspace.networks.export.export.build", None)
    assert "network.py: Permission denied" in _fails(tmp_path / "network.py")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, in one line, before any work; so is an ONNX file that would be too large."""
    monkeypatch.setattr(programs, "find_spec", lambda name: None if name == "onnxscript" else name)
    assert "the format onnx needs onnxscript: pip install 'einspace[onnx]'" in _fails(tmp_path / "a.onnx", "onnx")
    monkeypatch.undo()
    monkeypatch.setattr(programs, "LARGEST_ONNX", 1_000)
    assert "448 parameters are more" in _fails(tmp_path / "a.onnx", "onnx", text="[linear(d=64) relu]")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("format", ["source", "torch", "onnx"])
@pytest.mark.parametrize("part", ["head", "operation"])
def test_what_no_file_can_hold_leaves_nothing(format: str, part: str, tmp_path: Path) -> None:
    """A head or an operation that looks at its data is refused in the middle of the work, and the file of before is still there."""
    target = tmp_path / "network"
    target.write_text("of before")
    message = _fails(target, format, Fickle()) if part == "head" else _fails(target, format, text="[relu gate]")
    assert message.startswith("ExportError: ")
    if format == "source":
        assert ("Fickle()" if part == "head" else "the operation gate") in message
    assert target.read_text() == "of before"
    assert os.listdir(tmp_path) == ["network"]


@pytest.mark.slow
def test_a_file_that_would_differ_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an exporter makes is compared with the network before it is put in its place."""
    other = EinSpace((5, 6)).parse("[softmax relu]")
    monkeypatch.setattr("einspace.networks.export.export.source", lambda *_: source(other))
    assert "does not compute what the network computes" in _fails(tmp_path / "network.py")
    other_program = export_program(build(other), other.input)
    monkeypatch.setattr("einspace.networks.export.export.export_program", lambda *_: other_program)
    for format in ("torch", "onnx"):
        assert "does not compute what the network computes" in _fails(tmp_path / "network", format)
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("format", ["safetensors", "torch"])
def test_a_full_disk_leaves_what_was_there(format: str, tmp_path: Path) -> None:
    """A write that fails half way: one line, no draft, and the file of before."""
    target = tmp_path / "network"
    target.write_text("of before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(ExportError, match=f"^cannot write {target}: File too large$"):
            export_file(baselines.get("vit-tiny", (3, 8, 8)), target, format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert target.read_text() == "of before"
    assert os.listdir(tmp_path) == ["network"]


def test_a_link_is_followed_and_modes_are_ordinary(tmp_path: Path) -> None:
    """The file behind a link is replaced and the link stays; a new file is as readable as any other that we would make."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "network.py")
    export_file(_skip(), tmp_path / "link.py", "source")
    assert (tmp_path / "link.py").is_symlink()
    plain = tmp_path / "plain"
    plain.write_text("")
    assert (tmp_path / "real" / "network.py").stat().st_mode == plain.stat().st_mode
    assert "class Network" in (tmp_path / "real" / "network.py").read_text()


def test_errors_have_their_types(tmp_path: Path) -> None:
    """Each kind of mistake is of its own type."""
    for error, format, weights in (
        (UnknownNameError, "onyx", None),
        (SettingError, "source", tmp_path / "w"),
        (ExportError, "torch", tmp_path / "w"),
    ):
        with pytest.raises(error):
            export_file(_skip(), tmp_path / "a", format, weights_from=weights)


@pytest.mark.slow
def test_operations_of_a_user_without_weights_in_every_format(tmp_path: Path) -> None:
    """Programs and ONNX models are written in evaluation, where nothing drops, and take raw samples as ever."""
    architecture = EinSpace((3, 8, 8), grammar=WEIGHTLESS).parse("[[drop [drop-path noisy]] [standard mean]]")
    check_files(architecture, Classification(10), tmp_path)
    sizes = (1, 3, 1, 1)
    around = Preprocessing(normaliser=Normaliser(np.full(sizes, 100.0), np.full(sizes, 50.0))).around
    for format, name in (("source", "raw.py"), ("torch", "raw.pt2"), ("onnx", "raw.onnx")):
        assert export_file(architecture, tmp_path / name, format, head=Classification(10), around=around).bytes > 0
