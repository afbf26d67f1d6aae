"""What a running process tells about itself: logs, metrics, traces. Never what is in a message, never a secret."""
