"""Watch: what arrives from name servers as they answer, in batches, and what changes by it."""
