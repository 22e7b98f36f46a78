"""The kind vae-rnn: a dream that moves as its footage does, without end, with pictures of it as memories."""
