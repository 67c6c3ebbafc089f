"""Your own images: a folder for each class becomes a task, and a search finds a network for it.

    python examples/own_images.py [--trials 5] [--epochs 4] [--folder bars]

It draws 160 small pictures of bars that lie or stand, which stand for yours, and asks the predictor about one of them. It needs the extra
`images`.
"""

import argparse
import random
from pathlib import Path

from PIL import Image, ImageDraw

import einspace as es


def draw(folder: Path) -> None:
    """Write pictures as people have them: `folder/lying/0.png`, `folder/standing/0.png` and so on."""
    rng = random.Random(0)
    for name in ("lying", "standing"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(80):
            picture = Image.new("RGB", (16, 16), tuple(rng.randint(0, 80) for _ in range(3)))
            width, height = (9, 3) if name == "lying" else (3, 9)
            left, top = rng.randint(0, 15 - width), rng.randint(0, 15 - height)
            colour = tuple(rng.randint(120, 255) for _ in range(3))
            ImageDraw.Draw(picture).rectangle((left, top, left + width, top + height), fill=colour)
            picture.save(folder / name / f"{number}.png")


def main() -> None:
    """Draw, read, search, predict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=Path("bars"))
    options = parser.parse_args()
    draw(options.folder)

    task = es.Task.from_folder(options.folder, baselines=["resnet8"])
    print(task.summary())
    recipe = {"epochs_search": options.epochs, "epochs_final": 2 * options.epochs}
    result = es.search(task, trials=options.trials, workers=1, recipe=recipe, run="own-images")
    taken = result.recommended
    assert taken is not None
    print(f"{taken.name} has an {result.metric} of {taken.test:.3f} on test; the report is {result.report()}")
    (label,) = result.predictor().predict(options.folder / "lying" / "0.png")
    print(f"the first bar is taken for one that is {label}")


if __name__ == "__main__":
    main()
