"""`python -m diptych` is the command."""

from diptych.cli.main import main

if __name__ == "__main__":
    main()
