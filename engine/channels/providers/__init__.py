"""One file a provider: its settings, its words for our fates, its class and its callbacks."""
