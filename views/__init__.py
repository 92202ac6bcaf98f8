"""How a person sees it: one screen a file, over `analysis`."""
