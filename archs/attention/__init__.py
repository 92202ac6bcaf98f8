"""What weighs channels by what they hold, in networks of more than one family."""
