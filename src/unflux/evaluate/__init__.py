"""Score what detectors said of labelled domains."""
