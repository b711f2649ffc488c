from dataclasses import dataclass
from pathlib import Path


@dataclass
class Limits:
    seconds: float
    memory: int
    file_size: int


class PrintingFailed(Exception): ...


def print_report(report, into, *, limits, tell): ...
