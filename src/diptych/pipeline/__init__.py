"""Joins parts and edges: the only place that knows both."""
