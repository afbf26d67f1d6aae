"""Charts drawn here as SVG: labels stand on the lines, colours are classes of the style sheet, each has its table."""
