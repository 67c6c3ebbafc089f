"""Passes: a graph becomes one that computes the same with the same weights, only faster, by operations that no grammar derives."""

from einspace.passes.attention import Attention, fuse_attention
from einspace.passes.attention_heads import AttentionHeads, pack_heads
from einspace.passes.batching import Batched, batch_branches
from einspace.passes.fusion import Convolution, fuse_convolutions, relu_before_pixels
from einspace.passes.inplace import ReluInPlace, relu_in_place
from einspace.passes.optimize import OPTIONAL, PASSES, optimize, share_clones

__all__ = [
    "OPTIONAL",
    "PASSES",
    "Attention",
    "AttentionHeads",
    "Batched",
    "Convolution",
    "ReluInPlace",
    "batch_branches",
    "fuse_attention",
    "fuse_convolutions",
    "optimize",
    "pack_heads",
    "relu_before_pixels",
    "relu_in_place",
    "share_clones",
]
