"""What all tests share."""

import pytest
import torch
from hypothesis import settings

settings.register_profile("einspace", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("einspace")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tests share two cores with worker processes."""
    torch.set_num_threads(1)
