"""The check of bundles, proofs and checkpoints: the standard library, one Ed25519 call, no I/O."""
