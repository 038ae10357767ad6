"""Bearer tokens and what a credential may do; not what a command needs of a role."""
