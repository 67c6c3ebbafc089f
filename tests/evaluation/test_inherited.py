"""Weights that a child inherits: which slices are taken over, for how many epochs it is trained then, and what happens without them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.study_samples import RECIPE, small_task

from einspace import EinSpace, build
from einspace.baselines import within
from einspace.evaluation.inherited import FRESH, SHRINK, inherited, take_over
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import INHERITED, Context, Outcome
from einspace.networks.export.weights import weights

SPACE = EinSpace((1, 8, 8))
LINEAR = "[linear(d=%d) [norm [relu linear(d=16)]]]"
OBJECTIVE = TaskObjective(small_task(), replace(RECIPE, epochs_search=4))


def state(text: str, seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return dict(build(SPACE.parse(text), small_task().head).state_dict())


def test_the_overlapping_slice_is_shrunken_and_perturbed() -> None:
    """A wider layer keeps the rows that its parent has; its other rows, and layers that the parent lacks, are as fresh as they were."""
    parent, fresh = state(LINEAR % 16, 0), state(LINEAR % 32, 1)
    parent["norm_1.running_mean"] = torch.tensor([3.0])
    found, taken = inherited(fresh, parent)
    assert torch.equal(found["linear_0.weight"][:16], SHRINK * parent["linear_0.weight"] + FRESH * fresh["linear_0.weight"][:16])
    assert torch.equal(found["linear_0.weight"][16:], fresh["linear_0.weight"][16:])
    assert torch.equal(found["norm_1.running_mean"], parent["norm_1.running_mean"])
    assert taken["linear_0.weight"] == 16 * 8
    assert torch.equal(fresh["linear_0.weight"], state(LINEAR % 32, 1)["linear_0.weight"])


def test_modules_are_aligned_in_the_order_of_the_derivation() -> None:
    """What was put in before a layer leaves the layers after it their weights, whatever order a file has its tensors in."""
    parent = state("[linear(d=16) [relu [norm linear(d=64)]]]", 0)
    fresh = state("[norm [linear(d=16) [relu [norm linear(d=64)]]]]", 1)
    found, _ = inherited(fresh, dict(sorted(parent.items(), reverse=True)))
    pairs = {"linear_1.weight": "linear_0.weight", "linear_4.weight": "linear_3.weight", "norm_3.weight": "norm_2.weight"}
    for own, other in pairs.items():
        expected = parent[other] if own.startswith("norm") else SHRINK * parent[other] + FRESH * fresh[own]
        assert torch.equal(found[own], expected)
    assert torch.equal(found["norm_0.weight"], fresh["norm_0.weight"])


@pytest.mark.parametrize("space", [SPACE, EinSpace((40, 1), grammar="sequences")])
def test_a_network_of_ten_layers_and_more_inherits_all_of_itself(tmp_path: Path, space: EinSpace) -> None:
    """From a file, whose tensors are sorted by name: linear_12 stands before linear_7 there. All norms are as they were."""
    architecture, head = within(space, "resnet8"), small_task().head
    parent = build(architecture, head)
    (tmp_path / "w.safetensors").write_bytes(weights(parent.state_dict()))
    child = build(architecture, head)
    before = {name: value.clone() for name, value in child.state_dict().items()}
    assert take_over(child, tmp_path / "w.safetensors") == (1.0, "")
    known = parent.state_dict()
    assert any("norm" in name for name in known)
    for name, value in child.state_dict().items():
        assert torch.equal(value, known[name] if "norm" in name else SHRINK * known[name] + FRESH * before[name])


def test_a_child_is_trained_for_half_of_the_epochs_and_says_how_much_it_inherited(tmp_path: Path) -> None:
    """Twice from the same weights is the same; a final training has none, and leaves its weights beside the scores."""
    file = tmp_path / "0.safetensors"
    parent = OBJECTIVE.evaluate(SPACE.parse(LINEAR % 16), Context(files=file))
    assert (len(parent.losses), parent.extra, parent.reason) == (4, {}, "")
    child = OBJECTIVE.evaluate(SPACE.parse(LINEAR % 32), Context(seed=1, inherits=file))
    assert (child.outcome, len(child.losses), child.reason) == (Outcome.OK, 2, "")
    assert 0.4 < child.extra[INHERITED] < 0.7
    assert OBJECTIVE.evaluate(SPACE.parse(LINEAR % 32), Context(seed=1, inherits=file)).losses == child.losses
    changed = OBJECTIVE.evaluate(SPACE.parse(LINEAR % 32), Context(seed=1, inherits=file, changes={"epochs_search": 1}))
    assert len(changed.losses) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "trained from fresh weights: cannot read weights from .*: No such file or directory"),
        (b"pickled", "trained from fresh weights: cannot read weights from .*"),
        (weights({"softmax_1.weight": torch.ones(3)}), "trained from fresh weights: it shares none with its parent"),
    ],
)
def test_without_weights_a_trial_is_trained_as_if_it_had_none_to_inherit(tmp_path: Path, content: bytes | None, said: str) -> None:
    """For all epochs, with the losses and the score of fresh weights; the record says why."""
    file = tmp_path / "0.safetensors"
    if content is not None:
        file.write_bytes(content)
    found, fresh = (OBJECTIVE.evaluate(SPACE.parse(LINEAR % 16), Context(seed=1, inherits=given)) for given in (file, None))
    assert (found.losses, found.value, found.extra) == (fresh.losses, fresh.value, {})
    assert fresh.reason == ""
    assert re.fullmatch(said, found.reason)
