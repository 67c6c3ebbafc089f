"""Features of a proposal, and that they cost little."""

from math import isnan, log1p
from random import Random

import pytest
from tests.surrogate.surrogate_samples import SPACE, norms, searched

from einspace import baselines
from einspace.space import EinSpace
from einspace.surrogate import Features
from einspace.trial import Proposal


def test_a_proposal_has_the_figures_of_its_architecture_its_recipe_and_its_parent() -> None:
    """Costs are logarithms, a change that is not made has the value that stands, and the change of the parent has its place and sizes."""
    history = searched(norms, 12, surrogate=False)
    child = next(trial.proposal for trial in history if trial.proposal.place is not None)
    architecture, parent = SPACE.parse(child.text), history[child.parents[0]]
    row = Features(SPACE.parse, {"dropout": 0.0, "learning_rate_factor": 1.0}).of(child, history)
    assert row["parameters"] == log1p(architecture.parameters)
    assert (row["terminals"], row["depth"], row["output axes"]) == (
        architecture.terminals,
        architecture.depth,
        len(architecture.output.shape),
    )
    assert (row["change dropout"], row["change learning_rate_factor"]) == (0.0, 1.0)
    assert (row["score of the parent"], row["parents"]) == (parent.fitness, 1)
    assert child.place is not None
    before, after = (SPACE.parse(text).node.at(child.place).size for text in (parent.text, child.text))
    assert (row["depth of the place"], row["nodes replaced"], row["nodes put in"]) == (len(child.place), before, after)
    assert sum(value for name, value in row.items() if name.startswith("number ") and isinstance(value, int)) == architecture.terminals


def test_a_proposal_without_parents_has_no_score_of_one() -> None:
    """Neither a place; its changes win over what stands."""
    proposal = Proposal.of(baselines.get("resnet8", (1, 8, 8)), "seed resnet8", changes={"dropout": 0.25})
    row = Features(SPACE.parse, {"dropout": 0.0}).of(proposal, [])
    assert isinstance(row["score of the parent"], float)
    assert isnan(row["score of the parent"])
    assert (row["origin"], row["change dropout"], "nodes replaced" in row) == ("seed", 0.25, False)


def test_the_same_architecture_is_read_once() -> None:
    """What follows from a text alone is kept: a forest that is fitted again counts nothing anew."""
    read: list[str] = []
    proposal = Proposal.of(SPACE.sample(Random(0)), "sample")

    def reading(text: str) -> object:
        read.append(text)
        return SPACE.parse(text)

    features = Features(reading, {})  # type: ignore[arg-type]
    one, other = (features.of(proposal, []) for _ in range(2))
    assert {**one, "score of the parent": 0.0} == {**other, "score of the parent": 0.0}
    assert read == [proposal.text]


@pytest.mark.parametrize("repeats", [3, 60])
def test_counts_beyond_every_number_are_cut(repeats: int) -> None:
    """Without limits a text of a few hundred letters stands for more operations than a float has digits for."""
    space = EinSpace((4, 4))
    text = "relu"
    for _ in range(repeats):
        text = f"[clone(b=8) {{{'[relu ' + text + ']'}}} add]"
    row = Features(space.parse, {}).of(Proposal.of(space.parse(text), "sample"), [])
    assert all(float(value) < 1e31 for value in row.values() if isinstance(value, int))
