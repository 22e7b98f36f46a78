"""DeepDream: an effect that grows eyes, fur, or shapes of one's own pictures on any picture, and a dream of its own."""
