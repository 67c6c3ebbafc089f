"""Run: the folder of one search, the settings that decide its results, and what lies beside them."""
