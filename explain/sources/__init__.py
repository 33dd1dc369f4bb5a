"""Sources of a target's values: functions, models in a folder, models behind a server."""
