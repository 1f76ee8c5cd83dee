"""Answers in the making, followed by any number of readers on any replica."""
