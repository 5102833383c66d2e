"""Serving pages to this machine's browser: the guard in front of every server that the project starts."""
