"""A phone or modem of one's own, by the folders of gammu-smsd (its service `files`).

A message is a file in `outbox`; gammu-smsd sends it and moves it to `sent` or `error`. The file's name carries our
reference, so a message that is handed over twice is found and left alone: wherever we are killed, it is sent once.

`spool.py` is what it sends, `inbox.py` what it got, `driver.py` the provider.
"""
