"""From events to facts and tallies, pure; points and classes are computed in `ratings`."""
