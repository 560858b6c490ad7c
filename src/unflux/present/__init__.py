"""Draw one result for a terminal, a pipe, a file or a browser."""
