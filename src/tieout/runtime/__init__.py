"""The loop around the core: receive, apply, tick, replay, rebuild. Here the world is touched; the rules are elsewhere."""
