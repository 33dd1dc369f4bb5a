"""The error of batch jobs."""


class JobError(Exception):
    """The job cannot be run as it was described; the message says why, and what would be right."""
