"""Pure syntax: bytes to structure and back, ignorant of the business."""
