"""A program that proposes architectures: it climbs from the best trial by one mutation each.

    einspace search adddigits --budget 5m --proposer "python examples/proposer.py"

It reads JSON lines and writes architectures, one a line; a program with a language model behind it would do the same. The search parses
what it writes, refuses what does not fit and says why, and trains the rest.
"""

import json
import random
import sys

import einspace as es


def main() -> None:
    """Answer each question until there are no more."""
    rng = random.Random(0)
    space, best = es.EinSpace((3, 32, 32)), (float("-inf"), "")
    for line in sys.stdin:
        ((key, value),) = json.loads(line).items()
        if key == "search":
            space = es.EinSpace(value["input"], grammar=value["grammar"], limits=es.Limits(**value["limits"]))
            best = (float("-inf"), value["baselines"].get("resnet8") or str(space.sample(rng)))
        elif key == "trial" and value["fitness"] is not None:
            best = max(best, (value["fitness"], value["text"]))
        elif key == "refused":
            print(f"refused: {value['error']}", file=sys.stderr)
        elif key == "ask":
            print(best[1] if value == 0 else space.mutate(space.parse(best[1]), rng), flush=True)


if __name__ == "__main__":
    main()
