"""Numbers that judge samples, one file each: numpy in, an `Estimate` with its interval out; no model is known here.

`docs/evaluation.md` says what each means and when it misleads.
"""
