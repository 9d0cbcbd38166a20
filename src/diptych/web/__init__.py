"""The live board in the browser: pages drawn by the server, entries by JSON, news by a stream."""
