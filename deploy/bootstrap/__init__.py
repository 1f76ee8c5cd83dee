"""Installs Parley into `.venv` with nothing but Python 3.11 and a C++ compiler. Standard library only."""
