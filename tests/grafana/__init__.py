"""Dashboards: what they say, that Prometheus answers them, and what they look like."""
