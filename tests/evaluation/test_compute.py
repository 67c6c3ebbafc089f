"""Compute: other precisions, layouts and forms give the scores of the plain training within noise, and the same weights' names."""

import multiprocessing
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.study_samples import SMALL, ThreadExecutor, small_task
from torch import fx, nn

from einspace import EinSpace, Task, build, search
from einspace.errors import SettingError, UnknownNameError
from einspace.evaluation.compute import Compute
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context
from einspace.executors.local import LocalExecutor
from einspace.networks.raw import without_constants
from einspace.result import load_result

TEXT = "[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=3) col2im] [norm relu]] identity} add]"


def _task() -> Task:
    """Bright and dark images: easily told apart, with some that are hard."""
    rng = np.random.default_rng(0)
    y = np.arange(256) % 2
    return Task.from_arrays(rng.standard_normal((256, 3, 8, 8)) + 0.15 * y[:, None, None, None], y, name="own", baselines=())


@pytest.mark.slow
@pytest.mark.parametrize("compute", [Compute(precision="bf16"), Compute(channels_last=True), Compute(compile=True)], ids=str)
def test_scores_are_equal_within_noise(compute: Compute, tmp_path: Path) -> None:
    """Losses differ by rounding alone, the score by a sample or two of 51; the weights are those of the plain network, by name."""
    task = _task()
    recipe = task.recipe.override(epochs_search=3, batch_size=32)
    architecture = EinSpace(task.input).parse(TEXT)
    plain = TaskObjective(task, recipe).evaluate(architecture, Context())
    other = TaskObjective(task, recipe, compute).evaluate(architecture, Context(files=tmp_path / "w.safetensors"))
    assert other.reason == ""
    assert plain.value == pytest.approx(other.value, abs=0.05)
    assert np.array(other.losses, float) == pytest.approx(np.array(plain.losses, float), rel=0.02)
    kept, wanted = without_constants(load_file(tmp_path / "w.safetensors")), build(architecture, task.head).state_dict()
    assert {name: value.shape for name, value in kept.items()} == {name: value.shape for name, value in wanted.items()}
    assert all(value.dtype == wanted[name].dtype for name, value in kept.items())
    if compute.precision == "bf16":
        assert other.losses != plain.losses


@pytest.mark.slow
def test_every_network_of_a_worker_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch compiles a function eight times, and all networks have the same one: what earlier ones took is not counted."""
    compiled: list[int] = []

    def backend(graph: fx.GraphModule, inputs: object) -> Callable[..., object]:
        compiled[-1] += 1
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    for width in (4, 5, 6):
        text = f"[[im2col(k=3,s=1,p=1) linear(d={2 * width}) col2im] [norm relu]]"
        network = Compute(channels_last=False, compile=True).around(build(EinSpace((3, 8, 8)).parse(text)))
        compiled.append(0)
        for samples in (8, 5):
            network.train()(torch.randn(samples, 3, 8, 8))
        with torch.no_grad():
            for samples in (8, 1):
                network.eval()(torch.randn(samples, 3, 8, 8))
    assert compiled == [compiled[0]] * 3
    assert compiled[0] > 2


@pytest.mark.parametrize("text", ["resnet8", "vit"])
def test_channels_last_takes_the_baselines(text: str) -> None:
    """Operations that reshape what lies otherwise in memory compute the same."""
    from einspace import baselines

    architecture = baselines.get(text, (3, 16, 16))
    torch.manual_seed(0)
    network = build(architecture).eval()
    x = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        expected = network(x)
        torch.testing.assert_close(Compute(channels_last=True).around(network)(x), expected, rtol=1e-4, atol=1e-4)
        half = Compute(precision="bf16").around(network)(x)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, expected, rtol=0.1, atol=0.1 * float(expected.abs().max()))


@pytest.mark.slow
def test_a_run_keeps_how_it_was_computed(tmp_path: Path) -> None:
    """It is part of the settings, and a call with another precision does not go on with the run; a plain run says nothing of it."""
    options = {"trials": 1, "workers": 1, "limits": SMALL, "run": "mine", "runs": str(tmp_path)}
    search(small_task(), executor=ThreadExecutor(), compute={"precision": "bf16"}, **options)  # type: ignore[arg-type]
    assert load_result("mine", str(tmp_path)).settings["compute"]["precision"] == "bf16"
    with pytest.raises(Exception, match="compute"):
        search(small_task(), executor=ThreadExecutor(), **options)  # type: ignore[arg-type]
    search(small_task(), executor=ThreadExecutor(), **{**options, "run": "plain"})  # type: ignore[arg-type]
    assert "compute" not in load_result("plain", str(tmp_path)).settings


@pytest.mark.slow
def test_a_run_from_before_the_layout_followed_the_device_goes_on(tmp_path: Path) -> None:
    """Its file says that channels are not last, which was the default, and its settings say nothing of it; bf16 is kept as it was."""
    options: dict[str, Any] = {"workers": 1, "limits": SMALL, "run": "old", "runs": str(tmp_path)}
    search(small_task(), trials=1, executor=ThreadExecutor(), **options)
    longer = search(small_task(), trials=2, executor=ThreadExecutor(), compute={"channels_last": False}, **options)
    assert len(longer.history) == 2
    assert Compute("bf16").said() == {"compute": {"precision": "bf16", "channels_last": False, "compile": False}}
    assert Compute(channels_last=True).said()["compute"]["channels_last"] is True


def test_what_cannot_be_is_refused() -> None:
    """Another precision, an unknown option, channels of series, and an objective that trains as it is written."""
    with pytest.raises(UnknownNameError, match="unknown precision 'fp16'"):
        Compute(precision="fp16")
    with pytest.raises(SettingError, match="no option 'layout' of computing"):
        Compute.of({"layout": "last"})
    rng = np.random.default_rng(0)
    series = Task.from_arrays(rng.standard_normal((40, 12, 2)), np.arange(40) % 2, name="series")
    with pytest.raises(SettingError, match=r"channels_last is for images"):
        search(series, trials=1, compute={"channels_last": True})
    with pytest.raises(SettingError, match="an objective trains as it is written"):
        search(objective=len, space=EinSpace((3, 8, 8)), compute={"compile": True})  # type: ignore[arg-type]


def test_a_precision_reaches_the_training_of_evaluate_and_of_a_search(tmp_path: Path) -> None:
    """Losses in bfloat16 are others than those in float32, which are the same each time."""
    task = _task()
    given: dict[str, Any] = {"init": TEXT, "trials": 1, "workers": 1, "final_seeds": 0, "race": False, "report": False, "runs": tmp_path}
    losses: dict[str, list[Any]] = {"evaluate": [], "search": []}
    for number, precision in enumerate(("fp32", "fp32", "bf16")):
        options: dict[str, Any] = {"compute": {"precision": precision}, "recipe": {"epochs_search": 1, "batch_size": 128}}
        losses["evaluate"].append(evaluate(TEXT, task, **options).evaluations[0].losses)
        result = search(task, run=f"run{number}", executor=lambda work, *_: LocalExecutor(work), **given, **options)
        losses["search"].append(result.history[0].evaluation.losses)  # type: ignore[union-attr]
    for first, again, lower in losses.values():
        assert first
        assert first == again != lower


@pytest.mark.parametrize(("given", "last"), [(None, True), (True, True), (False, False)])
def test_channels_lie_last_on_the_cpu_unless_they_may_not(given: bool | None, last: bool) -> None:
    """In memory, those of the images and those of the weights."""
    network, seen = build(EinSpace((3, 16, 16)).parse(TEXT)), list[bool]()
    network.register_forward_pre_hook(lambda _, args: seen.append(args[0].is_contiguous(memory_format=torch.channels_last)))
    Compute(channels_last=given).around(network)(torch.randn(2, 3, 16, 16))
    kernels = [weight for weight in network.parameters() if weight.ndim == 4]
    assert seen == [last]
    assert [weight.is_contiguous(memory_format=torch.channels_last) for weight in kernels] == [last]


def test_a_network_is_compiled_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nowhere else, since it takes a minute."""
    compiled: list[Any] = []

    def compile(model: Any, *_: Any, **__: Any) -> Any:
        compiled.append(model)
        return model

    monkeypatch.setattr(torch, "compile", compile)
    task = small_task()
    for wanted in (False, True):
        assert evaluate("[relu relu]", task, compute={"compile": wanted}).mean is not None
        assert bool(compiled) == wanted


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_strided_pixel_of_few_channels_does_not_write_beyond_its_memory() -> None:
    """PyTorch's convolution with a kernel of 1, a stride and channels last corrupts the heap, and ended the worker: none is built."""
    text = "[[im2col(k=1,s=2,p=0) linear(d=32) col2im] norm]"
    few, more = (build(EinSpace((channels, 8, 8)).parse(text)) for channels in (7, 8))
    assert [type(module) for network in (few, more) for module in network.modules() if isinstance(module, nn.Conv2d)] == [nn.Conv2d]

    def step() -> None:
        network = Compute(channels_last=True).around(build(EinSpace((3, 8, 8)).parse(text)))
        for _ in range(200):
            network(torch.randn(32, 3, 8, 8)).square().mean().backward()
            _ = [torch.randn(7 * size + 3) for size in range(30)]

    process = multiprocessing.get_context("fork").Process(target=step, daemon=True)
    process.start()
    process.join(100)
    process.kill()
    process.join()
    assert process.exitcode == 0
