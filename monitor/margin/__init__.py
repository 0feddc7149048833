"""The mathematics of margin: pure, without I/O, clock, log or chance. See docs/kernel.md."""
