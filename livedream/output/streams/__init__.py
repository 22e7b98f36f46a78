"""Pictures over the network, encoded in a process of their own."""
