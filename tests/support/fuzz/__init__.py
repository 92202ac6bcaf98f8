"""Inputs that mean harm, drawn from a seed: values, designs, files, command lines; and who watches what they do."""
