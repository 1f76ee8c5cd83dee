"""Suites that measure Parley on public data, and their runner."""
