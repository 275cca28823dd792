"""Notification, quote and standing in; verdict out. Pure: one gate a file, the first answer wins."""
