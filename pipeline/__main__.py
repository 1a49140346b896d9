"""`python -m pipeline` is the command `truceline`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
