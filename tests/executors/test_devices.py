"""Devices of workers, as far as a machine without accelerators can tell."""

from collections.abc import Sequence

import pytest
import torch
from tests.executors.executor_samples import make_processes as make

from einspace.errors import SettingError
from einspace.evaluation.outcome import Outcome, Request
from einspace.executors.choice import choose
from einspace.executors.devices import check_devices
from einspace.executors.memory import limit_memory, share_memory

pytestmark = pytest.mark.timeout(90)


@pytest.mark.slow
def test_cpu() -> None:
    """The device that a worker trained on stands in its evaluation, whatever the outcome."""
    with make(devices="cpu") as executor:
        devices = [executor.submit(Request(text)).result().device for text in ("fine", "error", "kill")]
    assert devices == ["cpu", "cpu", "cpu"]


def test_workers_share_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """More workers than devices take them in turn; "cuda" is the first one."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with make(devices=("cuda", "cuda:1"), workers=3) as executor:
        assert executor.devices == ("cuda:0", "cuda:1", "cuda:0")


def test_a_device_without_a_worker_is_named(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where there are fewer workers than devices, one line says which have nothing to do; otherwise there is none."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    for workers in (2, 4, 5):
        with make(devices=("cuda:0", "cuda:1", "cuda:2", "cuda:3"), workers=workers):
            pass
    assert [record.getMessage() for record in caplog.records] == [
        "2 workers: nothing is trained on cuda:2, cuda:3, for which there must be 4 workers"
    ]


@pytest.mark.parametrize(
    ("executor", "devices", "workers"),
    [
        ("processes", None, 2),
        ("processes", "cpu", 2),
        ("processes", "cuda:0", 1),
        ("processes", "cuda:0, cuda:1,cuda:2", 3),
        ("processes", ("cuda:0", "cuda:0"), 2),
        ("processes", "mps", 1),
        ("ray", None, 2),
    ],
)
def test_each_gpu_has_a_worker_by_default(executor: str, devices: str | Sequence[str] | None, workers: int) -> None:
    """Without a number of workers none of the GPUs is idle, and none is divided, unless it is named twice."""
    assert choose(executor, devices).workers == workers


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [
        ("cuda:0", 0, "of CUDA devices it has none"),
        ("cuda:1", 1, "of CUDA devices it has cuda:0"),
        ("cuda:4", 4, "of CUDA devices it has cuda:0 to cuda:3"),
        ("meta", 0, "no device 'meta'"),
        ("cpu:1", 0, "no device 'cpu:1'"),
        ("gpu", 0, "not 'gpu'"),
        (3, 0, "not 3"),
    ],
)
def test_devices_that_are_not_there(monkeypatch: pytest.MonkeyPatch, name: str, count: int, said: str) -> None:
    """A device that does not exist is refused before any worker starts, with what there is."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(SettingError, match=said):
        make(devices=("cpu", name))


def test_mps_is_a_device_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apple's processors have one, without a number; elsewhere it is refused in a line."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(SettingError, match="there is no device 'mps' on this machine that a network can be trained on"):
        check_devices("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert check_devices(("mps", "cpu", "mps:0")) == ("mps", "cpu", "mps")
    with pytest.raises(SettingError, match="there is no device 'mps:1'"):
        check_devices("mps:1")


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_device_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose device fails says so; the evaluation ends after a few tries instead of waiting for ever."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with make(devices="cuda:0") as executor:
        evaluation = executor.submit(Request("fine")).result(timeout=60)
    assert (evaluation.outcome, evaluation.device) == (Outcome.CRASHED, "cuda:0")
    assert "no worker process took up the evaluation" in evaluation.reason
    assert "cuda" in evaluation.reason.lower()


def test_memory_is_shared() -> None:
    """The automatic limit divides the machine's memory by workers, and a CUDA device's by the workers on it."""
    slots = ("cuda:0", "cuda:1", "cuda:0")
    assert [share_memory("auto", slots, number) for number in range(3)] == [(None, 0.45), (None, 0.9), (None, 0.45)]
    (one, _), (half, _) = share_memory("auto", ("cpu",), 0), share_memory("auto", ("cpu", "cpu"), 0)
    assert one is not None
    assert half == pytest.approx(one / 2, abs=1)
    assert share_memory(5, slots, 0) == (5, None)
    assert share_memory(None, slots, 0) == (None, None)


def test_memory_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit in bytes becomes the fraction of the device's memory that PyTorch asks for, and a share is one already."""
    fractions: list[tuple[float, str]] = []

    class Properties:
        total_memory = 1000

    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Properties)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda fraction, device: fractions.append((fraction, device)))
    for limit, share in ((250, None), (5000, None), (None, 0.45), (None, None)):
        limit_memory("cuda:1", limit, share)
    assert fractions == [(0.25, "cuda:1"), (1.0, "cuda:1"), (0.45, "cuda:1")]
