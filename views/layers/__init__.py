"""Layers: what one network is made of, and what each layer costs. `layers` is the screen."""
