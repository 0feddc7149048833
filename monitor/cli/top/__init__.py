"""`marginwatch top`: the terminal. It attaches to a running monitor, computes no risk, and shows what reports say.

From the monitor to the screen: `client` (HTTP) → `following` (stream, or asking again and again) → `picture` (what was
said last, and when) → the views `pools`, `alerts`, `feeds`, `groups` (rows and details as painted lines, pure) →
`widgets` and `app` (Textual). Nothing but the last two knows Textual.
"""
