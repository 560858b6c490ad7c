"""Turn profiles into verdicts by explicit evidence and tested innocent hypotheses."""
