"""What leaves the house: files are made of incidents, and all that is taken out is recorded."""

from exports.commands.exports import (
    MadeFile,
    at_hand,
    claim,
    expire,
    finish_export,
    give_up,
    hold_on,
    let_go,
    put_away,
    record_download,
    record_export,
    request_export,
)
from exports.commands.recording import record_data_export, record_log_export, record_queue_export

__all__ = [
    "MadeFile",
    "at_hand",
    "claim",
    "expire",
    "finish_export",
    "give_up",
    "hold_on",
    "let_go",
    "put_away",
    "record_data_export",
    "record_download",
    "record_export",
    "record_log_export",
    "record_queue_export",
    "request_export",
]
