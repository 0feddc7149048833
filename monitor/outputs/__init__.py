"""What leaves the process, one file each: render (pure), then send."""
