"""Folding: equal blocks in a row are drawn once, with their number."""

from typing import NamedTuple

from einspace.pictures.structure import Chain, Fork, Item, Items, Repeat, first_inputs, last_outputs, size

LONGEST = 64
"""Items of the longest block whose repetition is looked for."""

WORTH = 3
"""Boxes that a fold must save."""


class _Found(NamedTuple):
    """A repetition: the boxes that it saves, the items of its block, and the number of copies."""

    saved: int
    length: int
    times: int


def folded(chain: Chain, items: Items) -> Chain:
    """The chain with a `Repeat` in place of equal blocks in a row, within branches too.

    A repeat is only made of blocks that give the shape they read: then all of its copies have the same shapes everywhere. Of several
    possible ones that start at an item, the one that saves the most boxes is taken, and the shortest of equal ones.
    """
    return _row(tuple(_within(item, items) for item in chain), items)


def _within(item: Item, items: Items) -> Item:
    if isinstance(item, Fork):
        return items.fork(item.branching, [(count, folded(branch, items)) for count, branch in item.branches], item.aggregation)
    return items.repeat(item.count, folded(item.items, items)) if isinstance(item, Repeat) else item


def _row(chain: Chain, items: Items) -> Chain:
    sizes = [size((item,)) for item in chain]
    done: list[Item] = []
    place = 0
    while place < len(chain):
        best, following = _best(chain, sizes, place), _best(chain, sizes, place + 1)
        # A block that starts one item later and is as long is the same block turned round: the last of these is whole at its end.
        turned = following.length == best.length and following.saved >= best.saved
        if best.saved >= WORTH and not turned:
            done.append(items.repeat(best.times, _row(chain[place : place + best.length], items)))
            place += best.times * best.length
        else:
            done.append(chain[place])
            place += 1
    return tuple(done)


def _best(chain: Chain, sizes: list[int], place: int) -> _Found:
    best = _Found(0, 0, 1)
    for length in range(1, min(LONGEST, (len(chain) - place) // 2) + 1):
        if chain[place] is not chain[place + length] or first_inputs(chain[place]) != last_outputs(chain[place + length - 1]):
            continue
        count = _repeats(chain, place, length)
        found = _Found((count - 1) * sum(sizes[place : place + length]), length, count)
        best = max(best, found, key=lambda repetition: repetition.saved)
    return best


def _repeats(chain: Chain, place: int, length: int) -> int:
    """The number of consecutive copies of the items from a place on."""
    end = place + length
    while end < len(chain) and chain[end] is chain[end - length]:
        end += 1
    return (end - place) // length
