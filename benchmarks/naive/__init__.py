"""Models as one would write them straight from the paper: what the benchmarks compare the library with."""
