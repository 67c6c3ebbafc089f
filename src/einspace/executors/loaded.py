"""What the server of worker processes has in memory: see `einspace.forkserver`.

Optimisers import torch._dynamo at their first step: 1.5 seconds, once in the server instead of once in each worker. With CUDA it stays out
of the server: anything in there that so much as counts the devices would keep CUDA from starting in the workers.
"""

import torch

import einspace.evaluation.attempt
import einspace.executors.worker  # noqa: F401

if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
    import torch._dynamo
