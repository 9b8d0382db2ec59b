"""What all plots share."""

COLOURS = ("#1565c0", "#ef6c00", "#757575", "#2e7d32", "#6a1b9a")
