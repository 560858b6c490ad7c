"""Turn sightings and lookups into one profile per domain, as Ibis expressions."""
