"""From your own arrays to a network that runs without einspace: search, predict, export to ONNX, and run that elsewhere.

The file `digits.npz` stands for yours: grey images of bytes, channels last, with words as labels. The last step starts a process in which
neither einspace nor PyTorch can be imported; it reads the raw images and scores what the report of the search says.

    python examples/npz_to_onnx.py [--trials 20] [--epochs 8] [--folder story]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import einspace as es

ELSEWHERE = """
import sys
sys.modules["einspace"] = sys.modules["torch"] = None  # importing either is an error from here on
import json
import numpy as np
import onnxruntime

model, data = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
facts = session.get_modelmeta().custom_metadata_map
classes = np.array(json.loads(facts["classes"]))
images, words = (np.load(data)[name] for name in ("x_test", "y_test"))
(outputs,) = session.run(None, {"input": np.moveaxis(images, -1, 1).astype(np.float32)})
print(json.dumps({"accuracy": float((classes[outputs.argmax(axis=1)] == words).mean()), "first": str(classes[outputs[0].argmax()])}))
"""
"""What somebody runs who has the two files, NumPy and onnxruntime."""


def own_data(path: Path) -> None:
    """Write digits as people have their data: images (N, 8, 8, 1) of bytes, and a word for each."""
    digits = load_digits()
    images = (digits.images * 255 / 16).astype(np.uint8)[..., None]
    words = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])[digits.target]
    parts = {"train": slice(0, 1000), "valid": slice(1000, 1400), "test": slice(1400, None)}
    np.savez(path, **{f"{name}_{split}": array[rows] for split, rows in parts.items() for name, array in (("x", images), ("y", words))})


def main() -> None:
    """Tell the story, a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--folder", type=Path, default=Path("story"))
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    data, model = folder / "digits.npz", folder / "digits.onnx"
    own_data(data)

    recipe = {"epochs_search": options.epochs, "epochs_final": 3 * options.epochs}
    result = es.search(str(data), trials=options.trials, workers=1, init="resnet8", recipe=recipe, runs=folder / "runs", run="digits")
    taken = result.recommended
    assert taken is not None
    print(f"the search recommends {taken.name}: {result.metric} {taken.test:.4f} on test for {taken.parameters:,} parameters")

    predictor = result.predictor()
    images, words = (np.load(data)[name] for name in ("x_test", "y_test"))
    print(
        f"the predictor says {predictor.predict(images[0])!s} for an image of {words[0]}, and scores {predictor.score(images, words):.4f}"
    )

    command = [sys.executable, "-m", "einspace.cli", "export", str(folder / "runs" / "digits"), "--format", "onnx", "-o", str(model)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, str(model), str(data)], check=True, capture_output=True, text=True)
    elsewhere = json.loads(done.stdout)
    print(f"{model}, without einspace and PyTorch, says {elsewhere['first']} and scores {elsewhere['accuracy']:.4f}")
    if abs(elsewhere["accuracy"] - taken.test) > 1 / len(words):
        raise SystemExit("the exported network does not score what the search reports")


if __name__ == "__main__":
    main()
