"""Commands: parse arguments, call the pipeline, print, turn errors into exit codes."""
