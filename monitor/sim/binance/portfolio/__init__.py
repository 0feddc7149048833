"""Portfolio margin, that of retail (papi) and Pro (sapi): one requirement for spot loans and both kinds of futures."""
