"""Result: the findings and the progress of a run."""

import logging
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib.metadata import version
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import optuna
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from einspace.config.protocol import PAPER
from einspace.disk.drafts import write_text
from einspace.echo import masked
from einspace.errors import NotationError, RunError, SettingError
from einspace.evaluation.cost_model import CostModel, Error
from einspace.quantities import counted, decimal
from einspace.racing.verdict import Verdict
from einspace.result.as_json import as_json
from einspace.result.entrant import Entrant
from einspace.result.inheritance import Inheritance
from einspace.result.rungs import Rung
from einspace.result.taking import chosen
from einspace.run.folder import STUDY, WEIGHTS, Run
from einspace.run.settings import Settings, has_test, making_sense
from einspace.storage import Database
from einspace.strategies import check_cost
from einspace.strategies.affordable import Training
from einspace.strategies.fronts import fronts
from einspace.surrogate import Agreement
from einspace.tasks.metrics import Seeds, over_seeds
from einspace.tasks.recipe import Recipe
from einspace.trial import Proposal, Trial

if TYPE_CHECKING:
    from einspace.predictor import Predictor, Trained
    from einspace.tasks import Task

REPORT = "report.html"
"""The file in a run's folder that shows what it found."""

_LOG = logging.getLogger("einspace")

TOP = 5
"""The number of the best architectures that are shown by default."""


@dataclass(frozen=True, repr=False)
class Result:
    """The result of a run, finished or not."""

    run: Path
    """The folder of the run."""
    settings: Settings
    """The settings that it was started with."""
    history: tuple[Trial, ...]
    """The trials of the search that have ended, by number."""
    others: tuple[Trial, ...]
    """The trials of the other phases that have ended: baselines, race, decision and final trainings."""
    best: Entrant | None
    """The winner of the race, once that is over. Without a race: the best by validation, among those that could be compared with the
    baseline in time if there was such a comparison. None if no trial has a score, or if none may be selected."""
    baselines: tuple[Entrant, ...]
    """The baselines of the task."""
    finalists: tuple[Entrant, ...]
    """The entrants of the race: candidates by their claimed scores, and the best baseline, all trained again; empty without a race."""
    verdict: Verdict | None
    """The verdict: the best is better than the best baseline, worse, or not distinguishable; None where none was possible."""
    unjudged: str
    """The reason why there is no verdict, and why the best is not the best by validation; empty where there is a verdict."""
    seconds: Mapping[str, float]
    """`total` and `search` and `final` of the wall clock; `proposing`, `building`, `training`, `scoring` summed over the trials, `starting`
    and `ending` over the workers."""
    overhead: float | None
    """The share of the workers' time that the loop itself cost, 0 to 1; None where nothing was evaluated.

    It is 1 - evaluating / (workers * search - starting - ending), over all sessions (see `timing.Clock`).
    """
    won: bool = False
    """Whether race and decision are over and the best has won them; False while the best is only ahead, and without either."""
    passed_over: int | None = None
    """The number of the trial with the best score, where it takes too long to be compared and others were in its place."""
    running: tuple[Trial, ...] = ()
    """Trials of any phase that were begun, and had not ended when this was read."""
    storage: str | None = None
    """The address of the database that holds the study, its password masked; None for the file in the run's folder."""
    split: str = "validation"
    """The split that the trials of the search are scored on: "test" where they are final trainings, and none of them may be selected."""

    def __repr__(self) -> str:
        scores = "" if self.best is None else f", best {self.best.name} with {decimal(self.best.validation)} {self.metric}{self.on_split}"
        return f"<Result of {self.run.name}: {counted(len(self.history), 'trial')}{scores}; {self.sentence}>"

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, or the reason why there is none."""
        return f"There is no verdict: {self.unjudged}." if self.verdict is None else self.verdict.sentence

    @property
    def entrants(self) -> list[Entrant]:
        """The best, the other candidates of the race, and the baselines."""
        known = [row for row in (self.best, *self.baselines) if row is not None]
        return [*known[: len(known) - len(self.baselines)], *(row for row in self.finalists if row not in known), *self.baselines]

    @property
    def is_baseline(self) -> bool:
        """True if the best found is a baseline itself: an initial member that no new architecture has surpassed."""
        mine = None if self.best is None or self.best.proposal is None else self.best.proposal.identity
        return mine is not None and any(row.proposal is not None and row.proposal.identity == mine for row in self.baselines)

    @cached_property
    def recommended(self) -> Entrant | None:
        """The network to use: the best, or the best baseline where the verdict recommends it; without a verdict, the best."""
        if self.verdict is None or self.verdict.of_winner:
            return self.best
        return next(row for row in self.finalists if row.name == self.verdict.baseline)

    @property
    def higher_is_better(self) -> bool:
        """The direction of the metric."""
        return bool(self.settings["metric"]["higher_is_better"])

    @property
    def has_test(self) -> bool:
        """Whether the data have a test split; those of an estimator of scikit-learn have none, and final trainings have no score then."""
        return has_test(self.settings)

    @property
    def is_of_objective(self) -> bool:
        """Whether a function of the user's scored the trials, which alone knows what on."""
        return "objective" in self.settings

    @property
    def on_split(self) -> str:
        """What follows a score of the search in a sentence: the split that it is on, such as " on validation"; empty for an objective."""
        return "" if self.is_of_objective else f" on {self.split}"

    @property
    def scale(self) -> str:
        """The name of a score of the search, such as "validation accuracy"."""
        return self.metric if self.is_of_objective else f"{self.split} {self.metric}"

    @property
    def metric(self) -> str:
        """The name of the metric."""
        return str(self.settings["metric"]["name"])

    @property
    def protocol(self) -> str:
        """The protocol, which gives the defaults of the search; runs from before there were several have the paper's."""
        return str(self.settings.get("protocol", PAPER))

    @cached_property
    def cost_error(self) -> Error | None:
        """The cost model's error on the trials, each predicted from others; None for an objective, and where too few have ended."""
        if "recipe" not in self.settings or "samples" not in self.settings:
            return None
        samples = self.settings["samples"]
        training = Training(Recipe(**self.settings["recipe"]), samples["train"], samples["valid"])
        return CostModel.fit(training.measured(reversed(self.history))).error

    @cached_property
    def surrogate(self) -> Agreement | None:
        """The rank agreement of the surrogate's predictions, made before each training, with the scores; None without any."""
        return Agreement.of(self.history)

    @cached_property
    def inheritance(self) -> Inheritance | None:
        """The trials with weights of a parent, and the rank agreement of their scores with those of the race; None without any."""
        return Inheritance.of(self.history, self.others)

    @cached_property
    def rungs(self) -> tuple[Rung, ...]:
        """The trials stopped at each rung, and the rank agreement of the scores there with those at the end; empty without rungs."""
        return Rung.of(self.history)

    @property
    def outcomes(self) -> dict[str, int]:
        """The number of trials with each outcome, the most frequent first."""
        return dict(Counter(str(trial.outcome) for trial in self.history).most_common())

    @property
    def sampling(self) -> Seeds | None:
        """The scores of random architectures: on test for the strategy `sampling`, on valid for `validation-sampling`; None for others."""
        scores = [trial.value for trial in self.history if trial.value is not None]
        return over_seeds(scores) if str(self.settings["strategy"]).endswith("sampling") and scores else None

    @property
    def state(self) -> str:
        """A text that changes when more of the run is stored, or when another version of this package reads it."""
        return f"{len(self.history)}-{len(self.others)}-{sum(self.seconds.values()):.3f}-{version('einspace')}"

    @property
    def weights(self) -> dict[str, Path]:
        """The files of trained weights in the run's folder, by `Proposal.stem`: the key of the architecture and a hash of its changes."""
        return {file.stem: file for file in sorted((self.run / WEIGHTS).glob("*.safetensors"))}

    def predictor(self, trial: int | None = None, *, baseline: str | None = None, task: "Task | None" = None) -> "Predictor":
        """The recommended network, trained, with everything between the user's data and it.

        Where the verdict recommends a baseline, a warning is logged that names it and says how to get the best of the search instead.

        Args:
            trial: The number of a trial of the search, in place of the recommended network.
            baseline: The name of a baseline, in its place.
            task: The task of the search, to train the network where its weights were not kept; they are kept then.

        Raises:
            RunError: There is no such trial or baseline, its weights were not kept, or the search was of an objective.
            GrammarError, NetworkError: The module of the user's own operations or head was not imported yet.
        """
        from einspace.predictor import predictor_of

        if "head" not in self.settings:
            raise RunError(
                f"the run {self.run.name} has no predictor: its objective is a function of your own, which alone knows the trained networks"
            )
        found = self.trained(trial, baseline)
        if trial is None and baseline is None and self.verdict is not None and not self.verdict.of_winner and self.best is not None:
            _LOG.warning("%s: result.predictor(trial=%s) gives the other", self.verdict.reason, self.best.trial)
        return predictor_of(found, self._folder, self.settings, task)

    def trained(self, trial: int | None = None, baseline: str | None = None) -> "Trained":
        """Give the recommended network, that of a trial of the search or a baseline, as it is exported.

        Args:
            trial: The number of a trial of the search, in place of the recommended network.
            baseline: The name of a baseline, in its place.

        Raises:
            RunError: There is no such trial or baseline.
        """
        from einspace.predictor import trained

        found, row = chosen(self, trial, baseline)
        name = row.name if row in self.baselines else found.title
        untrained = row is None or (row in self.finalists and not any(row.finals))
        finals = () if row is None or untrained else row.finals
        failed = next((final.reason for final in finals if final is not None and final.reason), "")
        tests, why = ((), failed) if row is None or untrained or not self.has_test else (row.tests, failed or row.reason)
        return trained(self._folder, self.settings, found, name, tests, why, self.split)

    def entrant(self, proposal: Proposal) -> Entrant | None:
        """The best, the baseline or the finalist that is trained like a proposal; None where it is none of them."""
        rows = [row for row in (self.best, *self.baselines, *self.finalists) if row is not None and row.proposal is not None]
        return next((row for row in rows if row.proposal is not None and row.proposal.identity == proposal.identity), None)

    @property
    def _folder(self) -> Run:
        return Run(self.run.parent, self.run.name)

    def trials(self) -> list[Trial]:
        """All trials that have ended, those of the search first."""
        return [*self.history, *self.others]

    def top(self, count: int = TOP) -> list[Trial]:
        """Give the best trials by validation, best first, each identity once and by its earliest trial.

        Args:
            count: The number of trials; fewer come where there are not so many.

        Raises:
            SettingError: The count is not a whole number of at least 1.
        """
        if type(count) is not int or count < 1:
            raise SettingError(f"the top of a result has at least 1 row, not {count!r}")
        return self._ranked[:count]

    @cached_property
    def _ranked(self) -> list[Trial]:
        scored = [trial for trial in self.history if trial.fitness is not None]
        first: dict[str, Trial] = {}
        for trial in sorted(scored, key=lambda trial: (-(trial.fitness or 0.0), trial.number)):
            first.setdefault(trial.proposal.identity, trial)
        return list(first.values())

    def pareto(self, cost: str = "parameters") -> list[Trial]:
        """Give the trials that no other beats in both score and cost, best score first, each identity once.

        Args:
            cost: "parameters", "flops" or "latency"; a trial whose cost is not known is left out.

        Raises:
            SettingError: There is no such cost.
        """
        check_cost(cost)
        scored = [trial for trial in self.top(len(self.history) or 1) if trial.cost(cost) is not None]
        points = [(trial.fitness or 0.0, float(trial.cost(cost) or 0.0)) for trial in scored]
        return [scored[i] for i in fronts(points, 1)[0]] if scored else []

    def study(self, storage: str | None = None) -> optuna.Study:
        """Open the run's study for Optuna's own tools, such as `trials_dataframe()`. A trial's record is its attribute `trial`.

        Args:
            storage: The address of the database that the search was given; None for the file in the run's folder, which is opened
                read-only.

        Raises:
            RunError: The database cannot be read.
        """
        place = Database.of_file(self.run / "study.db", STUDY) if storage is None else Database(storage, self.run.name)
        url = place.url
        if place.file is not None:  # a file that is not there is not made
            url = URL.create("sqlite", database=f"file:{quote(str(place.file.resolve()))}", query={"mode": "ro", "uri": "true"})
        try:
            return optuna.load_study(study_name=place.study, storage=url.render_as_string(hide_password=False))
        except KeyError:
            raise RunError(f"the database {place} cannot be read: it holds no study {place.study!r}") from None
        except (SQLAlchemyError, ImportError, RuntimeError, optuna.exceptions.StorageInternalError) as error:
            raise RunError(f"the database {place} cannot be read: {masked(str(error).splitlines()[0])}") from error

    def report(self, path: str | os.PathLike[str] | None = None, *, seconds: float = inf) -> Path:
        """Write the report of the run: one page of HTML that works offline.

        Args:
            path: The file; `report.html` in the run's folder if not given.
            seconds: How long pictures of architectures are drawn, those of the best first; the page leaves out the others.

        Returns:
            The file.

        Raises:
            RunError: The file cannot be written.
        """
        from einspace.result.report.album import Album
        from einspace.result.report.page import page

        file = self.run / REPORT if path is None else Path(path)
        try:
            with making_sense(self.run.name):
                text = page(self, Album(tuple(self.settings["input"]), seconds))
            write_text(file, text)
        except OSError as error:
            raise RunError(f"the report {file} cannot be written: {error.strerror}") from None
        return file

    def _repr_html_(self) -> str:
        """The HTML of a notebook: the network of the best."""
        from einspace.pictures import network_html, tree_html

        facts = f"Run {self.run.name}: {counted(len(self.history), 'trial')}"
        if self.best is None:
            return f"<p>{escape(facts)}, and none has a best architecture</p>"
        if self.best.validation is not None:
            facts += f"; {self.metric} of {self.best.name}: {decimal(self.best.validation)}{self.on_split}"
        try:
            return network_html(self.best.architecture, facts)
        except NotationError:  # of another grammar
            return tree_html(self.best.text, facts=facts)

    def to_json(self, top: int = TOP) -> dict[str, Any]:
        """The report of `search --json`."""
        return as_json(self, top)
