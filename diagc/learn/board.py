# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
"""Records of a run as events for TensorBoard, in the folder of the run: one scalar for each number, by update."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagc.diagnostics import failure


class Board:
    """A file of events in a folder. Raises E0904 where `tensorboardX` is not installed."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise failure(
                "E0904", "`--tensorboard` needs `tensorboardX`, which is not installed",
                help="install it: `pip install diagc[tensorboard]`",
            ) from None  # fmt: skip
        self.writer: Any = SummaryWriter(str(folder), write_to_disk=True)

    def add(self, record: dict[str, Any]) -> None:
        """The loss, the equations and the metrics of an epoch."""
        numbers = {"loss": record["loss"]} | {f"terms/{k}": v for k, v in record["terms"].items()}
        for source, table in record.get("validation", {}).items():
            numbers |= {f"validation/{source}/{k}": v for k, v in table.items()}
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, record["step"])
        self.writer.flush()

    def close(self) -> None:
        """No event comes after this."""
        self.writer.close()
