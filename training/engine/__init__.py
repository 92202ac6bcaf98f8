"""How a run is trained: the loop, and what it is made of. All of it needs torch once it does something."""
