"""The ways to people and machines, one file each: settings, render (pure), then send. Delivery stands around them."""
