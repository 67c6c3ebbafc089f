"""The pictures that are kept: figure 3's block and the four baselines. `python -m tests.pictures.golden` draws them anew, to be looked at."""

from pathlib import Path

from tests.architectures import CONVOLUTION_WITH_SKIP

from einspace import Architecture, EinSpace, baselines
from einspace.pictures import network_svg, tree_svg

FOLDER = Path(__file__).parent / "golden"
BASELINES = ("resnet18", "wrn16-4", "vit", "mlp-mixer")


def block() -> Architecture:
    """The convolutional block with a skip connection of figure 3."""
    return EinSpace((3, 32, 32)).parse(CONVOLUTION_WITH_SKIP)


def pictures() -> dict[str, str]:
    """Every picture by its file's name."""
    drawn = {"block.svg": network_svg(block(), "operations"), "block-tree.svg": tree_svg(block())}
    return drawn | {f"{name}.svg": network_svg(baselines.get(name, (3, 64, 64))) for name in BASELINES}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / name).write_text(picture, encoding="utf-8")
