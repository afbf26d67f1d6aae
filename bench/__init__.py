"""The benchmarks of Tieout: `python -m bench` runs all of them and writes `bench-out/bench.json`; see docs/benchmarks.md."""
