"""Portfolio margin, that of retail and Pro: one requirement for spot loans and both kinds of futures."""
