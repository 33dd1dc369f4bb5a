"""Metrics, one file each: functions of numpy arrays that return an `Estimate` with its interval.

`docs/evaluation.md` says what each means and when it misleads.
"""
