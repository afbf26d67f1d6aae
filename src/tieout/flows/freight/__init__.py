"""Freight: what carriers ask for moving our shipments, against what the movement should cost."""
