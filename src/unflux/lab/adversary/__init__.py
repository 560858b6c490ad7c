"""Flux that tries to escape and innocents that try to get caught, as records with labels."""
