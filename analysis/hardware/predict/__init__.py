"""How long a network takes on a GPU, predicted from its layers and the GPU's data sheet (docs/prediction.md)."""
