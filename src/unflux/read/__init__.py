"""Turn any DNS record source into sightings, lookups and answer sets."""
