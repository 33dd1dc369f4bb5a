"""What is wrong with a job."""


class BadJob(Exception):
    """The job cannot be done as it was asked for; the message says why, and what would be right."""
