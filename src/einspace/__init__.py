"""einspace."""
