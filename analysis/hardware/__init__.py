"""How fast networks are on GPUs: published, measured, predicted, and how their speeds and accuracies compare."""
