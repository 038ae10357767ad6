"""`make bench`: danchu beside the tutorial design, in one run, exact before a figure is printed.

`city` makes the events and puts them into the stream, `serve` is each measured process, `client`
the load over HTTP, `tutorial` the design to compare with; `exact` checks, `measures` measures,
`report` prints. `python -m tests.bench --help` says what can be asked.
"""
