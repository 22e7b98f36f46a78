"""What `livedream train` says about a dream's size becomes a recipe."""

from livedream_export.vae_rnn.recipe import TIERS, Recipe, chosen


def test_nothing_said_is_the_recipe_itself():
    assert chosen() == Recipe()


def test_as_many_memories_as_fit_none_or_at_most_so_many():
    assert (chosen().remembers, chosen().max_memories) == (True, 0)
    assert not chosen(memories=0).remembers
    assert (chosen(memories=300).remembers, chosen(memories=300).max_memories) == (True, 300)
    assert chosen(megabytes=12.5).megabytes == 12.5


def test_the_large_tier_is_larger_everywhere():
    assert all(large > live for large, live in zip(TIERS["large"], TIERS["live"], strict=True))
    assert chosen("large").widths == TIERS["large"]
