"""The pages of training, a module each, named as its template; they call the interface alone."""
