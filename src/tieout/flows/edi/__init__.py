"""Electronic data interchange: the technical acknowledgment of every functional group, and the documents that customers take."""
