"""Whether votes make a knob that does what was voted for: `python bench/vote.py [DREAM …] [--scenes N]`.

A simulated voter likes the colour of one scene. They watch a dream as it plays, and every few seconds vote up when the
picture is nearer to that colour than half of those they have seen, else down. After 30 votes the knob is moved from -3
to 3 at several moments that they did not vote about. The figure is the correlation of the knob with the picture's mean
colour on the line from the dream's colours to the one that is liked; then the same with one vote in ten wrong.
Everything goes through a real deck, table and vote, without a clock, and is the same each time.
"""

import argparse
import json
from collections import deque

import numpy as np

from livedream.backend import cpu
from livedream.dream import read
from livedream.loop.deck import Deck
from livedream.parts.voting import Voting
from livedream.picture.frame import host_pixels
from livedream.play import dream_parameters
from livedream.play.player import Player

VOTES = 30
WATCHED = 10  # pictures seen before the first vote
EVERY = 1.5  # seconds between two looks
MOMENTS = 8
AMOUNTS = np.linspace(-3, 3, 7)
WANTED = 0.8


class Hall:
    """A deck that plays one dream, and the vote about it."""

    def __init__(self, name, folder="."):
        self.dream = read.load(name)
        self.table = dream_parameters.of(self.dream, 1)
        self.deck = Deck(0, Player(self.dream, cpu.load))
        self.voting = Voting([self.deck], self.table, folder)
        self.values = self.table.tick(1 / 30)

    def play(self, seconds, *votes):
        """Go on, and vote at the end of it."""
        frames = round(seconds * 30)
        for number in range(frames):
            for each in votes if number == frames - 1 else ():
                self.table.set(f"vote/{each}", (), "somebody")
            self.values = self.table.tick(1 / 30)
            self.voting.on_frame(self.values)
            self.deck.move(1, 30, self.values)

    def colour(self, amount=None):
        """The mean colour of the picture, red, green and blue; with the knob at that amount."""
        values = self.values if amount is None else self.values.changed({"vote/amount": float(amount)})
        drawn = host_pixels(self.deck.player.draw(values))
        return drawn[::4, ::4, :3].reshape(-1, 3).mean(0)

    def scene(self, number):
        """Jump to a scene; return the colour it has there."""
        self.table.set("dream/scene_jump", (number,))
        self.play(1 / 30)
        return self.colour()


def vote(hall, target, wrong, random):
    """Let a voter vote; return the colours that they saw."""
    hall.table.set("vote/reset", ())
    hall.play(1 / 30)
    far, seen = deque(maxlen=40), []
    votes = 0
    while votes < VOTES:
        if len(seen) % 8 == 0 and hall.dream.scenes:
            hall.scene(int(random.integers(len(hall.dream.scenes))))
        hall.play(EVERY * random.uniform(0.6, 1.4))
        colour = hall.colour()
        seen.append(colour)
        far.append(float(np.linalg.norm(colour - target)))
        if len(seen) <= WATCHED:
            continue
        liked = far[-1] < np.median(far)
        hall.play(1 / 30, "up" if liked != (random.random() < wrong) else "down")
        votes += 1
    hall.play(2.0)  # the direction glides to where it was learned to be
    return np.array(seen)


def correlations(hall, axis, random):
    """Return the knob's correlation with the colour along `axis` at each of several moments, and how far it goes."""
    found, reach = [], []
    for _ in range(MOMENTS):
        if hall.dream.scenes:
            hall.scene(int(random.integers(len(hall.dream.scenes))))
        hall.play(random.uniform(1.0, 3.0))
        along = [hall.colour(each) @ axis for each in AMOUNTS]
        found.append(float(np.corrcoef(AMOUNTS, along)[0, 1]))
        reach.append(float(along[-1] - along[0]))
    return np.array(found), np.array(reach)


def measure(name, scenes, wrong, seed=0):
    """Return a row for each scene: correlations (mean and least), grey levels from -3 to 3, how sure the vote was."""
    hall, rows = Hall(name), []
    for number in range(min(scenes, len(hall.dream.scenes))):
        random = np.random.default_rng([seed, number])
        target = hall.scene(number)
        seen = vote(hall, target, wrong, random)
        axis = target - seen.mean(0)
        found, reach = correlations(hall, axis / np.linalg.norm(axis), random)
        status = hall.voting.status()["vote"]["decks"][0]
        rows.append(
            {"dream": name, "scene": number, "wrong": wrong, "mean": round(float(found.mean()), 3)}
            | {"least": round(float(found.min()), 3), "levels": round(float(reach.mean()), 1), "sure": status["sure"]}
        )
    return rows


def film(path, name="rainbow", scene=5, amount=2.5, seconds=6, fps=12):
    """Write what the dream shows with the knob down, in the middle and up, side by side, once a voter has voted."""
    from PIL import Image

    hall, random = Hall(name), np.random.default_rng(scene)
    vote(hall, hall.scene(scene), 0.0, random)
    pictures = []
    for _ in range(seconds * fps):
        hall.play(1 / fps)
        drawn = []
        for each in (-amount, 0.0, amount):
            values = hall.values.changed({"vote/amount": each})
            drawn.append(host_pixels(hall.deck.player.draw(values))[::2, ::2, :3])
        pictures.append(Image.fromarray(np.concatenate(drawn, 1)))
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=round(1000 / fps), loop=0, quality=55, method=4
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("dreams", nargs="*", default=["rainbow", "city", "abyss"])
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--film", help="write docs/vote.webp there, and nothing else")
    options = parser.parse_args()
    if options.film:
        film(options.film)
        return
    rows = []
    for name in options.dreams:
        for wrong in (0.0, 0.1):
            for row in measure(name, options.scenes, wrong):
                print(json.dumps(row), flush=True)
                rows.append(row)
    for name in options.dreams:
        for wrong in (0.0, 0.1):
            means = [row["mean"] for row in rows if (row["dream"], row["wrong"]) == (name, wrong)]
            says = "ok" if min(means, default=0) >= WANTED else f"below {WANTED} at {sum(m < WANTED for m in means)}"
            print(f"{name}, {wrong:.0%} of the votes wrong: {np.mean(means):.2f}, least {min(means):.2f}: {says}")


if __name__ == "__main__":
    main()
