"""Hardware: how fast networks are on GPUs. `hardware` is the screen."""
