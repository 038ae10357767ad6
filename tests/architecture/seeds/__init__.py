"""Small made-up trees with one fault each, by which the rules are tested; not our own tree."""
