"""The flight recorder: what came in, batch by batch, and what was decided; written so that it can be replayed."""
