"""Data at a path, and data frames, are read for a prediction as the training data were."""

import csv
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.commands import call
from tests.predictor.predicted import predictor_of, task_of

from einspace.errors import TaskError
from einspace.reading.images import suffixes
from einspace.tasks import Task, load_task

RNG = np.random.default_rng(0)


def frame(rows: int = 30) -> pd.DataFrame:
    """Signals between an identity, a day and a label that is not the last column."""
    columns = {f"s{number}": RNG.normal(size=rows).round(3) for number in range(6)}
    return pd.DataFrame({"id": range(rows), "beat": np.array(["slow", "fast"])[np.arange(rows) % 2], **columns})


def test_a_table_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    """Whatever their order, and with or without the label: from .csv, .parquet and a data frame alike."""
    table = frame()
    predictor = predictor_of(Task.from_table(table, label="beat", baselines=()))
    wanted = predictor.predict(table)
    shuffled = table.drop(columns=["beat", "id"])[["s5", "s0", "s1", "s2", "s3", "s4"]].assign(note=7.5)
    shuffled.to_csv(tmp_path / "new.csv", index=False)
    shuffled.to_parquet(tmp_path / "new.parquet")
    table.to_csv(tmp_path / "old.csv", index=False)
    for given in (shuffled, tmp_path / "new.csv", tmp_path / "new.parquet", str(tmp_path / "old.csv"), table):
        assert predictor.predict(given).tolist() == wanted.tolist()
    signals = table[[f"s{number}" for number in range(6)]].to_numpy()
    assert predictor.predict(signals).tolist() == wanted.tolist()
    assert predictor.predict(signals[0]) == wanted[0]
    assert predictor.score(tmp_path / "old.csv") == predictor.score(table, table["beat"])
    assert predictor.score(table) == pytest.approx(np.mean(wanted == table["beat"]))


def test_a_table_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    """The columns that are missing are named; a label is missing only where a score is wanted."""
    table = frame()
    predictor = predictor_of(Task.from_table(table, label="beat", baselines=()))
    with pytest.raises(TaskError, match="was trained on 6 columns s0 to s5, of which s1, s4 are missing here"):
        predictor.predict(table.drop(columns=["s1", "s4"]))
    with pytest.raises(TaskError, match="the column of the label, beat, is missing here"):
        predictor.score(table.drop(columns="beat"))
    images = predictor_of(task_of("words")[0])
    with pytest.raises(TaskError, match="trained on samples NHWC of 6 x 5 x 3, which were no table, and got a table"):
        images.predict(table)
    broken = table.astype({"s2": object})
    broken.loc[4, "s2"] = "high"
    with pytest.raises(TaskError, match="row 4, column s2: 'high' is not a number"):
        predictor.predict(broken)


def test_a_table_without_names_is_read_by_places(tmp_path: Path) -> None:
    """With the label's column, or without it; another number of columns is refused."""
    x, y = RNG.normal(size=(30, 5)).round(3), np.arange(30) % 2
    np.savetxt(tmp_path / "all.csv", np.column_stack([y, x]), delimiter=",", fmt="%g")
    np.savetxt(tmp_path / "new.csv", x, delimiter=",", fmt="%g")
    np.savetxt(tmp_path / "odd.csv", x[:, :3], delimiter=",", fmt="%g")
    predictor = predictor_of(load_task(str(tmp_path / "all.csv")))
    assert predictor.predict(tmp_path / "all.csv").tolist() == predictor.predict(tmp_path / "new.csv").tolist()
    with pytest.raises(TaskError, match="a table of 6 columns without names, 5 of them signals, but this one has 3"):
        predictor.predict(tmp_path / "odd.csv")


def test_a_single_row_or_column_of_a_table_is_enough(tmp_path: Path) -> None:
    """A label and a second row are needed to train, and not to predict; without any row there is nothing to predict."""
    x, words = RNG.normal(size=(30, 5)).round(3), np.array(["oak", "elm"])[np.arange(30) % 2]
    for named in (True, False):
        table = pd.DataFrame(x, columns=list("vwxyz")).assign(kind=words)
        table.to_csv(tmp_path / "all.csv", index=False, header=named)
        predictor = predictor_of(load_task(str(tmp_path / "all.csv")))
        wanted = predictor.predict(tmp_path / "all.csv").tolist()
        for number, given in ((0, table[:1]), (7, table[7:8].drop(columns="kind"))):
            given.to_csv(tmp_path / "new.csv", index=False, header=named)
            assert predictor.predict(tmp_path / "new.csv").tolist() == wanted[number : number + 1]
        for text in ("", "v,w,x,y,z\n", "v,w,x,y,z,kind\n"):
            (tmp_path / "new.csv").write_text(text)
            with pytest.raises(TaskError, match=r"new.csv: there is no row of samples"):
                predictor.predict(tmp_path / "new.csv")
    table = pd.DataFrame({"x": x[:, 0], "amount": 3 * x[:, 0]})
    predictor = predictor_of(Task.from_table(table, label="amount", baselines=()))
    for rows in (table[["x"]], table[:1][["x"]]):
        rows.to_csv(tmp_path / "new.csv", index=False)
        assert predictor.predict(tmp_path / "new.csv").tolist() == predictor.predict(rows).tolist()


def test_the_first_row_of_a_table_without_names_is_a_sample(tmp_path: Path) -> None:
    """Its label may be in no other row, and its numbers may rise as names do: those of training had no names."""
    x, words = RNG.normal(size=(30, 3)).round(3), np.array(["oak", "elm"])[np.arange(30) % 2]
    pd.DataFrame(x).assign(kind=words).to_csv(tmp_path / "all.csv", index=False, header=False)
    predictor = predictor_of(load_task(str(tmp_path / "all.csv")))
    rows = np.array([[0.1, 0.2, 0.4], [0.3, 0.1, -1.0], [0.7, 0.1, 0.2]])
    pd.DataFrame(rows).assign(kind=["oak", "elm", "elm"]).to_csv(tmp_path / "new.csv", index=False, header=False)
    assert predictor.predict(tmp_path / "new.csv").tolist() == predictor.predict(rows).tolist()
    for names in ("a,b,c,kind", "0,1,2,3"):
        (tmp_path / "new.csv").write_text(f"{names}\n0.1,0.2,0.4,oak\n0.3,0.1,-1,elm\n")
        with pytest.raises(TaskError, match="trained on a table without names of columns, and the first row of this one is read as names"):
            predictor.predict(tmp_path / "new.csv")


def test_numbers_that_name_the_signals_are_a_header_without_the_label_too(tmp_path: Path) -> None:
    """The network knows the names of its columns, which a table of nothing but numbers does not say."""
    names = [str(wave) for wave in range(400, 1000, 100)]
    table = pd.DataFrame(RNG.normal(size=(30, 6)).round(3), columns=names).assign(kind=np.array(["oak", "elm"])[np.arange(30) % 2])
    table.to_csv(tmp_path / "all.csv", index=False)
    predictor = predictor_of(load_task(str(tmp_path / "all.csv")))
    wanted = predictor.predict(table).tolist()
    table[names[::-1]].to_csv(tmp_path / "new.csv", index=False)
    assert predictor.predict(tmp_path / "new.csv").tolist() == wanted
    table[names].assign(**{"1000": 7.5, "": ""}).to_csv(tmp_path / "wide.csv", index=False)
    assert predictor.predict(tmp_path / "wide.csv").tolist() == wanted
    table[names].to_csv(tmp_path / "bare.csv", index=False, header=False)
    with pytest.raises(TaskError, match="trained on a table with names of columns, and this one has none"):
        predictor.predict(tmp_path / "bare.csv")


def test_a_row_of_one_step_is_a_row(tmp_path: Path) -> None:
    """A row of the signals of several channels at one step has the shape of a sample: one row is read as two are."""
    table = frame()[["s0", "s1", "s2", "s3", "beat"]]
    predictor = predictor_of(Task.from_table(table, channels=4, baselines=()))
    rows = table.drop(columns="beat").to_numpy()
    wanted = predictor.predict(table).tolist()
    assert predictor.predict(rows[:2]).tolist() == wanted[:2]
    assert predictor.predict(rows[:1]).tolist() == wanted[:1]
    assert predictor.predict(rows[0]) == wanted[0]
    assert predictor.predict(rows[:2, None]).tolist() == wanted[:2]


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_of_a_column_of_series_are_no_rows(channels: int) -> None:
    """A single one has as many numbers in its last axis as the table has columns, and is a sample all the same."""
    x = RNG.normal(size=(30, 9, channels))
    table = pd.DataFrame({"signal": x.squeeze().tolist(), "beat": np.array(["slow", "fast"])[np.arange(30) % 2]})
    predictor = predictor_of(Task.from_table(table, baselines=()))
    wanted = predictor.predict(table).tolist()
    assert predictor.predict(x).tolist() == wanted
    assert predictor.predict(x[:1]).tolist() == wanted[:1]
    assert predictor.predict(x[0]) == wanted[0]
    assert predictor.predict(table[:1][["signal"]]).tolist() == wanted[:1]
    with pytest.raises(TaskError, match=rf"samples NSD of 9 x {channels}, 1 column of a table, and got float64 of the shape \(30, 1\)"):
        predictor.predict(x[:, 0, :1])


def test_a_single_row_without_names_is_a_sample(tmp_path: Path) -> None:
    """What a table holds is known from the training: it was refused for want of a second row, and a data frame for its numbered columns."""
    x, y = RNG.normal(size=(30, 5)).round(3), np.arange(30) % 2
    np.savetxt(tmp_path / "all.csv", np.column_stack([x, y]), delimiter=",", fmt="%g")
    predictor = predictor_of(load_task(str(tmp_path / "all.csv")))
    wanted = predictor.predict(x).tolist()
    np.savetxt(tmp_path / "one.csv", x[:1], delimiter=",", fmt="%g")
    np.savetxt(tmp_path / "with-label.csv", np.column_stack([x, y])[:1], delimiter=",", fmt="%g")
    for name in ("one.csv", "with-label.csv"):
        assert predictor.predict(tmp_path / name).tolist() == wanted[:1]
    assert predictor.predict(pd.DataFrame(x[:1])).tolist() == wanted[:1]
    with pytest.raises(TaskError, match="trained on a table without names of columns, and the first row of this one is read as names"):
        predictor.predict(pd.DataFrame(x, columns=list("abcde")))


def test_a_table_of_a_single_signal_is_read(tmp_path: Path) -> None:
    """It has one column, so that no separator stands in it; a pair of quotation marks is a sample without its number, and no blank line."""
    table = frame()[["s0", "beat"]]
    predictor = predictor_of(Task.from_table(table, label="beat", baselines=()))
    wanted = predictor.predict(table).tolist()
    table[["s0"]].to_csv(tmp_path / "new.csv", index=False)
    assert predictor.predict(tmp_path / "new.csv").tolist() == wanted
    table[["s0"]][:1].to_csv(tmp_path / "one.csv", index=False)
    assert predictor.predict(tmp_path / "one.csv").tolist() == wanted[:1]
    for text, message in (
        ("s0\n", "there is no row of samples"),
        ("", "there is no row of samples"),
        ('s0\n0.5\n""\n0.7\n', "row 3, column s0: the cell is empty"),
        ("0.5\n", "trained on a table with names of columns, and this one has none"),
    ):
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(TaskError, match=message):
            predictor.predict(tmp_path / "bad.csv")
    with pytest.raises(TaskError, match=r"they would fit as rows of one number: x\.reshape\(-1, 1\)"):
        predictor.predict(table["s0"].to_numpy())


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_single_signal_with_decimal_commas_is_read(tmp_path: Path, named: bool, separator: str) -> None:
    """A file of its own has no separator, and its commas were taken for one: 0,5 was read as a sample of 0."""
    x, words = RNG.normal(size=30).round(3), np.array(["oak", "elm"])[np.arange(30) % 2]
    commas = [str(value).replace(".", ",") for value in x.tolist()]
    head = [f"s0{separator}kind"] * named
    (tmp_path / "all.csv").write_text("\n".join([*head, *(f"{c}{separator}{word}" for c, word in zip(commas, words, strict=True))]) + "\n")
    predictor = predictor_of(load_task(str(tmp_path / "all.csv")))
    wanted = predictor.predict(x[:, None]).tolist()
    for count in (30, 1):
        (tmp_path / "new.csv").write_text("\n".join([*["s0"] * named, *commas[:count]]) + "\n")
        assert predictor.predict(tmp_path / "new.csv").tolist() == wanted[:count]
        (tmp_path / "points.csv").write_text(
            "\n".join([*["s0,kind"] * named, *(f"{v},{w}" for v, w in zip(x, words, strict=True))][: count + named])
        )
        assert predictor.predict(tmp_path / "points.csv").tolist() == wanted[:count]


def test_two_columns_of_one_name_are_refused_in_a_line() -> None:
    """As they are for training."""
    table = frame()
    predictor = predictor_of(Task.from_table(table, label="beat", baselines=()))
    with pytest.raises(TaskError, match="table: Expected unique column names"):
        predictor.predict(table.rename(columns={"s1": "s0"}))


def test_without_pillow_no_file_is_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image is refused with what to install, and another file as ever."""
    predictor = predictor_of(Task.from_arrays(RNG.random((24, 3, 6, 5)), np.arange(24) % 2, axes="NCHW", baselines=()))
    monkeypatch.setattr("einspace.predictor.samples.suffixes", suffixes.__wrapped__)
    for module in [name for name in sys.modules if name.split(".")[0] == "PIL"]:
        monkeypatch.setitem(sys.modules, module, None)
    for name, message in (
        ("a.md", r"which lie in a folder, an image, a .npz or .npy file or a table, not in '\.md'"),
        ("a.JPG", r"images are read with Pillow: pip install 'einspace\[images\]'"),
    ):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(TaskError, match=message):
            predictor.predict(tmp_path / name)


def test_archives_and_folders_of_arrays(tmp_path: Path) -> None:
    """An only array is the samples; of several splits one must be named; the targets beside them are scored."""
    task, (x, y) = task_of("words")
    predictor = predictor_of(task)
    np.savez(tmp_path / "one.npz", whatever=x)
    np.savez(tmp_path / "two.npz", train_x=x[:2], train_y=y[:2], x_test=x, y_test=y)
    np.save(tmp_path / "x.npy", x)
    for given, split in (("one.npz", None), ("two.npz", "test"), ("x.npy", None), ("", None)):
        assert predictor.predict(tmp_path / given, split=split).tolist() == predictor.predict(x).tolist()
    assert predictor.score(tmp_path / "two.npz", split="test") == predictor.score(x, y)
    with pytest.raises(TaskError, match="holds samples of test and train, so say split; its arrays are train_x"):
        predictor.predict(tmp_path / "two.npz")
    np.savez(tmp_path / "inputs.npz", x=x, inputs=x[:2])
    np.savez(tmp_path / "x_train.npz", x=x, x_train=x[:2])
    for name in ("inputs", "x_train"):
        with pytest.raises(TaskError, match=f"two arrays are x of train, one of them '{name}'; it has x, {name}"):
            predictor.predict(tmp_path / f"{name}.npz")
    np.savez(tmp_path / "b.npz", my_x=x, y_names=y, y=y)
    assert predictor.score(tmp_path / "b.npz") == predictor.score(x, y)
    np.savez(tmp_path / "c.npz", x=x[:3], x_val=x[:2], x_val_old=x)
    for said, count in (("train", 3), ("valid", 2), ("val", 2)):
        assert len(predictor.predict(tmp_path / "c.npz", split=said)) == count
    with pytest.raises(TaskError, match="holds samples of train and valid, so say split; its arrays are x, x_val, x_val_old"):
        predictor.predict(tmp_path / "c.npz")
    with pytest.raises(TaskError, match="holds no valid samples"):
        predictor.predict(tmp_path / "two.npz", split="valid")
    with pytest.raises(TaskError, match="a score needs targets, and none lie beside the samples"):
        predictor.score(tmp_path / "one.npz")
    with pytest.raises(TaskError, match=r"x.npy: split chooses among the arrays of a .npz archive or a folder of .npy files"):
        predictor.predict(tmp_path / "x.npy", split="test")
    with pytest.raises(TaskError, match="the path of the samples is empty"):
        predictor.predict("")
    with pytest.raises(TaskError, match=r"a\\x0ab.npy: there is no such file or folder"):
        predictor.predict("a\nb.npy")


def test_images_are_read_as_those_of_training(tmp_path: Path) -> None:
    """From folders of classes, from one folder without classes, and one image alone; they are scaled as training images were."""
    for number in range(24):
        folder = tmp_path / "all" / ("cat", "dog")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (12, 10, 3), dtype=np.uint8)).save(folder / f"{number:02}.png")
    predictor = predictor_of(Task.from_folder(tmp_path / "all", size=(6, 5), baselines=()))
    found = predictor.predict(tmp_path / "all")
    assert set(found.tolist()) <= {"cat", "dog"}
    cats = predictor.predict(tmp_path / "all" / "cat")
    assert cats.tolist() == found[:12].tolist()
    first = sorted((tmp_path / "all" / "cat").iterdir())[0]
    assert predictor.predict(first).tolist() == [found[0]]
    assert predictor.score(tmp_path / "all") == pytest.approx(np.mean(found == np.repeat(["cat", "dog"], 12)))
    plain = predictor_of(Task.from_folder(tmp_path / "all", baselines=()))
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "odd.png")
    with pytest.raises(
        TaskError, match=r"odd.png: the predictor was trained on samples NCHW of 3 x 12 x 10, and got an image of 3 x 9 x 9"
    ):
        plain.predict(tmp_path / "odd.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskError, match="there are no images"):
        plain.predict(tmp_path / "empty")


def test_the_class_of_a_deeper_image_is_that_of_training(tmp_path: Path) -> None:
    """The uppermost folder, below those of splits where there are some: a score needs no other folders than the training."""
    for number in range(24):
        cat = number % 2 == 0
        for root in (tmp_path / "all", tmp_path / "apart" / "test", tmp_path / "apart" / "train"):
            folder = root / "cat" / "2024" / "may" if cat else root / "dog"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)).save(folder / f"{number:02}.png")
    predictor = predictor_of(Task.from_folder(tmp_path / "all", baselines=()))
    found = predictor.predict(tmp_path / "all")
    assert predictor.score(tmp_path / "all") == pytest.approx(np.mean(found == np.repeat(["cat", "dog"], 12)))
    found = predictor.predict(tmp_path / "apart")
    assert predictor.score(tmp_path / "apart") == pytest.approx(np.mean(found == np.tile(np.repeat(["cat", "dog"], 12), 2)))
    found = predictor.predict(tmp_path / "apart" / "test")
    assert predictor.score(tmp_path / "apart" / "test") == pytest.approx(np.mean(found == np.repeat(["cat", "dog"], 12)))
    Image.fromarray(np.zeros((6, 5, 3), np.uint8)).save(tmp_path / "apart" / "stray.png")
    with pytest.raises(TaskError, match=r"trained on the classes 'cat', 'dog', and got 'stray\.png'"):
        predictor.score(tmp_path / "apart")


@pytest.mark.parametrize("order", ["NCHW", "NHWC", "NHW"])
def test_pictures_in_memory_are_read_as_arrays_were(order: str) -> None:
    """One of Pillow's images, or a list of them, is brought to the axes and channels of the training data, whatever its mode."""
    pixels = RNG.integers(0, 256, (24, 6, 5, 3), dtype=np.uint8)
    pictures = [Image.fromarray(each).convert("L" if order == "NHW" else "RGB") for each in pixels]
    arrays = np.stack([np.asarray(each) for each in pictures])
    x = arrays.transpose(0, 3, 1, 2) if order == "NCHW" else arrays
    predictor = predictor_of(Task.from_arrays(x, np.arange(24) % 2, axes=order, baselines=()))
    wanted = predictor.predict_proba(x)
    assert np.allclose(predictor.predict_proba(pictures), wanted)
    assert np.allclose(predictor.predict_proba(pictures[7]), wanted[7])
    assert np.allclose(predictor.predict_proba([each.convert("RGBA") for each in pictures]), wanted)
    with pytest.raises(TaskError, match="samples: all must have the same shape, but item 1"):
        predictor.predict([pictures[0], pictures[1].rotate(90, expand=True)])
    with pytest.raises(TaskError, match=r"was trained on samples .* and got uint8 of the shape"):
        predictor.predict(pictures[1].rotate(90, expand=True))


def test_a_predictor_of_pictures_takes_pictures_and_folders(tmp_path: Path) -> None:
    """What was trained on a list of images reads a further list, and images in files, as those were read."""
    pictures = [Image.fromarray(each) for each in RNG.integers(0, 256, (24, 6, 5, 3), dtype=np.uint8)]
    predictor = predictor_of(Task.from_arrays([each.quantize(16) for each in pictures], np.arange(24) % 2, baselines=()))
    for number, picture in enumerate(pictures):
        picture.save(tmp_path / f"{number:02}.png")
    assert np.allclose(predictor.predict_proba(pictures), predictor.predict_proba(tmp_path))


def test_names_that_are_no_text_are_written_escaped(tmp_path: Path) -> None:
    """A file or class whose name has bytes of another encoding costs no prediction; the others are written as they are."""
    for number in range(24):
        folder = tmp_path / "all" / os.fsdecode((b"caf\xe9", "chat été".encode())[number % 2])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)).save(folder / os.fsdecode(b"%02d\xe9.png" % number), format="png")
    predictor_of(Task.from_folder(tmp_path / "all", baselines=())).save(tmp_path / "saved")
    done = call("predict", "saved", "all", "-o", "p.csv", "--probabilities", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    head, *rows = list(csv.reader((tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()))
    assert head == ["sample", "prediction", "p(caf\\udce9)", "p(chat été)"]
    assert {row[1] for row in rows} <= {"caf\\udce9", "chat été"}
    assert {row[0] for row in rows} == {("caf\\udce9", "chat été")[number % 2] + f"/{number:02}\\udce9.png" for number in range(24)}
