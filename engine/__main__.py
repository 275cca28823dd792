"""`python -m engine` is `tocsin`."""

from engine.cli import main

if __name__ == "__main__":
    main()
