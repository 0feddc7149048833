"""MQTT: every alert, the state of every pool, and discovery for Home Assistant."""
