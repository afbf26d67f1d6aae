"""The console: a workplace in the browser, rendered on the server. What it shows it reads, what it does it does through cases and people."""
