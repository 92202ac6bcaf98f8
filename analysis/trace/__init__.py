"""The second route: any real module, run with shapes instead of arithmetic, as `Layer` records."""
