"""What stands in front of the first block, of networks of more than one family."""
