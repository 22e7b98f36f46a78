"""What a dream is called, and what is advised."""

import pytest
from livedream_export.judges.verdict import advice, verdict, word

GOOD = {
    "least_change": 0.7,
    "worst_to_first": 1.1,
    "windows": {"motion": 0.9},
    "spectrum": {"dream": {"slope": -2.1}, "footage": {"slope": -2.1}},
    "colour": {"off": 3.0, "contrast": 0.95},
    "reconstruction": {"lpips_alex": 0.15},
}


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("good", {}),
        ("stands still", {"least_change": 0.1}),
        ("stands still", {"windows": {"motion": 0.1}}),
        ("falls apart", {"worst_to_first": 4.0}),
        ("good", {"worst_to_first": 4.0, "windows": {"motion": 0.9, "frames_to_halves": 1.1}}),  # only elsewhere
        ("good", {"least_change": 0.1, "footage": {"least_change": 0.01}}),  # as the footage stands still
        ("falls apart", {"spectrum": {"dream": {"slope": -1.0}, "footage": {"slope": -2.1}}}),
        ("grey", {"colour": {"off": 20.0, "contrast": 0.9}}),
        ("grey", {"colour": {"off": 2.0, "contrast": 0.4}}),
        ("soft", {"spectrum": {"dream": {"slope": -3.3}, "footage": {"slope": -2.1}, "edges": 0.2}}),
        ("good", {"spectrum": {"dream": {"slope": -5.4}, "footage": {"slope": -3.4}, "edges": 0.5}}),
        ("soft", {"reconstruction": {"lpips_alex": 0.57}}),
        ("good", {"reconstruction": None, "windows": None, "spectrum": None, "colour": None}),  # not measured
        ("good", {"reconstruction": {"lpips_alex": None}}),
    ],
)
def test_the_word_is_of_the_worst_that_is_seen(expected, change):
    assert word(GOOD | change) == expected


def test_what_was_trained_too_little_goes_on_and_the_rest_gets_advice():
    soft = GOOD | {"reconstruction": {"lpips_alex": 0.57}}
    assert verdict(soft, 3, 20) == "soft: trained for 3 of about 20 recommended minutes; continue with `--resume`"
    better = "good: trained for 3 of about 20 recommended minutes; more make it better still (`--resume`)"
    assert verdict(GOOD, 3, 20) == better
    assert verdict(soft, 20, 20).startswith("soft: trained long enough; add footage")
    assert verdict(GOOD, 21.4, 20) == "good: trained for 21 minutes, which is enough"
    assert advice(GOOD) == "good"
    assert "--resume" in advice(soft)
