"""What all tests share."""

import os

import pytest
import torch
from hypothesis import settings

settings.register_profile("einspace", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("einspace")

os.environ["HF_HUB_OFFLINE"] = "1"  # the library datasets asks nobody


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tests share two cores with worker processes."""
    torch.set_num_threads(1)
