"""Values and rules with no input or output: the floor everything else stands on."""
