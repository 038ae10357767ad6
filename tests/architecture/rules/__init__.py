"""The rules of the architecture, one pure function each; not the trees they are held against."""
