"""Which of many rules hold: engines that answer as `engine.rules.when.match` does, only sooner."""
