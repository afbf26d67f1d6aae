"""The interface for people's programs, `/api/v1`: everything the console does, over HTTP, described by OpenAPI. No page."""
