"""Racing: the best of a search is trained again beside the best baseline, on other samples, for its score of the search is biased."""
