"""Graphs: Graphviz says where things stand, the drawing is ours, so that it follows the theme and every box is a link."""
