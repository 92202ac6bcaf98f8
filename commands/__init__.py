"""The commands of `cli.py`, one module a question, with the options and the output that they share."""
