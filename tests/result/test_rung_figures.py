"""How many trials were stopped at each rung, and how well the scores there order those at the end."""

import pytest

from einspace.evaluation.outcome import RUNGS, Evaluation, Outcome
from einspace.result.rungs import FEWEST, Rung
from einspace.trial import Costs, Proposal, Trial


def trial(number: int, scores: list[tuple[int, float]], fitness: float | None) -> Trial:
    """A trial with scores at rungs, which was stopped at the last of them unless it has a fitness."""
    proposal = Proposal("relu", f"key{number}", Costs(0), "mutation", rungs=((1, None), (2, None)))
    losses = (1.0,) * (4 if fitness is not None else scores[-1][0])
    outcome = Outcome.PRUNED if fitness is None else Outcome.OK
    return Trial(number, proposal).end(Evaluation(outcome, fitness, losses, extra={RUNGS: scores}), 1.0, 0.0)


def test_tau_is_of_those_that_went_on_from_a_rung() -> None:
    """Stopped ones have no score at the end; copies count as stopped, and are no pairs of their own."""
    history = [trial(number, [(1, -number), (2, number)], number / 10) for number in range(FEWEST)]
    history += [trial(FEWEST, [(1, 9.0)], None), trial(FEWEST + 1, [(1, 9.0), (2, -1.0)], None)]
    evaluation = history[-1].evaluation
    assert evaluation is not None
    copy = Trial(FEWEST + 2, history[-1].proposal).end(evaluation, 1.0, 0.0, reused=FEWEST + 1)
    assert Rung.of([*history, copy]) == (
        Rung(1, FEWEST + 2, 1, FEWEST, pytest.approx(-1.0)),  # type: ignore[arg-type]
        Rung(2, FEWEST + 1, 2, FEWEST, pytest.approx(1.0)),  # type: ignore[arg-type]
    )


def test_few_say_nothing() -> None:
    """Below five there is no tau, where all are alike it is 0, and a run without rungs has no figures."""
    few = [trial(number, [(1, number)], number / 10) for number in range(FEWEST - 1)]
    assert [rung.tau for rung in Rung.of(few)] == [None]
    assert [rung.tau for rung in Rung.of([trial(number, [(1, number)], 0.5) for number in range(FEWEST)])] == [0.0]
    assert Rung.of([Trial(0, few[0].proposal)]) == ()
