"""One process of a distributed training step."""

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from einspace import baselines
from einspace.networks import Classification, build

SHAPE, BATCH = (3, 16, 16), 4

NAMES = ("resnet8", "vit-tiny")


def step(network: torch.nn.Module, x: torch.Tensor) -> None:
    """Forward and backward pass of a mean over the batch."""
    network(x).square().mean().backward()


def train(rank: int, world: int, store: str, result: str) -> None:
    """Train each network on this process's share of the batch, and leave the gradients of rank 0 in a file."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    x = torch.randn(BATCH, *SHAPE, generator=torch.Generator().manual_seed(0))
    gradients = {}
    for name in NAMES:
        torch.manual_seed(rank)  # DDP has to hand the weights of rank 0 to all
        network = build(baselines.get(name, SHAPE), Classification(10)).eval()
        step(DistributedDataParallel(network), x.chunk(world)[rank])
        gradients[name] = {key: weight.grad for key, weight in network.named_parameters()}
    if rank == 0:
        torch.save(gradients, result)
    distributed.barrier()
    distributed.destroy_process_group()
