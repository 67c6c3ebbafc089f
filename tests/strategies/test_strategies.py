"""Facts about strategies, on the real space with small limits."""

from random import Random
from typing import Any

import pytest

from einspace import strategies
from einspace.errors import MutationError, NetworkError, NotationError, SettingError, ShapeError, UnknownNameError
from einspace.features import Feature
from einspace.limits import Limits
from einspace.space import Architecture, EinSpace
from einspace.strategies import Individual, Mutation, RegularisedEvolution, parse_initial

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=60, parameters=2_000_000))


def individual(number: int, fitness: float = 0.0, text: str = "[relu norm]") -> Individual:
    return Individual(number, text, f"key{number}", fitness)


def numbers(members: list[Individual]) -> list[int]:
    return [member.number for member in members]


def _small(name: str) -> dict[str, Any]:
    """A population that a short history fills, where the strategy has one."""
    return {option: value for option, value in {"population": 4, "tournament": 2}.items() if option in strategies.options(name)}


@pytest.mark.parametrize("name", strategies.names())
def test_a_proposal_is_a_pure_function(name: str) -> None:
    """The same number, history and seed give the same proposal, of the same strategy and of another one made alike."""
    history = [individual(number, number / 10, str(SPACE.sample(Random(number)))) for number in range(8)]
    one, other = (strategies.get(name, SPACE, **_small(name)) for _ in range(2))
    first = one.propose(8, history, Random("0:8"))
    one.propose(9, history, Random("0:9"))
    assert one.propose(8, history, Random("0:8")) == first == other.propose(8, history, Random("0:8"))
    assert SPACE.parse(first.text).key == first.key
    assert SPACE.parse(first.text).parameters == first.parameters


def test_random_strategies_do_not_look_at_the_past() -> None:
    """Sampling and search draw the same fresh samples, whatever has happened before."""
    sampling, search = strategies.get("sampling", SPACE), strategies.get("random", SPACE)
    assert sampling.propose(3, [], Random(5)) == search.propose(3, [individual(0)], Random(5))
    assert search.propose(3, [], Random(5)).text == str(SPACE.sample(Random(5)))


def test_each_initial_member_is_proposed_once() -> None:
    """The first trials are the initial members in their order, even while none of them has ended."""
    evolution = strategies.get("evolution", SPACE, ("resnet8", "random", "random", "vit-tiny"))
    proposed = [evolution.propose(number, [], Random(f"0:{number}")) for number in range(4)]
    assert [proposal.origin for proposal in proposed] == ["seed resnet8", "seed random", "seed random", "seed vit-tiny"]
    assert len({proposal.key for proposal in proposed}) == 4


def test_a_mutant_descends_from_the_winner_of_the_tournament() -> None:
    """With a tournament as large as the population, the fittest is the parent, and its mutant is another architecture."""
    evolution = RegularisedEvolution(SPACE, population=5, tournament=5)
    texts = [str(SPACE.sample(Random(number))) for number in range(5)]
    history = [individual(number, fitness, texts[number]) for number, fitness in enumerate([0.1, 0.9, 0.3, 0.2, 0.5])]
    child = evolution.propose(5, history, Random(0))
    assert (child.origin, child.parents) == ("mutation", (1,))
    assert child.key != SPACE.parse(texts[1]).key


def test_from_scratch_the_population_is_filled_with_samples() -> None:
    """Without initial members there are no mutants before `population` trials ended well; failed ones do not count."""
    evolution = RegularisedEvolution(SPACE, population=3, tournament=1)
    history = [individual(2), individual(5)]
    assert evolution.propose(9, history, Random(0)).origin == "sample"
    assert evolution.propose(9, [*history, individual(8)], Random(0)).origin == "mutation"


def test_where_all_failed_a_sample_is_proposed() -> None:
    """Seeds that all failed leave nobody to mutate: the search goes on with a sample."""
    evolution = RegularisedEvolution(SPACE, initial=("resnet8",))
    assert evolution.propose(1, [], Random(0)).origin == "sample"


def test_seeds_fill_the_population_and_age_out() -> None:
    """Seeds are cycled over the places; each child takes the oldest place, and after `population` children no seed is left."""
    evolution = RegularisedEvolution(SPACE, population=5, initial=("random",) * 3)
    seeds = [individual(0), individual(2)]
    assert numbers(evolution.members(seeds)) == [0, 2, 0, 2, 0]
    assert numbers(evolution.members([*seeds, individual(3)])) == [2, 0, 2, 0, 3]
    assert numbers(evolution.members([*seeds, *map(individual, range(3, 8))])) == [3, 4, 5, 6, 7]
    assert numbers(evolution.members([*seeds, *map(individual, range(3, 9))])) == [4, 5, 6, 7, 8]


def test_the_fittest_dies_of_age_only_in_regularised_evolution() -> None:
    """An old winner leaves the population of regularised evolution and stays in that of plain mutation."""
    history = [individual(0, 1.0), *(individual(number, number / 100) for number in range(1, 6))]
    assert 0 not in numbers(RegularisedEvolution(SPACE, population=3).members(history))
    assert numbers(Mutation(SPACE, population=3).members(history)) == [0, 4, 5]


def test_a_parent_without_mutants_does_not_end_the_search() -> None:
    """Where mutation finds no child, a sample is proposed."""

    class Barren(EinSpace):
        def mutate(self, architecture: Architecture, rng: Random, report: object = None) -> Architecture:
            raise MutationError("none")

    evolution = RegularisedEvolution(Barren((1, 8, 8)), population=1, tournament=1)
    assert evolution.propose(1, [individual(0)], Random(0)).origin == "sample"


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
    proposal = evolution.propose(0, [], Random(0))
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
    with pytest.raises(NetworkError):
        strategies.get("evolution", EinSpace((24, 24)), ("resnet8",))
