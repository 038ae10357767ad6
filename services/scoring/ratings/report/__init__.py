"""The council's report on a year: targets, classes, movements and duties; no words, no files."""
