"""The edge to files: reads and writes them, and trusts none. A reader works in a child process."""
