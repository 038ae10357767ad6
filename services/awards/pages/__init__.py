"""The pages of awards, a module each, named as its template; they call the interface alone."""
