"""As JSON: the report of a run that `einspace search --json` prints."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from einspace.trial import Trial

if TYPE_CHECKING:
    from einspace.result.result import Result


def as_json(result: "Result", top: int) -> dict[str, Any]:
    """The report of `Result.to_json`, with so many of the best architectures."""
    report: dict[str, Any] = {
        "run": str(result.run),
        "task": result.settings["task"],
        "metric": result.metric,
        "protocol": result.protocol,
        "strategy": result.settings["strategy"],
        "seed": result.settings["seed"],
        "trials": len(result.history),
        "best": None if result.best is None else result.best.to_json() | {"verdict": result.verdict and result.verdict.word},
        "verdict": result.verdict and result.verdict.to_json(),
        "unjudged": result.unjudged,
        "finalists": [entrant.to_json() for entrant in result.finalists],
        "top": [_short(trial) for trial in result.top(top)] if result.split == "validation" else [],
        "baselines": [entrant.to_json() for entrant in result.baselines],
        "outcomes": result.outcomes,
        "seconds": dict(result.seconds),
        "overhead": result.overhead,
        "cost_error": None if result.cost_error is None else asdict(result.cost_error),
        "surrogate": None if result.surrogate is None else result.surrogate.to_json(),
        "inheritance": None if result.inheritance is None else result.inheritance.to_json(),
        "rungs": [rung.to_json() for rung in result.rungs],
        "weights": {key: {"file": str(file), "bytes": file.stat().st_size} for key, file in result.weights.items()},
    }
    if "cost" in result.settings:
        report["pareto"] = [_short(trial) for trial in result.pareto(result.settings["cost"])]
    if (spread := result.sampling) is not None:
        split = "test" if result.split == "test" else "valid"
        report["sampling"] = {"mean": spread.mean, "deviation": spread.deviation, "count": spread.seeds, "split": split}
    return report


def _short(trial: Trial) -> dict[str, Any]:
    """The entry of one of the best trials."""
    figures: dict[str, Any] = {"architecture": trial.text, "key": trial.key, "trial": trial.number, "parameters": trial.parameters}
    figures |= {"changes": dict(trial.proposal.changes)} if trial.proposal.changes else {}
    figures |= {"flops": trial.cost("flops")} | ({} if trial.latency is None else {"latency": trial.latency})
    return figures | {"validation": trial.value, "origin": trial.origin}
