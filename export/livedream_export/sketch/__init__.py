"""The kind sketch: a recurrent network that draws with a pen, stroke by stroke, learned from drawings."""
