"""Racing: what a search found is trained again beside the best baseline, on other samples, before anybody believes its score."""
