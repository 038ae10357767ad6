"""From an event to facts and tallies; pure, without points and classes."""
