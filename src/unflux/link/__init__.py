"""Join domains that share agents or name-server hosts into flux networks."""
