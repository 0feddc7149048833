"""Where things stand on the screen. Colours are those of the terminal's own theme."""

from __future__ import annotations

STYLE = """
Screen { background: ansi_default; color: ansi_default; layers: base; }
Lines { background: ansi_default; }
#head, #tabs, #titles, #foot { height: 1; }
#tabs { margin-bottom: 1; }
#body { height: 1fr; }
#left { width: 1fr; }
#details { width: 1fr; padding: 0 1; }
.wide #details { border-left: solid ansi_bright_black; }
.wide #details:focus { border-left: heavy ansi_cyan; }
#why { height: auto; max-height: 3; display: none; }
.gone #why { display: block; }
.short #tabs { margin-bottom: 0; }
.list #details, .opened #left { display: none; }
#wanted { display: none; height: 1; border: none; padding: 0 1; background: ansi_default; color: ansi_default; }
.looking #wanted { display: block; }
.looking #foot { display: none; }
Toast { background: ansi_default; color: ansi_default; border: round ansi_cyan; width: 64; max-width: 100%; }
"""
