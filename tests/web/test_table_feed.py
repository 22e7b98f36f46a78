"""The messages that pages get about the table."""

import json

from livedream.parameters import PLAYER, TEMPO, Table
from livedream.web.table_feed import Changes, TableFeed


def test_a_value_that_waits_for_the_beat_and_is_taken_back_is_corrected_on_every_page():
    waiting = True
    table = Table([*PLAYER, *TEMPO])
    table.off_beat = lambda: waiting
    feed = TableFeed(table)
    table.set("player/speed", [2.0], "page 1")
    feed.on_frame(table.tick(0.1))
    assert '"value": 2.0' in feed.whole()  # a page that opens now sees the value that waits
    table.set("player/speed", [1.0], "desk")
    waiting = False
    snapshot = table.tick(0.1)
    feed.on_frame(snapshot)
    feed.add(snapshot)
    news = feed.take()
    assert isinstance(news, Changes)
    assert json.loads(news.message("page 1", {}) or "")["values"] == {"player/speed": 1.0}
    assert '"value": 2.0' not in feed.whole()
