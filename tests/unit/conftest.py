"""What tests of training share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder with s.npz: 200 samples x of 6 numbers, and as y which of the first three is largest."""
    x = np.random.default_rng(0).standard_normal((200, 6)).astype(np.float32)
    np.savez(tmp_path / "s.npz", x=x, y=np.argmax(x[:, :3], 1).astype(np.int32))
    return tmp_path
