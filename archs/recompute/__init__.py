"""Training that makes tensors again in the backward pass instead of keeping them (docs/memory.md).

What is made again is cheap: concatenation, batch norm, ReLU. No convolution runs again, no running statistic is updated
again, and results are those of the plain network.
"""
