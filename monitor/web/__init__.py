"""The HTTP server: metrics, health, reports as JSON, and a page for people."""
