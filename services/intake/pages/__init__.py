"""Forms by which a person sends an event through the door; no other way past its checks."""
