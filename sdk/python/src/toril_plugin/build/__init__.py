"""Builds a component from a plugin's module. Not part of any component."""
