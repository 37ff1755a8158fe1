"""Run the command line as ``python -m solnum_ld``."""

from solnum_ld.cli import main

if __name__ == "__main__":
    main()
