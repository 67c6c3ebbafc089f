"""Reporting: tables for the terminal and pictures for people."""
