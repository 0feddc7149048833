"""One small pool for every margin mode of the venues, each with its answer worked out by hand."""
