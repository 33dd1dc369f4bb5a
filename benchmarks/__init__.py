"""Speed, as ratios measured side by side in one run. Each module prints a table; `make bench` runs them all."""
