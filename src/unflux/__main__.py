"""Run the command line with ``python -m unflux``."""

from unflux.cli.app import main

if __name__ == "__main__":
    main()
