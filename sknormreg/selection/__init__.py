"""Selection of features: which ones matter, and with which error rate."""
