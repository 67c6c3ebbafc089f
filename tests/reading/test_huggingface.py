"""Data sets of the library `datasets`, in each of its formats and features: read as they are, or refused with split, column and row."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from tests.reading.bomb import picture_bomb

from einspace import Task
from einspace.errors import TaskError
from einspace.evaluation import Outcome
from einspace.evaluation.evaluate import evaluate
from einspace.tasks import Recipe

datasets = pytest.importorskip("datasets", reason="datasets is not installed")
pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

RNG = np.random.default_rng(0)
X = RNG.random((30, 3, 4, 5)).astype(np.float32)
PIXELS = RNG.integers(0, 256, size=(30, 4, 5, 3), dtype=np.uint8)
Y = [row % 2 for row in range(30)]
ANIMALS = datasets.ClassLabel(names=["zebra", "ant"])


def of(**columns: Any) -> Any:
    """A data set whose features are recognised."""
    return datasets.Dataset.from_dict(columns)


def arrays() -> Any:
    """Arrays of three axes and classes with names."""
    features = datasets.Features({"x": datasets.Array3D((3, 4, 5), "float32"), "label": ANIMALS})
    return datasets.Dataset.from_dict({"x": X, "label": Y}, features=features)


def pictures(mode: str = "RGB", odd: str | None = None, kind: Any = ANIMALS) -> Any:
    """Images; that of row 3 is of another mode, if `odd` says it."""
    images = [pillow.fromarray(pixels).convert(odd if odd and row == 3 else mode) for row, pixels in enumerate(PIXELS)]
    return datasets.Dataset.from_dict({"image": images, "label": Y}, features=datasets.Features({"image": datasets.Image(), "label": kind}))


@pytest.mark.parametrize("format", [None, "numpy", "torch", "pandas", "arrow"])
def test_arrays_in_every_format(format: str | None) -> None:
    """Whatever format the data set is in, the samples are those that were put in, and the classes keep their order and names."""
    task = Task.from_huggingface(arrays().with_format(format), name="animals", normalise=False)
    assert (task.name, task.input.shape, task.labels, task.kind) == ("animals", (3, 4, 5), ("zebra", "ant"), "classification")
    samples = np.concatenate([split.x for split in task.splits.values()])
    assert np.array_equal(samples[np.lexsort(samples[:, 0, 0].T)], X[np.lexsort(X[:, 0, 0].T)])


@pytest.mark.slow
@pytest.mark.parametrize("format", [None, "numpy", "torch"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_images_in_every_format(mode: str, format: str | None) -> None:
    """Images are (C, H, W) in every format, with one channel where they have no colours, and their pixels are what they were."""
    data = pictures(mode).with_format(format)
    given = datasets.DatasetDict({"train": data, "validation": data, "test": data})
    task = Task.from_huggingface(given, normalise=False)
    colours = mode in ("RGB", "P")
    assert task.input.shape == (3 if colours else 1, 4, 5)
    expected = np.asarray(pillow.fromarray(PIXELS[7]).convert(mode).convert("RGB" if colours else "L"))
    assert np.array_equal(task.test.x[7], expected.transpose(2, 0, 1) if colours else expected[None])


def test_grey_images_among_coloured_ones() -> None:
    """One image in colours makes all of them images in colours, in all splits."""
    for first, other in ((pictures("L", odd="RGB"), pictures("L")), (pictures("L"), pictures("L", odd="RGB"))):
        task = Task.from_huggingface(datasets.DatasetDict({"train": first, "test": other}), normalise=False)
        assert task.input.shape == (3, 4, 5)
        assert np.array_equal(task.test.x[5, 0], task.test.x[5, 2])


def array_of(x: Any, kind: str, **options: Any) -> Task:
    """The task of an array of 30 samples of two axes."""
    features = datasets.Features({"x": datasets.Array2D(x.shape[1:], kind), "label": ANIMALS})
    return Task.from_huggingface(datasets.Dataset.from_dict({"x": x, "label": Y}, features=features), **options)


def test_numbers_keep_their_type() -> None:
    """Float64 that float32 makes one number of is normalised as it is, and bytes are grey images, as in arrays."""
    fine = 101325 + 0.002 * RNG.normal(size=(30, 6, 1))
    lists = datasets.Features({"signal": datasets.Sequence(datasets.Value("float64")), "label": ANIMALS})
    signals = datasets.Dataset.from_dict({"signal": fine[:, :, 0].tolist(), "label": Y}, features=lists)
    for task in (array_of(fine, "float64"), Task.from_huggingface(signals), Task.from_huggingface(signals.with_format("torch"))):
        assert (task.input.shape, task.preprocessing.given, task.preprocessing.dtype) == ((6, 1), "float64", "float64")
        assert task.train.x.std() == pytest.approx(1, abs=0.1)
    grey = array_of(PIXELS[..., 0], "uint8")
    assert (grey.input.shape, grey.preprocessing.given) == ((1, 4, 5), "uint8")
    assert array_of(PIXELS[..., 0], "int16").input.shape == (4, 5)


class Decoder:
    """What an audio feature decodes to, as far as it is used: `array` and `sampling_rate` are its items, and it is no mapping."""

    def __init__(self, samples: Any) -> None:
        self.samples = samples

    def get_all_samples(self) -> None:
        """Of torchcodec, samples of each channel with times."""

    def __getitem__(self, name: str) -> Any:
        return {"array": self.samples, "sampling_rate": 8000}[name]


def test_audio_is_a_series() -> None:
    """Samples of a decoder, or of a mapping as a transform may make it, are a series of one channel."""
    for made in (lambda x: Decoder(x), lambda x: {"array": x, "sampling_rate": 8000}):

        def heard(batch: dict[str, Any], made: Any = made) -> dict[str, Any]:
            return {"audio": [made(np.asarray(x, np.float32).ravel()) for x in batch["x"]], "label": batch["label"]}

        task = Task.from_huggingface(arrays().with_transform(heard), normalise=False)
        assert task.input.shape == (60, 1)
        assert np.array_equal(np.sort(task.train.x[:, 0, 0]), np.sort(task.train.x[:, 0].ravel()))


def test_splits_are_kept() -> None:
    """Train, validation and test as they are; what is not there is taken out of train."""
    data = arrays()
    whole = {"train": data, "validation": data.select(range(10)), "test": data.select(range(8))}
    task = Task.from_huggingface(datasets.DatasetDict(whole))
    assert [len(split) for split in task.splits.values()] == [30, 10, 8]
    del whole["validation"]
    assert [len(split) for split in Task.from_huggingface(datasets.DatasetDict(whole)).splits.values()] == [22, 8, 8]
    assert [len(split) for split in Task.from_huggingface(data, shares=(0.5, 0.25, 0.25), seed=3).splits.values()] == [16, 6, 8]


def test_sequences_are_series() -> None:
    """A sequence of numbers is a series of one channel, one of rows has a channel for each column; a task of them is trained."""
    signals = datasets.Features({"signal": datasets.Sequence(datasets.Value("float32")), "label": datasets.Value("int64")})
    data = datasets.Dataset.from_dict({"signal": RNG.random((30, 8)).tolist(), "label": Y}, features=signals)
    recipe = Recipe(epochs_search=1, epochs_final=1, batch_size=8, learning_rate=0.01, weight_decay=0.0)
    for format in (None, "torch"):
        task = Task.from_huggingface(data.with_format(format), recipe=recipe)
        assert (task.input.shape, task.labels) == ((8, 1), ("0", "1"))
    assert evaluate("[linear(d=16) relu]", task, recipe=recipe).evaluations[0].outcome is Outcome.OK
    assert Task.from_huggingface(of(x=RNG.random((30, 6, 2)).tolist(), y=Y)).input.shape == (6, 2)


def test_kinds_of_targets() -> None:
    """Words, rows of 0 and 1, numbers and columns by another name are what they are in arrays; numbers keep their digits."""
    x = RNG.random((30, 4)).tolist()
    words = Task.from_huggingface(of(x=x, animal=["cat" if row % 2 else "dog" for row in range(30)]), y="animal")
    assert words.labels == ("cat", "dog")
    assert Task.from_huggingface(of(x=x, label=[[row % 2, row % 3 // 2, 1] for row in range(30)])).kind == "multi-label"
    numbers = [1e6 + row / 7 for row in range(30)]
    task = Task.from_huggingface(of(x=x, target=numbers), class_weights=False)
    assert task.kind == "regression"
    assert task.target_normaliser is not None
    _, normalised = task.tensors(["train", "valid", "test"])
    whole = task.target_normaliser.restore(normalised)
    assert sorted(whole[:, 0].tolist()) == pytest.approx(numbers, abs=0.1)
    fields = datasets.Features({"x": datasets.Array3D((3, 4, 5), "float32"), "y": datasets.Array2D((4, 5), "float32")})
    assert Task.from_huggingface(datasets.Dataset.from_dict({"x": X, "y": X[:, 0]}, features=fields)).kind == "dense"


def with_row(values: list[Any], row: int, value: Any) -> list[Any]:
    return [*values[:row], value, *values[row + 1 :]]


FLAT = [[1.0, float(row)] for row in range(30)]


def undecoded(content: bytes) -> Any:
    """Images that are decoded when they are looked at."""
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    return datasets.Dataset.from_dict({"image": [{"bytes": content, "path": None}] * 30, "label": Y}, features=features)


def numbers_without_end() -> Iterator[dict[str, Any]]:
    """What a stream may be."""
    while True:
        yield {"x": [1.0, 2.0], "label": 0}


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (arrays, {"x": "picture"}, "^the data set: there is no column 'picture', but x, label; say which holds the samples"),
        (arrays, {"y": "kind"}, "^the data set: there is no column 'kind', .*targets"),
        (lambda: of(a=FLAT, b=Y), {}, "there is no column 'samples', but a, b"),
        (lambda: {"train": arrays(), "test": of(x=FLAT, other=Y)}, {}, "split test: there is no column 'label', but x, other"),
        (lambda: {"train": arrays(), "unsupervised": arrays()}, {}, "unlike train, unsupervised"),
        (lambda: {"test": arrays()}, {}, "unlike test"),
        (lambda: {}, {}, "unlike none at all"),
        (lambda: None, {}, "a Dataset or a DatasetDict .* is needed, not NoneType"),
        (lambda: [1, 2], {}, "is needed, not list"),
        (lambda: of(x=[], label=[]), {}, "^the data set: there are no rows"),
        (lambda: of(x=with_row(FLAT, 3, None), label=Y), {}, "^the data set, column x, row 3: is empty"),
        (lambda: of(x=with_row(FLAT, 3, [None, 1.0]), label=Y), {}, "1 of 30 samples hold NaN or infinite values .* sample 3"),
        (lambda: of(x=with_row(FLAT, 5, [1.0]), label=Y), {}, r"column x, row 5: is \(1, 1\), but row 0 is \(2, 1\): scale"),
        (lambda: of(x=FLAT, label=with_row(Y, 4, None)), {}, "^the data set, column label, row 4: is empty"),
        (lambda: of(x=FLAT, label=[[1] * (1 + row % 2) for row in range(30)]), {}, "column label: the targets are of different lengths"),
        (lambda: of(x=["a"] * 30, label=Y), {}, "samples must be numbers, not <U1"),
        (lambda: {"train": arrays(), "test": pictures(kind=datasets.Value("int64"))}, {}, "split test: there is no column 'x'"),
        (lambda: arrays().to_iterable_dataset(), {}, r"^the data set: is a stream, which may have no end: .*list.stream.take"),
        (lambda: datasets.IterableDataset.from_generator(numbers_without_end), {}, "is a stream"),
        (lambda: datasets.IterableDatasetDict({"train": arrays().to_iterable_dataset()}), {}, "is a stream"),
        pytest.param(
            lambda: of(audio=[{"bytes": b"RIFF", "path": "a.wav"}] * 30, label=Y).cast_column("audio", datasets.Audio()),
            {},
            "^the data set, column audio, row 0: .*install 'torchcodec'",
            marks=pytest.mark.skipif(find_spec("torchcodec") is not None, reason="torchcodec is installed"),
        ),
        (lambda: undecoded(b"no picture"), {}, "^the data set, column image, row 0: cannot be read as an image"),
        (lambda: undecoded(picture_bomb()), {}, "^the data set, column image, row 0: cannot be read as an image: .* decompression bomb"),
    ],
)
def test_what_cannot_be_a_task(data: Any, options: dict[str, Any], words: str) -> None:
    """One line: the split, the column and the row, and what is expected."""
    with pytest.raises(TaskError, match=words) as caught:
        Task.from_huggingface(data(), **options)
    assert "\n" not in str(caught.value)


def test_what_the_message_on_streams_advises() -> None:
    """The part of a stream that is taken as the message says is a data set like any other."""
    stream = arrays().to_iterable_dataset()
    part = datasets.Dataset.from_list(list(stream.take(20)), features=stream.features)
    assert sum(map(len, Task.from_huggingface(part).splits.values())) == 20


def shifted(batch: dict[str, Any]) -> dict[str, Any]:
    return {"pixel_values": [np.asarray(x, np.float32) + 100 for x in batch["x"]], "label": batch["label"]}


def test_a_transform_is_applied() -> None:
    """What `with_transform` or `set_transform` makes of a row is the sample; columns are those of its result."""
    plain = Task.from_huggingface(arrays(), normalise=False)
    other = arrays()
    other.set_transform(shifted)
    for data in (arrays().with_transform(shifted), other, datasets.DatasetDict({"train": arrays().with_transform(shifted)})):
        task = Task.from_huggingface(data, normalise=False)
        assert np.allclose(task.train.x, plain.train.x + 100)
        assert task.labels == ("zebra", "ant")


def test_a_random_transform_is_refused() -> None:
    """It would be frozen as it was drawn once."""

    def noisy(batch: dict[str, Any]) -> dict[str, Any]:
        return {"x": [np.asarray(x) + np.random.default_rng().normal() for x in batch["x"]], "label": batch["label"]}

    with pytest.raises(TaskError, match=r"^the data set, row 0: the transform gives another sample each time"):
        Task.from_huggingface(arrays().with_transform(noisy))


def test_a_transform_that_is_random_now_and_then_is_refused() -> None:
    """What it changes half of the time is often the same when it is read again; columns that are not taken may change."""
    rng = np.random.default_rng(0)

    def mirrored(batch: dict[str, Any]) -> dict[str, Any]:
        kept = [x if np.array_equal(x, X[0]) or rng.random() < 0.5 else x[:, :, ::-1] for x in map(np.asarray, batch["x"])]
        return {"x": kept, "label": batch["label"]}

    def drawn(batch: dict[str, Any]) -> dict[str, Any]:
        return {**batch, "drawn": [[rng.random()] * (1 + row % 2) for row in range(len(batch["label"]))]}

    with pytest.raises(TaskError, match=r"^the data set, row \d+: the transform gives another sample each time"):
        Task.from_huggingface(arrays().with_transform(mirrored))
    assert Task.from_huggingface(arrays().with_transform(drawn)).input.shape == (3, 4, 5)


def test_columns_that_are_left_out_are_named() -> None:
    """A guess between several columns is said; what was said is not a guess."""
    data = of(image=X.reshape(30, 60).tolist(), signal=FLAT, label=Y, fine_label=Y)
    doubt = Task.from_huggingface(data).doubts[0]
    assert (
        doubt
        == "columns: image are the samples, label the targets, by their names; signal, fine_label are left out; x= and y= say otherwise"
    )
    assert not any("columns" in told for told in Task.from_huggingface(data, x="signal", y="fine_label").doubts)


def test_grey_images_of_16_bits_beside_those_of_8() -> None:
    """White is white: 65535 beside 255 becomes 255, in a data set as in a folder."""
    deep = pillow.fromarray(np.full((4, 5), 65_535, np.uint16))
    shallow = pillow.fromarray(np.full((4, 5), 255, np.uint8))
    black = pillow.fromarray(np.zeros((4, 5), np.uint8))
    features = datasets.Features({"image": datasets.Image(), "label": ANIMALS})
    data = datasets.Dataset.from_dict({"image": [deep, shallow, black] * 10, "label": Y}, features=features)
    task = Task.from_huggingface(data, normalise=False)
    assert set(np.unique(np.concatenate([split.x for split in task.splits.values()]))) == {0, 255}
    items = [(image, label) for image, label in zip([deep, shallow, black] * 10, Y, strict=True)]
    assert Task.from_dataset(items, normalise=False).train.x.max() == 255


def test_masks_that_are_pictures() -> None:
    """A column of images as targets is a mask, in every format."""
    masks = [pillow.fromarray((pixels[:, :, 0] > 99).astype(np.uint8) * 255) for pixels in PIXELS]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Image()})
    images = [pillow.fromarray(pixels) for pixels in PIXELS]
    data = datasets.Dataset.from_dict({"image": images, "label": masks}, features=features)
    for format in (None, "numpy", "torch"):
        assert Task.from_huggingface(data.with_format(format)).kind == "mask"
