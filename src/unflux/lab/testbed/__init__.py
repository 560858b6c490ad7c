"""The testbed: a small internet of real servers in network namespaces of its own."""
