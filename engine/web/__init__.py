"""The engine's own door to the web: what the outside world may tell it, and whether it lives."""
