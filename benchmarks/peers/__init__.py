"""Other tools under the same load, each in a virtual environment of its own."""
