"""What people do with an nn.Module works: compile, export, mixed precision, memory formats, copies, several processes."""

import copy
import multiprocessing
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from tests.architectures import BULK, sampled
from tests.networks.ddp_sample import BATCH, NAMES, SHAPE, step, train
from torch import fx, nn

from einspace import Architecture, EinSpace, baselines
from einspace.networks import Classification, build

NETWORKS = [
    ("resnet", baselines.resnet(SHAPE, blocks=(1, 1), width=16)),
    ("vit", baselines.vit(SHAPE, layers=1, width=32, heads=2, head_width=16)),
    ("mixer", baselines.mixer(SHAPE, layers=1, width=32)),
]
NETWORKS += [(f"random-{i}", architecture) for i, architecture in enumerate(sampled(SHAPE, 3, seed=3))]

every_network = pytest.mark.parametrize(("name", "architecture"), NETWORKS, ids=[name for name, _ in NETWORKS])


def built(architecture: Architecture, batch_branches: bool = True) -> fx.GraphModule:
    """A network with a head, the same for every call, through all passes; batch norm uses what it has seen."""
    torch.manual_seed(0)
    return build(architecture, Classification(10), batch_branches=batch_branches).eval()


def batch(count: int = BATCH) -> torch.Tensor:
    """Images, the same for every call."""
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(1))


def gradients(network: nn.Module) -> dict[str, torch.Tensor]:
    """Of every weight that has one."""
    return {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}


def same(network: nn.Module, other: nn.Module) -> None:
    """Assert equal gradients after a step each."""
    step(network, batch())
    step(other, batch())
    torch.testing.assert_close(list(gradients(network).values()), list(gradients(other).values()), rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@every_network
def test_compiles_in_one_graph(name: str, architecture: Architecture) -> None:
    """Under torch.compile, without a break, with equal gradients."""
    torch._dynamo.reset()
    same(built(architecture), torch.compile(built(architecture), backend="aot_eager", fullgraph=True))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")
def test_compiles_to_machine_code() -> None:
    """The default compiler of PyTorch takes attention, packed heads and what is in place."""
    torch._dynamo.reset()
    head = "[clone(b=2) {[[clone(b=2) {linear(d=16) [identity linear(d=16) permute(o=(2,1))]} matmul(scaled=True)] softmax] linear(d=16)} "
    heads = f"[[clone(b=4) {{{head} matmul(scaled=False)]}} concat(dim=2,b=4)] relu]"
    architecture = EinSpace(SHAPE).parse(f"[[im2col(k=4,s=4,p=0) linear(d=16) identity] {heads}]")
    same(built(architecture), torch.compile(built(architecture), fullgraph=True))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(NETWORKS)), ids=[name for name, _ in NETWORKS])
def test_exports_for_any_batch_size(number: int) -> None:
    """torch.export keeps the batch axis free, in both of its modes: by turns, and in bulk every network in both."""
    network = built(NETWORKS[number][1])
    free = ({0: torch.export.Dim("batch", min=2, max=64)},)
    for strict in (True, False) if BULK > 1 else (number % 2 == 0,):
        exported = torch.export.export(network, (batch(),), dynamic_shapes=free, strict=strict).module()
        torch.testing.assert_close(exported(batch(7)), network(batch(7)), rtol=1e-4, atol=1e-5)


@every_network
def test_runs_in_mixed_precision(name: str, architecture: Architecture) -> None:
    """Under autocast to bfloat16 the result is bfloat16 of the same values, and weights and gradients stay float32."""
    network = built(architecture)
    with torch.no_grad():
        exact = network(batch())
    with torch.autocast("cpu", torch.bfloat16):
        result = network(batch())
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), exact, rtol=0.1, atol=0.1 * exact.abs().max().item())
    result.float().square().mean().backward()
    assert gradients(network)
    assert all(gradient.dtype == torch.float32 and gradient.isfinite().all() for gradient in gradients(network).values())


@every_network
def test_takes_channels_last(name: str, architecture: Architecture) -> None:
    """An input and weights in that layout change the layout, not the result."""
    network, other = built(architecture), built(architecture).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    step(network, batch())
    step(other, batch().to(memory_format=torch.channels_last))
    for a, b in zip(gradients(network).values(), gradients(other).values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_convolutions_keep_channels_last() -> None:
    """No copy back to rows between the layers of a residual network."""
    network = build(baselines.get("resnet8", SHAPE)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert network(batch().to(memory_format=torch.channels_last)).is_contiguous(memory_format=torch.channels_last)


@every_network
def test_copies_are_whole_and_apart(name: str, architecture: Architecture) -> None:
    """deepcopy, pickle and state_dict carry everything, and share nothing."""
    network = built(architecture)
    state = {key: value.clone() for key, value in network.state_dict().items()}
    copies = [copy.deepcopy(network), pickle.loads(pickle.dumps(network))]
    torch.manual_seed(7)
    fresh = build(architecture, Classification(10), batch_branches=True).eval()
    fresh.load_state_dict(network.state_dict())
    for other in (*copies, fresh):
        assert torch.equal(other(batch()), network(batch()))
        with torch.no_grad():
            for weight in other.parameters():
                weight.fill_(0)
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_trains_on_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DistributedDataParallel on two processes gives the gradients of one process with the whole batch.

    They are forked from this one, which has imported what takes a new interpreter seconds.
    """
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    result, fork = tmp_path / "gradients.pt", multiprocessing.get_context("fork")
    processes = [fork.Process(target=train, args=(rank, 2, str(tmp_path / "store"), str(result)), daemon=True) for rank in range(2)]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join(120)
    finally:
        for process in processes:
            process.kill()
            process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    found = torch.load(result)
    for name in NAMES:
        torch.manual_seed(0)
        network = build(baselines.get(name, SHAPE), Classification(10)).eval()
        step(network, batch_of_all())
        assert found[name].keys() == gradients(network).keys()
        for key, gradient in gradients(network).items():
            torch.testing.assert_close(found[name][key], gradient, rtol=1e-3, atol=1e-6)


def batch_of_all() -> torch.Tensor:
    """The batch that the processes share."""
    return torch.randn(BATCH, *SHAPE, generator=torch.Generator().manual_seed(0))


def test_layers_start_as_those_of_pytorch() -> None:
    """One after the other, with the same seed: the same values, bit for bit, in every form of the network."""
    architecture = EinSpace((3, 8, 8)).parse("[[im2col(k=3,s=1,p=1) linear(d=16) col2im] [norm linear(d=32)]]")
    torch.manual_seed(5)
    expected = [nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.Linear(8, 32)]
    torch.manual_seed(5)
    network = build(architecture)
    for layer, own in zip(expected, network.children(), strict=True):
        assert type(own) is type(layer)
        assert all(torch.equal(a, b) for a, b in zip(own.parameters(), layer.parameters(), strict=True))
    torch.manual_seed(5)
    heads = build(EinSpace((4, 6)).parse("[clone(b=4) {linear(d=16)} concat(dim=2,b=4)]"), batch_branches=True)
    torch.manual_seed(5)
    assert all(torch.equal(own.weight, nn.Linear(6, 16).weight) for own in heads.children())  # type: ignore[arg-type]


def test_the_optimised_form_starts_as_the_plain_form() -> None:
    """The same seed gives the same weights, in the same order, whatever is fused or packed."""
    for _, architecture in NETWORKS:
        states = []
        for optimize in (True, False):
            torch.manual_seed(3)
            states.append(build(architecture, optimize=optimize).state_dict())
        ours, plain = states
        assert list(ours) == list(plain)
        assert all(torch.equal(value.reshape(plain[name].shape), plain[name]) for name, value in ours.items())


@pytest.mark.slow
def test_thousands_of_operations_emit_and_run() -> None:
    """Deep and wide, nothing recurses over the network: build, copy, forward, backward."""
    deep = "[norm relu]"
    for _ in range(1100):
        deep = f"[{deep} [norm relu]]"
    wide = "[linear(d=16) norm]"
    for _ in range(3):
        wide = f"[clone(b=8) {{{wide}}} add]"
    for text in (deep, wide):
        architecture = EinSpace((4, 6)).parse(text)
        assert len(architecture.graph().instructions) >= 1000
        network = copy.deepcopy(build(architecture, batch_branches=True))
        result = network(torch.randn(2, 4, 6))
        result.sum().backward()
        assert all(weight.grad is not None for weight in network.parameters())
