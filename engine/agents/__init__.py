"""One hop each, thin: a list in, its outputs durable when it returns. `line.py` is all of them on one screen."""
