"""Facts about strategies, on the real space with small limits."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from einspace import strategies
from einspace.errors import GrammarError, MutationError, NetworkError, NotationError, SettingError, ShapeError, UnknownNameError
from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome
from einspace.features import Feature
from einspace.limits import Limits
from einspace.space import Architecture, EinSpace
from einspace.strategies import Mutation, RandomSampling, RandomSearch, RegularisedEvolution, Strategy, parse_initial
from einspace.trial import Costs, Proposal, Trial

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=60, parameters=2_000_000))


def trial(number: int, fitness: float | None = 0.0, text: str = "[relu norm]", outcome: Outcome = Outcome.OK) -> Trial:
    """A trial that has ended, with the key of its number."""
    proposal = Proposal(text, f"key{number}", Costs(0), "sample")
    return Trial(number, proposal).end(Evaluation(outcome, fitness), 1.0, 0.0)


def running(number: int) -> Trial:
    """A trial that has not ended."""
    return replace(trial(number), evaluation=None, fitness=None, ended=None)


def proposed(strategy: Strategy, history: Sequence[Trial], rng: Random) -> Proposal:
    """A proposal where the strategy must not wait."""
    found = strategy.propose(history, rng)
    assert found is not None
    return found


def numbers(members: Sequence[Trial]) -> list[int]:
    return [member.number for member in members]


def _small(name: str) -> dict[str, Any]:
    """A population that a short history fills, where the strategy has one."""
    return {option: value for option, value in {"population": 4, "tournament": 2}.items() if option in strategies.options(name)}


@pytest.mark.parametrize("name", strategies.names())
def test_a_proposal_is_a_pure_function(name: str) -> None:
    """The same history and seed give the same proposal, of the same strategy and of another one made alike."""
    history = [trial(number, number / 10, str(SPACE.sample(Random(number)))) for number in range(8)]
    one, other = (strategies.get(name, SPACE, **_small(name)) for _ in range(2))
    first = proposed(one, history, Random("0:8"))
    one.propose(history[:7], Random("0:7"))
    assert one.propose(history, Random("0:8")) == first == other.propose(history, Random("0:8"))
    architecture = SPACE.parse(first.text)
    figures = (architecture.parameters, architecture.flops, architecture.activation_bytes, architecture.terminals)
    assert (architecture.key, Costs(*figures)) == (first.key, first.costs)


def test_random_strategies_do_not_look_at_the_past() -> None:
    """Sampling and search draw the same fresh samples, whatever has happened before."""
    sampling, search = strategies.get("sampling", SPACE), strategies.get("random", SPACE)
    assert sampling.propose([running(0)], Random(5)) == search.propose([trial(0)], Random(5))
    assert proposed(search, [], Random(5)).text == str(SPACE.sample(Random(5)))


def test_only_the_paper_s_sampling_is_scored_on_test() -> None:
    """The strategies whose trials are final trainings, and whose best is therefore never selected, are exactly `sampling`."""
    assert [name for name in strategies.names() if strategies.class_of(name).final] == ["sampling"]
    assert (strategies.class_of("sampling"), strategies.class_of("validation-sampling")) == (RandomSampling, RandomSearch)


def test_each_initial_member_is_proposed_once() -> None:
    """The first trials are the initial members in their order, even while none of them has ended."""
    evolution = strategies.get("evolution", SPACE, ("resnet8", "random", "random", "vit-tiny"))
    found = [proposed(evolution, [running(n) for n in range(number)], Random(f"0:{number}")) for number in range(4)]
    assert [proposal.origin for proposal in found] == ["seed resnet8", "seed random", "seed random", "seed vit-tiny"]
    assert len({proposal.key for proposal in found}) == 4


@pytest.mark.parametrize("name", ["evolution", "mutation", "pareto"])
def test_a_search_waits_for_the_first_seed(name: str) -> None:
    """While a seed runs and none has ended well, nothing is proposed; then its mutants are, and a sample only where all seeds failed."""
    strategy = strategies.get(name, SPACE, ("random",) * 3)
    failed = trial(0, None, outcome=Outcome.NAN)
    for waiting in (
        [running(0), running(1), running(2)],
        [failed, running(1), running(2)],
        [failed, running(1), trial(2, None, outcome=Outcome.ERROR)],
    ):
        assert all(strategy.propose(waiting, Random(seed)) is None for seed in range(5))
    ready = [failed, running(1), trial(2, 0.5)]
    child = proposed(strategy, ready, Random(0))
    assert (child.origin, child.parents) == ("mutation", (2,))
    assert proposed(strategy, [*ready, running(3)], Random(0)).parents == (2,)
    lost = [trial(number, None, outcome=Outcome.NAN) for number in range(3)]
    assert proposed(strategy, lost, Random(0)).origin == "sample"
    assert proposed(strategy, [*lost, running(3)], Random(0)).origin == "sample"


@pytest.mark.parametrize("name", ["evolution", "mutation", "pareto"])
def test_without_a_scored_seed_a_search_is_one_from_scratch(name: str) -> None:
    """Where no seed ended well, samples fill the population before any of them is mutated: one alone would be everything's ancestor."""
    strategy = strategies.get(name, SPACE, ("resnet8",), population=3, tournament=3)
    lost = trial(0, None, outcome=Outcome.TIMEOUT)
    texts = [str(SPACE.sample(Random(number))) for number in range(4)]
    scored = [trial(number, number / 10, texts[number]) for number in range(1, 4)]
    failed = [trial(number, None, outcome=Outcome.NAN) for number in range(1, 4)]
    for history in ([lost], [lost, scored[0]], [lost, scored[0], failed[1], scored[2]]):
        found = [proposed(strategy, history, Random(seed)) for seed in range(5)]
        assert {(proposal.origin, proposal.parents) for proposal in found} == {("sample", ())}
    assert proposed(strategy, [lost, *scored], Random(0)).parents == (3,)


def test_a_mutant_descends_from_the_winner_of_the_tournament() -> None:
    """With a tournament as large as the population, the fittest is the parent; its mutant differs from it at the place that is named."""
    evolution = RegularisedEvolution(SPACE, population=5, tournament=5)
    texts = [str(SPACE.sample(Random(number))) for number in range(5)]
    history = [trial(number, fitness, texts[number]) for number, fitness in enumerate([0.1, 0.9, 0.3, 0.2, 0.5])]
    child = proposed(evolution, history, Random(0))
    assert (child.origin, child.parents) == ("mutation", (1,))
    old, new = SPACE.parse(texts[1]), SPACE.parse(child.text)
    assert child.key != old.key
    assert child.place is not None
    assert old.node.replace(child.place, new.node.at(child.place)) == new.node


def test_crossover_is_as_frequent_as_it_was_asked_for() -> None:
    """With probability 1 every child has two parents, with probability 0 none has; a second one that is the first is drawn again."""
    history = [trial(number, number / 10, str(SPACE.sample(Random(number)))) for number in range(6)]
    found: dict[float, list[Proposal]] = {}
    for probability in (0.0, 0.5, 1.0):
        evolution = RegularisedEvolution(SPACE, population=6, tournament=1, crossover=probability)
        found[probability] = [proposed(evolution, history, Random(seed)) for seed in range(30)]
    assert {(child.origin, len(child.parents)) for child in found[0.0]} == {("mutation", 1)}
    assert {(child.origin, len(child.parents)) for child in found[0.5]} == {("mutation", 1), ("crossover", 2)}
    for seed, child in enumerate(found[1.0]):
        rng = Random(seed)
        (first,), _, (second,) = rng.sample(range(6), 1), rng.random(), rng.sample(range(6), 1)
        assert child.parents[0] == first
        assert child.parents[1:] != (first,)
        assert len(child.parents) == 2
        assert first == second or child.parents[1] == second
    with pytest.raises(SettingError, match=r"crossover must be a probability from 0 to 1, not 1\.5"):
        strategies.get("evolution", SPACE, crossover=1.5)
    with pytest.raises(SettingError, match="the strategy random takes no crossover"):
        strategies.get("random", SPACE, crossover=0.5)


@pytest.mark.parametrize("name", ["evolution", "mutation", "pareto"])
def test_a_crossover_says_which_part_of_the_first_parent_was_replaced(name: str) -> None:
    """Outside of the place that is named the child is its first parent, and there it has a part of its second of the same symbol."""
    texts = [str(SPACE.sample(Random(number))) for number in range(6)]
    history = [trial(number, number / 10, text) for number, text in enumerate(texts)]
    for seed in range(20):
        child = proposed(strategies.get(name, SPACE, population=6, tournament=2, crossover=1.0), history, Random(seed))
        assert (child.origin, child.place is None) == ("crossover", False)
        first, second = (SPACE.parse(texts[parent]).node for parent in child.parents)
        old, new = first.at(child.place or ()), SPACE.parse(child.text).node.at(child.place or ())
        assert first.replace(child.place or (), new) == SPACE.parse(child.text).node
        assert old.symbol == new.symbol
        assert new in set(second.walk())


@pytest.mark.parametrize("second", ["[relu relu]", "[norm relu]"])
def test_where_two_parents_give_no_new_child_the_first_is_mutated(second: str) -> None:
    """Parents that are alike, or whose every child is one of both: the search goes on from the first, in place of a fresh sample."""
    texts = ("[relu relu]", second)
    history = [replace(trial(number, 0.5, text), proposal=Proposal.of(SPACE.parse(text), "sample")) for number, text in enumerate(texts)]
    evolution = RegularisedEvolution(SPACE, population=2, tournament=1, crossover=1.0)
    children = [proposed(evolution, history, Random(seed)) for seed in range(8)]
    mutants = [child for child in children if child.origin == "mutation"]
    assert {child.origin for child in children} <= {"mutation", "crossover"}
    assert len(mutants) == 8 if second == texts[0] else mutants
    assert all(len(child.parents) == 1 for child in mutants)


def test_from_scratch_the_population_is_filled_with_samples() -> None:
    """Without initial members there are no mutants before `population` trials ended well; failed and running ones do not count."""
    evolution = RegularisedEvolution(SPACE, population=3, tournament=1)
    history = [trial(0, None, outcome=Outcome.NAN), trial(1), running(2), trial(3)]
    assert proposed(evolution, history, Random(0)).origin == "sample"
    assert proposed(evolution, [*history, trial(4)], Random(0)).origin == "mutation"


def test_seeds_fill_the_population_and_age_out() -> None:
    """Seeds are cycled over the places; each child takes the oldest place, and after `population` children no seed is left."""
    evolution = RegularisedEvolution(SPACE, population=5, initial=("random",) * 3)
    seeds = [trial(0), trial(1, None, outcome=Outcome.NAN), trial(2)]
    assert numbers(evolution.members(seeds)) == [0, 2, 0, 2, 0]
    assert numbers(evolution.members([*seeds, trial(3)])) == [2, 0, 2, 0, 3]
    assert numbers(evolution.members([*seeds, trial(3), running(4), trial(5)])) == [0, 2, 0, 3, 5]
    assert numbers(evolution.members([*seeds, *map(trial, range(3, 8))])) == [3, 4, 5, 6, 7]
    assert numbers(evolution.members([*seeds, *map(trial, range(3, 9))])) == [4, 5, 6, 7, 8]


def test_more_seeds_than_places_leave_the_youngest() -> None:
    """A seed that was trained last is a member like a child that was: it would be trained for nothing else."""
    evolution = RegularisedEvolution(SPACE, population=3, initial=("random",) * 5)
    seeds = [trial(i) for i in range(5)]
    assert numbers(evolution.members(seeds)) == [2, 3, 4]
    assert numbers(evolution.members([*seeds, trial(5)])) == [3, 4, 5]


def test_a_tournament_is_drawn_without_replacement() -> None:
    """A tournament as large as the population holds each place once, so that its winner is always the fittest."""
    evolution = RegularisedEvolution(SPACE, population=6, tournament=6, initial=("random",) * 3)
    history = [trial(0, 0.1), trial(1, 0.3), trial(2, 0.2)]
    assert {proposed(evolution, history, Random(seed)).parents for seed in range(20)} == {(1,)}


def test_a_tournament_is_among_equals() -> None:
    """Trials that inherited weights compete with each other, as many as in any tournament, and the others do; either may be drawn."""
    begun = Evaluation(Outcome.OK, 0.5, extra={INHERITED: 0.9})
    heirs = [
        replace(trial(number, number / 10), proposal=replace(trial(number).proposal, inherits=0), evaluation=begun)
        for number in range(4, 7)
    ]
    members = [*(trial(number, 0.9 - number / 10) for number in range(4)), *heirs]
    strategy = strategies.get("evolution", SPACE, population=7, tournament=3)
    assert isinstance(strategy, RegularisedEvolution)
    drawn = [strategy._parent(members, Random(seed)) for seed in range(40)]
    assert {parent.number for parent in drawn if parent.inherited} == {6}
    assert {parent.number for parent in drawn if not parent.inherited} == {0, 1}
    alike = [trial(number, number / 10) for number in range(7)]
    plain = [max(Random(seed).sample(alike, 3), key=lambda member: member.fitness or 0.0) for seed in range(40)]
    assert [strategy._parent(alike, Random(seed)) for seed in range(40)] == plain


def test_the_fittest_dies_of_age_only_in_regularised_evolution() -> None:
    """An old winner leaves the population of regularised evolution and stays in that of plain mutation."""
    history = [trial(0, 1.0), *(trial(number, number / 100) for number in range(1, 6))]
    assert 0 not in numbers(RegularisedEvolution(SPACE, population=3).members(history))
    assert numbers(Mutation(SPACE, population=3).members(history)) == [0, 4, 5]


def test_the_elite_stays_beside_the_youngest() -> None:
    """The best trials are members however old they are, once each; of equals the older one; those that are young anyway are not others."""
    history = [trial(0, 1.0), trial(1, 0.5), trial(2, None, outcome=Outcome.NAN), *(trial(n, n / 100) for n in range(3, 7)), trial(7, 0.5)]
    evolution = RegularisedEvolution(SPACE, population=3, elite=2)
    assert numbers(evolution.members(history)) == [0, 1, 5, 6, 7]
    assert numbers(RegularisedEvolution(SPACE, population=3, elite=3).members(history)) == [0, 1, 5, 6, 7]
    seeded = RegularisedEvolution(SPACE, population=4, tournament=5, elite=1, initial=("random",) * 2)
    children = [trial(0, 0.9), trial(1, 0.1), *(trial(n, 0.2) for n in range(2, 30))]
    assert numbers(seeded.members(children[:2])) == [0, 1, 0, 1]
    assert numbers(seeded.members(children)) == [0, 26, 27, 28, 29]
    assert proposed(seeded, children, Random(0)).parents == (0,)
    for wrong in (-1, 1.5, True):
        with pytest.raises(SettingError, match="elite must be a whole number of at least 0"):
            RegularisedEvolution(SPACE, elite=wrong)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="the strategy mutation takes no elite"):
        strategies.get("mutation", SPACE, elite=1)


def test_a_parent_without_mutants_does_not_end_the_search() -> None:
    """Where mutation finds no child, a sample is proposed."""

    class Barren(EinSpace):
        def mutate(self, architecture: Architecture, rng: Random, report: object = None) -> Architecture:
            raise MutationError("none")

    evolution = RegularisedEvolution(Barren((1, 8, 8)), population=1, tournament=1)
    assert proposed(evolution, [trial(0)], Random(0)).origin == "sample"


def test_initial_members_that_cannot_be_are_refused() -> None:
    """A name nobody knows is answered with the nearest one; counts and empty parts that make no sense are named."""
    with pytest.raises(UnknownNameError, match="did you mean resnet8"):
        parse_initial("resnet9")
    for text in ("resnet8*2", "random*0", "resnet8,,random", "random*", "*3", "random*2*3"):
        with pytest.raises(SettingError):
            parse_initial(text)
    assert parse_initial("") == parse_initial([]) == ()
    assert parse_initial(["random*2", "vit"]) == ("random", "random", "vit")


def test_architectures_of_one_s_own_are_initial_members() -> None:
    """An architecture or its text, alone or among names; commas in brackets part nothing, and another input is refused."""
    text = "[[im2col(k=3,s=1,p=1) linear(d=10) col2im] relu]"
    architecture = SPACE.parse(text)
    wanted = (text, "random", "random", "resnet8")
    assert parse_initial(f"{text}, random*2,resnet8") == parse_initial([architecture, "random*2", text, "resnet8"], SPACE.input) == wanted
    assert parse_initial(architecture) == parse_initial(text) == (text,)
    evolution = RegularisedEvolution(SPACE, initial=wanted)
    proposal = proposed(evolution, [], Random(0))
    assert (proposal.text, proposal.key, proposal.origin) == (text, architecture.key, "seed text 0")
    with pytest.raises(SettingError, match=r"takes \(1, 8, 8\), but the task's input is \(3, 8, 8\)"):
        parse_initial([architecture], Feature((3, 8, 8)))
    with pytest.raises(ShapeError):
        RegularisedEvolution(EinSpace((24, 24)), initial=(text,))
    with pytest.raises(NotationError):
        RegularisedEvolution(SPACE, initial=parse_initial("[relu"))


def test_settings_that_make_no_sense_are_refused() -> None:
    """Strategies are built with what they can use, or not at all."""
    with pytest.raises(UnknownNameError, match="did you mean evolution"):
        strategies.get("evolutoin", SPACE)
    with pytest.raises(SettingError, match="population"):
        strategies.get("evolution", SPACE, population=0)
    with pytest.raises(SettingError, match="no initial members"):
        strategies.get("random", SPACE, ("resnet8",))
    with pytest.raises(NetworkError, match="takes images"):
        strategies.get("evolution", EinSpace((24, 24)), ("wrn16-4",))
    with pytest.raises(GrammarError, match="not an architecture of this grammar: unknown operation 'window'"):
        strategies.get("evolution", EinSpace((24, 24)), ("resnet8",))


OWN = """from einspace import EinSpace, Proposal, Strategy


class Latest(Strategy):
    def __init__(self, space: EinSpace, population: int = 3) -> None:
        self.space = space
        self.population = population

    def propose(self, history, rng):
        return Proposal.of(self.space.sample(rng), f"sample {len(history)}")


class Plain:
    pass
"""


def test_a_strategy_of_the_current_folder_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`module:Class` names a class of any module that can be imported, and its parameters are its options."""
    (tmp_path / "loaded_strategies.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")  # restores the path afterwards
    strategy = strategies.get("loaded_strategies:Latest", SPACE, population=5)
    assert (strategies.options("loaded_strategies:Latest"), getattr(strategy, "population", None)) == (("population",), 5)
    assert proposed(strategy, [running(0)], Random(1)) == Proposal.of(SPACE.sample(Random(1)), "sample 1")
    with pytest.raises(SettingError, match="the strategy loaded_strategies:Latest takes no cost"):
        strategies.get("loaded_strategies:Latest", SPACE, cost="flops")
    with pytest.raises(SettingError, match="has no initial members, but got resnet8"):
        strategies.get("loaded_strategies:Latest", SPACE, ("resnet8",))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("loaded_strategies:Oldest", "the strategy loaded_strategies:Oldest cannot be imported: .*Oldest"),
        ("loaded_strategies:Plain", "the strategy loaded_strategies:Plain must be a subclass of einspace.Strategy, not .*Plain"),
        ("no_such_strategies:Any", "the strategy no_such_strategies:Any cannot be imported: .*no_such_strategies"),
        ("loaded_strategies:", "unknown strategy"),
        (":Latest", "unknown strategy"),
    ],
)
def test_a_strategy_that_cannot_be_loaded_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    """A module or class that there is not, and a class that is not a strategy, are named."""
    (tmp_path / "loaded_strategies.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    with pytest.raises((SettingError, UnknownNameError), match=message) as raised:
        strategies.get(name, SPACE)
    assert "\n" not in str(raised.value)
