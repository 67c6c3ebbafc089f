"""One process of a distributed training step: python -m tests.networks.ddp_sample NAME RANK WORLD STORE RESULT."""

import sys

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from einspace import baselines
from einspace.networks import Classification, build

SHAPE, BATCH = (3, 16, 16), 4


def step(network: torch.nn.Module, x: torch.Tensor) -> None:
    """Forward and backward pass of a mean over the batch."""
    network(x).square().mean().backward()


def main(name: str, rank: int, world: int, store: str, result: str) -> None:
    """Train on this process's share of the batch, and leave the gradients of rank 0 in a file."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    torch.manual_seed(rank)  # DDP has to hand the weights of rank 0 to all
    network = build(baselines.get(name, SHAPE), Classification(10)).eval()
    x = torch.randn(BATCH, *SHAPE, generator=torch.Generator().manual_seed(0))
    step(DistributedDataParallel(network), x.chunk(world)[rank])
    if rank == 0:
        torch.save({key: weight.grad for key, weight in network.named_parameters()}, result)
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
