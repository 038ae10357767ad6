"""What the commands do: with `services.cli` the only modules that know every service.

Owns nothing. Takes in what a person asked on the command line. Emits what the services do.
"""
