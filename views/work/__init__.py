"""Who computes, and when: pages by turns, heavy work in a process of its own, more than is done unasked on request."""
