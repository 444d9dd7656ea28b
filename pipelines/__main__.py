"""`python -m pipelines`: the command line where the `keepwise` script is not on the path."""

from .cli import main

if __name__ == "__main__":
    main()
