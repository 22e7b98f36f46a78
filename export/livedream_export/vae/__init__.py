"""The kind vae: pictures of the material and what lies between them, wandered through without a recurrent network."""
