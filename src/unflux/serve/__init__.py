"""Serve: the policy zone as a primary server hands it to resolvers."""
