"""What `make bench` measures, and how its results get into docs/benchmarks.md."""
