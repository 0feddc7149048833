"""Benchmarks: each budget of docs/performance.md as rows that measure their own floor or peer beside the figure."""
