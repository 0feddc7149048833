"""Decisions about alerts, pure: which reading is dangerous, and when somebody is told of it."""
