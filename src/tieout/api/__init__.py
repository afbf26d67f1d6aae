"""What callers reach over HTTP: messages by key, webhooks by signature, and how this process is doing."""
