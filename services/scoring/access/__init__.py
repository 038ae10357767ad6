"""What interface and pages of scoring share: who may read what, and which reads are logged."""
