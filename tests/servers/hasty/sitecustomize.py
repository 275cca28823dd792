"""Put on PYTHONPATH, it makes an engine look at its calendars several times a second: a test cannot wait minutes.

What is wrong with one is told after a second.
"""

from datetime import timedelta
from functools import partial

from engine.sources.calendar import feed, watcher, watching

feed.DEFAULT_REFRESH = feed.LEAST_FILE_REFRESH = timedelta(seconds=0.2)
watcher.Pace = partial(watcher.Pace, start=0.2, first=0.2, cap=1.0)  # type: ignore[misc,assignment]
watching.MEANT = timedelta(seconds=1)
