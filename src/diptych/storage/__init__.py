"""Effects on disk: values as JSON and arrays, folders that change all at once, the event log."""
