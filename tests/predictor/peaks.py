"""How far the memory grows while files are predicted, for `Forked`: a process of its own whose peaks nothing else makes."""

import threading
import time

import psutil

import einspace as es


def main(*files: str) -> None:
    """Print in how many pieces each large file was predicted, and by how many MiB the peak lay over the memory after a small one.

    Args:
        files: Words such as `kind:small.npz:large.npz`. The predictor lies in the folder `saved`.
    """
    predictor, process = es.load_predictor("saved"), psutil.Process()
    peak = 0

    def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.002)

    threading.Thread(target=watch, daemon=True).start()
    for kind, small, large in (words.split(":") for words in files):
        for _ in predictor.outputs(predictor.samples(small)):
            pass
        before = peak = process.memory_info().rss
        pieces = sum(1 for _ in predictor.outputs(predictor.samples(large)))
        print(kind, pieces, (peak - before) // 2**20)
