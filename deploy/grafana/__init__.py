"""Dashboards for Grafana, as code: `python -m deploy.grafana` writes the JSON in `dashboards/` anew.

Each module beside this one is a dashboard; they are put together from `panels`, `queries`, `levels` and `colours`.
"""
