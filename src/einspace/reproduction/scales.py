"""The scales: how much of the paper's protocol a call repeats."""

from einspace.config.protocol import PAPER
from einspace.reproduction.described import Scale

SMALL_NETWORKS = {"resnet18": "resnet8", "wrn16-4": "resnet14-flat", "vit": "vit-tiny", "mlp-mixer": "mixer-tiny"}
"""The small baseline of each kind of network of the paper."""

SCALES: dict[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale(
            name="smoke",
            description="shows in minutes that everything runs: digits in place of the paper's data, a few trials of one epoch",
            epochs=0.01,
            settings={"protocol": PAPER, "limits.operations": 200, "keep_weights": "none", "report": False},
            networks=SMALL_NETWORKS,
            multiple=1.0,
            stand_ins={"addnist": "adddigits", "multnist": "multdigits", "cifar100": "digits"},
        ),
        Scale(
            name="small",
            description="the paper's data with small networks, a tenth of the trials and a quarter of the epochs",
            epochs=0.25,
            settings={"protocol": PAPER, "limits.operations": 500},
            networks=SMALL_NETWORKS,
            multiple=2.0,
        ),
        Scale(
            name="paper",
            description="the paper's data, networks, trials and epochs; the decisions in docs say where something is otherwise",
            epochs=1.0,
            settings={"protocol": PAPER},
        ),
    )
}
"""Every scale by its name, the smallest first."""
