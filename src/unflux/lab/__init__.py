"""The closed testbed: small internets of documentation and private addresses."""
