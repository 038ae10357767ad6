"""The services of danchu and the chassis that every process of theirs runs on."""
