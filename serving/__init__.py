"""TF Serving's API: a server, a client, batch jobs. Never imports zoo."""
