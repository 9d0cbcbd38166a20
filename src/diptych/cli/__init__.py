"""The command line: one verb a part, plus what people do with a case."""
