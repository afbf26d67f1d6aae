"""One module per page, each with its `routes`; `console.app` finds them here."""
