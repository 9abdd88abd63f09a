"""`python -m facedemo.worker RUN_DIRECTORY` trains a run, see `facedemo.training.worker`."""

from facedemo.training.worker import main

if __name__ == "__main__":
    main()
