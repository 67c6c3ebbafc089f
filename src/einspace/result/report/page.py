"""Page: the content of a report, put into its templates. Names, texts and tracebacks of a run are escaped wherever they stand."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from einspace.evaluation.outcome import Outcome
from einspace.quantities import decimal, duration, quantity
from einspace.result.entrant import Entrant
from einspace.result.report.album import Album, packed
from einspace.result.report.charts import best_baseline, charts
from einspace.result.report.commands import all_trials, any_trial, further_commands, next_commands
from einspace.result.report.comparison import best_score, comparison_charts, grouped
from einspace.result.report.family import family
from einspace.result.report.frame import environment, framed
from einspace.result.report.operations import shares
from einspace.result.report.shown import shown
from einspace.result.report.summary import cards, evidence, headline, lead
from einspace.result.result import Result
from einspace.result.words import Found, climbed, foretold, how_found, inherited, is_tested, recommended, untested
from einspace.trial import DECISION, RACE, Trial

DRAWN = 200
"""Trials whose pictures the page holds: the ancestors of the best, then the best ones."""

ANCESTORS = 40
"""Latest steps of the best's descent that are shown."""

WORDS = {
    Outcome.OK: "scored",
    Outcome.NAN: "no finite number",
    Outcome.OUT_OF_MEMORY: "out of memory",
    Outcome.TIMEOUT: "out of time",
    Outcome.CRASHED: "crashed",
    Outcome.ERROR: "error",
    Outcome.PRUNED: "given up early",
}
"""Outcomes, as the page calls them."""

ROLES: dict[Found, str] = {
    "race": "winner, after the best were trained again",
    "verdict": "compared with the best baseline",
    "search": "best of the search",
    "": "",
}
"""The role of the best network, by how it was found."""


def page(result: Result, album: Album | None = None, live: bool = False) -> str:
    """The whole report of a run.

    Args:
        result: What the run found, finished or not.
        album: Keeps pictures from one call to the next, while a page follows a search.
        live: Whether the page asks its server for news.
    """
    title = f"{result.run.name}: {result.settings['task']}"
    album = album or Album(tuple(result.settings["input"]))
    main = content(result, album)
    return framed(title, main, live, result.state if album.complete else "")


def comparison(results: Sequence[Result]) -> str:
    """Several runs of one task in one page; raises SettingError for runs whose scores say nothing about each other."""
    groups = grouped(results)
    first = results[0]
    choose = max if first.higher_is_better else min
    scored = [(group, group.best.mean) for group in groups if group.best.mean is not None]
    direction = "higher is better" if first.higher_is_better else "lower is better"
    lead = f"No run has a score yet ({direction})."
    if scored:
        group, _ = choose(scored, key=lambda pair: pair[1])
        where = "" if first.is_of_objective else " on validation"
        lead = f"The best mean {first.metric}{where} is that of {group.name}: {group.best} over {group.best.count} "
        lead += f"{'runs' if group.best.count > 1 else 'run'} ({direction})."
        if min(group.best.count for group in groups) < 2:
            lead += " A single run says little: several seeds of each strategy are needed to tell them apart."
    main = (
        environment()
        .get_template("comparison.html")
        .render(
            task=first.settings["task"],
            count=len(results),
            lead=lead,
            groups=groups,
            lengths=[group.lengths for group in groups if group.lengths],
            best_score=best_score,
            claim="score" if first.is_of_objective else "validation",
            raced=any(run.won for run in results),
            charts=comparison_charts(groups),
        )
    )
    return framed(f"{first.settings['task']}: {len(results)} runs", main)


def content(result: Result, album: Album | None = None) -> str:
    """The main part of the page: every section, with its charts and trials as data."""
    album = album or Album(tuple(result.settings["input"]))
    steps, entrants = family(result), _entrants(result)
    trials = shown(result, steps[-ANCESTORS:])
    numbers = None if len(trials) == len(result.history) else {trial.number for trial in trials}
    figures = charts(result, shares(result), numbers)
    best = result.best
    return (
        environment()
        .get_template("main.html")
        .render(
            result=result,
            best=best,
            headline=headline(result),
            evidence=evidence(result),
            lead=lead(result),
            cards=cards(result),
            picture="" if best is None else album.network(best.text),
            pictures=_pictures(result, album),
            entrants=entrants,
            columns=_columns(entrants, result.is_of_objective),
            tested=is_tested(result),
            untested=untested(result),
            family=steps[-ANCESTORS:],
            older=max(0, len(steps) - ANCESTORS),
            charts=figures,
            trials=trials,
            outcomes=dict(Counter(str(trial.outcome) for trial in trials).most_common()),
            any_trial=any_trial(result),
            all_trials=all_trials(result),
            details=_details(result, album, trials, [step.trial for step in steps[-ANCESTORS:]]),
            settings=list(_flat({name: value for name, value in result.settings.items() if name != "versions"})),
            versions=dict(result.settings.get("versions", {})),
            recommended=recommended(result),
            next=next_commands(result),
            commands=further_commands(result),
            words=WORDS,
            surrogate=foretold(result),
            inherited=inherited(result),
            climbed=climbed(result),
            reused=sum(trial.reused is not None for trial in result.history),
        )
    )


def _entrants(result: Result) -> list[dict[str, Any]]:
    """The rows of the comparison: the best, the other entrants of the race, the baselines, and published scores."""
    rows = [_entrant(row, *_role(row, result)) for row in result.entrants]
    blank = dict.fromkeys(("validation", RACE, DECISION, "parameters", "reason"), "")
    published = result.settings["published"].items()
    return rows + [{**blank, "name": name, "kind": "published", "test": decimal(score)} for name, score in published]


def _columns(rows: Sequence[Mapping[str, Any]], of_objective: bool) -> list[tuple[str, str]]:
    """The columns of scores in which any row has one: their keys and their names."""
    named = [
        ("validation", "score, in the search" if of_objective else "validation, in the search"),
        (RACE, "race (mean)"),
        (DECISION, "decision (mean)"),
        ("test", "test"),
    ]
    return [(key, name) for key, name in named if any(row[key] not in ("", "–") for row in rows)]


def _role(row: Entrant, result: Result) -> tuple[str, str]:
    """The class of an entrant's row in the style sheet, and its role in a few words."""
    if row is result.best:
        return "best", ROLES[how_found(result)]
    rival = best_baseline(result)
    role = "best baseline" if row is rival else "baseline" if row in result.baselines else "candidate"
    if result.verdict is not None and row in result.finalists and row.name == result.verdict.baseline:
        return "", "baseline of the verdict"
    return "", role + (", trained again" if row.trained_again else "")


def _pictures(result: Result, album: Album) -> list[tuple[str, str]]:
    """The networks of the best and of the best baseline, each with a title."""
    rows = [(row, what) for row, what in ((result.best, "the best"), (best_baseline(result), "the best baseline")) if row is not None]
    if len({row.text for row, _ in rows}) < 2:
        return []
    drawn = [(f"{row.name}, {what}: {quantity(row.parameters or 0)} parameters", album.network(row.text)) for row, what in rows]
    return [(name, picture) for name, picture in drawn if picture]


def _entrant(row: Entrant, kind: str, role: str) -> dict[str, Any]:
    parameters = "" if row.parameters is None else quantity(row.parameters)
    return {
        "name": row.name,
        "kind": kind,
        "validation": decimal(row.validation),
        **{name: decimal(mean) for name, mean in row.means.items()},
        "test": str(row.over_seeds),
        "parameters": parameters,
        "reason": ": ".join(part for part in (role, row.reason) if part),
    }


def _details(result: Result, album: Album, trials: Sequence[Trial], ancestors: Sequence[Trial]) -> dict[str, str]:
    """The part of the page about each trial that is shown on demand, by its number."""
    ranked = sorted((trial for trial in trials if trial.fitness is not None), key=lambda trial: -(trial.fitness or 0.0))
    ordered = {trial.number: trial for trial in [*ancestors, *ranked, *trials]}
    chosen, descent = set(list(ordered)[:DRAWN]), {trial.number for trial in ancestors}
    return {str(number): packed(_detail(result, trial, album, number in chosen, number in descent)) for number, trial in ordered.items()}


def _detail(result: Result, trial: Trial, album: Album, drawn: bool, descended: bool) -> dict[str, Any]:
    costs = {"parameters": trial.parameters, "FLOPs": trial.proposal.costs.flops, "bytes written": trial.proposal.costs.activation_bytes}
    facts = {name: quantity(value) for name, value in costs.items() if value is not None}
    if trial.latency is not None:
        facts["latency"] = f"{trial.latency * 1e3:.3g} ms"
    if trial.value is not None:
        facts = {f"score{result.on_split}": decimal(trial.value), **facts}
    if trial.seconds:
        facts["time"] = duration(trial.seconds)
    if trial.evaluation is not None and trial.evaluation.device:
        facts["device"] = trial.evaluation.device
    if trial.reused is not None:
        facts["evaluation"] = f"that of trial {trial.reused}, which is trained alike"
    if trial.parents:
        facts["parents"] = ", ".join(f"trial {parent}" for parent in trial.parents)
    if trial.proposal.inherits is not None:
        facts["weights"] = f"begin with those of trial {trial.proposal.inherits}" if trial.inherited else "fresh"
    if trial.proposal.prediction is not None:
        among = "" if trial.proposal.prediction.among == 1 else f", the choice of {trial.proposal.prediction.among} children"
        facts["predicted percentile"] = f"{trial.proposal.prediction.percentile:.0%}{among}"
    if trial.proposal.changes:
        facts["recipe and head"] = json.dumps(dict(trial.proposal.changes))
    return {
        "title": f"Trial {trial.number}: {trial.origin}",
        "facts": facts,
        "text": trial.text,
        "reason": trial.reason,
        "traceback": "" if trial.evaluation is None else trial.evaluation.traceback,
        "losses": list(trial.losses),
        "changed": trial.proposal.place is not None,
        "network": album.network(trial.text) if drawn else "",
        "tree": album.tree(trial.text, trial.proposal.place) if drawn and (descended or trial.proposal.place is not None) else "",
    }


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Sequence[tuple[str, str]]:
    """Settings as rows, those of a group under its name."""
    rows: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            rows += _flat(value, f"{prefix}{name}.")
        elif value not in (None, [], {}, ""):
            rows.append((prefix + name, value if isinstance(value, str) else json.dumps(value)))
    return rows
