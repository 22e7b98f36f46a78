"""What `GET /status` says of the decks: what plays there, what is loaded, and what runs it."""

from collections.abc import Sequence
from dataclasses import dataclass

from livedream.loop.deck import Deck
from livedream.parameters import Table
from livedream.parts.loader import Loader
from livedream.parts.provider_upgrade import ProviderUpgrade


@dataclass(frozen=True)
class DeckServices:
    """A deck with the two services beside it."""

    deck: Deck
    upgrade: ProviderUpgrade
    loader: Loader


class DeckStatus:
    """The decks' fields of `GET /status`."""

    def __init__(self, table: Table, services: Sequence[DeckServices]):
        self._table, self._services = table, services

    def status(self) -> dict[str, object]:
        """One entry for each deck, and the drawings and steps that failed on all of them; any thread."""
        players = [each.deck.player for each in self._services]
        errors = sum(each.deck.errors for each in self._services) + sum(player.lost for player in players)
        return {"decks": [self._described(each) for each in self._services], "errors": errors}

    def _described(self, services: DeckServices) -> dict[str, object]:
        deck, loader = services.deck, services.loader
        player = deck.player
        return {
            "dream": player.dream.title,
            "sha256": player.dream.sha256,
            "seed": self._table.target(f"{deck.prefix}player/seed"),
            "step": player.steps,
            "providers": player.providers,
            "error": deck.error,
            "loading": loader.loading,
            "load_error": loader.error,
            "changed": loader.changed,
            "why": services.upgrade.choice.why,
            "past": player.walk.past_mode,
            "unstuck": player.unstuck,
            "memories": len(player.dream.memories or ()),
        }
