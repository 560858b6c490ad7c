"""The hot path of reading, compiled on the user's machine: octets in, rolled-up tables out."""
