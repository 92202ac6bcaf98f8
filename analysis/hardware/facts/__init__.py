"""What others say of hardware: data sheets of devices, and published speeds and accuracies, each with its source."""
