"""What keeps a checkpoint from being made or read, in sentences."""


class CheckpointProblem(Exception):
    """It says what is amiss and the way out."""
