"""Building blocks of the baselines: modules of the grammar, and the patches or tokens of an input. All linear layers have a bias.

Legend: C channels, H W height and width, S tokens, D features of a token.
"""

from einspace.derivation.build import branch, compute, route, sequence
from einspace.derivation.tree import Derivation
from einspace.features import Feature
from einspace.operations import Add, Clone, Col2im, Concat, Identity, Im2col, Linear, Matmul, Norm, Permute, PosEnc, Relu, Softmax
from einspace.operations.branching import sampled_branches
from einspace.operations.sequences import BatchNorm, Window

IDENTITY = compute(Identity())
NORM = compute(Norm())
RELU = compute(Relu())
POSITIONS = compute(PosEnc())
TRANSPOSE = Permute((2, 1))


def linear(width: int) -> Derivation:
    """(..., D) -> (..., width)."""
    return compute(Linear(width))


def conv(width: int, kernel: int = 3, stride: int = 1, series: bool = False) -> Derivation:
    """A convolution as A.3 writes it, padded by half the kernel: (C, H, W) -> (width, ceil(H / stride), ceil(W / stride)).

    For a `series`, one along the sequence: (S, D) -> (ceil(S / stride), width).
    """
    if series:
        return route(Window(kernel, stride, kernel // 2), linear(width), Identity())
    return route(Im2col(kernel, stride, kernel // 2), linear(width), Col2im())


def batch_norm(series: bool = False) -> Derivation:
    """Batch normalisation: f -> f, of a `series` (S, D) over its tokens, else of (C, H, W) over the pixels."""
    return compute(BatchNorm()) if series else NORM


def conv_norm_relu(width: int, kernel: int = 3, stride: int = 1, series: bool = False) -> Derivation:
    """A convolution with batch normalisation and a relu: shapes as of `conv`."""
    return sequence(conv(width, kernel, stride, series), batch_norm(series), RELU)


def residual(module: Derivation, shortcut: Derivation = IDENTITY) -> Derivation:
    """A module beside a shortcut, summed: f -> g where both give g."""
    return branch(Clone(2), (module, shortcut), Add())


def patches(patch: int, width: int) -> Derivation:
    """One token for each patch: (C, H, W) -> (S, width) with S = (H // patch) (W // patch).

    What is left of an input that is not a multiple of the patch is cropped by the floor of equations 30 to 32.
    """
    return route(Im2col(patch, patch, 0), linear(width), Identity())


def small_patch(inputs: Feature) -> int:
    """Side of the patches of the small baselines: 4, or 2 where height or width of (C, H, W) is below 16. A sequence has none."""
    return 4 if min(inputs.shape[1:]) >= 16 else 2


def tokens(inputs: Feature, patch: int) -> int:
    """Patches in (C, H, W), H'W' of equation 30, or S of (S, D); raises ShapeError for an image smaller than a patch."""
    if inputs.mode == "Col":
        return inputs.shape[0]
    height, width = grid(inputs, patch)
    return height * width


def embedding(inputs: Feature, patch: int, width: int) -> Derivation:
    """One token of `width` features for each patch of (C, H, W) or each token of (S, D)."""
    return linear(width) if inputs.mode == "Col" else patches(patch, width)


def grid(inputs: Feature, patch: int) -> tuple[int, int]:
    """H' and W' of equations 31 and 32: patches in a column and in a row; raises ShapeError for an input smaller than one."""
    _, height, width = Col2im().infer(Im2col(patch, patch, 0).infer((inputs,)))[0].shape
    return height, width


def mlp(hidden: int, width: int) -> Derivation:
    """Two linear layers with a relu between: (S, D) -> (S, width)."""
    return sequence(linear(hidden), RELU, linear(width))


def token_mlp(hidden: int, tokens: int) -> Derivation:
    """An MLP over the tokens, as `mlp` is one over the features: (S, D) -> (tokens, D)."""
    return route(TRANSPOSE, mlp(hidden, tokens), TRANSPOSE)


def attention_head(width: int) -> Derivation:
    """softmax(q k' / sqrt(width)) v with queries, keys and values of their own: (S, D) -> (S, width)."""
    keys = route(Identity(), linear(width), TRANSPOSE)
    scores = branch(Clone(2), (linear(width), keys), Matmul(scaled=True))
    return branch(Clone(2), (sequence(scores, compute(Softmax())), linear(width)), Matmul(scaled=False))


def heads(number: int, width: int) -> Derivation:
    """Any number of attention heads side by side: (S, D) -> (S, number * width).

    Factors but 2, 4 and 8 are outside the option sets: they are run and mutated, and never sampled.
    """
    head = attention_head(width)
    return head if number == 1 else branch(Clone(number), copies(number, head), Concat(2, number))


def copies(b: int, module: Derivation) -> list[Derivation]:
    """The modules that a branching module of factor b holds where all its branches are the same."""
    return [module] * sampled_branches(b)
