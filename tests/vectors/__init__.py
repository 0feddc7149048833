"""Figures that venues printed or documented, run through the kernel."""
