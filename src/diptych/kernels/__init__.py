"""Heavy arithmetic: arrays in, arrays out; numpy, scipy and numba only."""
