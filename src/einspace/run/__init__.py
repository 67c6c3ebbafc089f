"""Run: the folder of one search, the settings that decide its results, and the other files in the folder."""
