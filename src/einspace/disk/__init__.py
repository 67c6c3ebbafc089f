"""Disk: files appear whole or not at all, and only regular files of a bounded size are read."""
