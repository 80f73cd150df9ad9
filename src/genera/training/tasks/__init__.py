"""Ways of optimising a model, each a complete LightningModule."""
