"""The Celery application: background work that PostgreSQL knows of and Redis only announces."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import heartbeat_sent, setup_logging, task_postrun, task_prerun, worker_ready

from common.request_id import begin, end

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Celery warns of root, since messages may be pickled code. Ours are JSON alone.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("watchfloor")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_everything_else_does(**signal: Any) -> None:
    """Celery sets up no log of its own where somebody answers here; Django's settings have done it (portal/logs.py)."""
    logging.captureWarnings(True)


@task_prerun.connect
def name_what_is_logged(task_id: str, **signal: Any) -> None:
    """A worker's process does one task at a time; what it logs meanwhile carries the task's number."""
    begin(task_id)


@task_postrun.connect
def name_nothing_more(**signal: Any) -> None:
    end()


@worker_ready.connect
@heartbeat_sent.connect
def show_sign_of_life(**signal: Any) -> None:
    """The worker's main process says every few seconds that it takes messages; /readyz looks for it."""
    from portal.health import WORKER_KEY, WORKER_KEY_SECONDS, redis_client

    try:
        with redis_client() as client:
            client.set(WORKER_KEY, "1", ex=WORKER_KEY_SECONDS)
    except Exception:
        # The broker may be away for a moment; the worker reconnects by itself and /readyz tells meanwhile.
        logging.getLogger(__name__).warning("The worker's sign of life could not be written.", exc_info=True)
