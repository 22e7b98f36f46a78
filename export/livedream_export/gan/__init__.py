"""The kind gan: pictures that were never there, from a prior that is learned and a decoder that a critic polishes."""
