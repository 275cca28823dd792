"""The outside world becomes events. The sources do not know each other."""
