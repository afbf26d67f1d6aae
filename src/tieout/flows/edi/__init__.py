"""Electronic data interchange: the technical acknowledgment of every functional group."""
