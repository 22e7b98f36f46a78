"""The figures of evaluate as a table for people."""

from typing import Any

from . import flow, lpips

BARS = "▁▂▃▄▅▆▇█"
NONE = "not measured"

Figures = dict[str, Any]


def text(figures: Figures) -> str:
    """Return all figures as evaluate makes them, with the limits for a good dream beside those that have one."""
    footage = figures["footage"]
    width, height = footage["size"]
    head = [
        f"{figures['dream']}  {width}x{height}, {footage['fps']:g} fps",
        f"footage: {', '.join(footage['sources'])}, {footage['frames']} frames",
    ]
    parts = [
        head,
        _reconstruction(figures),
        _footage(footage),
        *(_minutes(each, figures) for each in figures["dreams"]),
    ]
    parts += [_beside(figures), _novelty(figures["novelty"]), _knobs(figures["knobs"]), _temperatures(figures)]
    parts.append([figures["verdict"]])
    return "\n\n".join("\n".join(part) for part in parts if part)


def row(what: str, value: str, wanted: str = "", good: bool = True) -> str:
    """Return a line; wanted: the limit for a good dream; good: whether this one keeps it."""
    return f"  {what:<36}{value:<40}{wanted:<12}{('met' if good else 'MISSED') if wanted else ''}".rstrip()


def _trained(part: Figures | None, name: str = "trained_on") -> str:
    return " (trained on)" if part and part.get(name) else ""


def _number(value: float | None, form: str = ".2f", unit: str = "") -> str:
    return NONE if value is None else f"{value:{form}}{unit}"


def _reconstruction(figures: Figures) -> list[str]:
    made, limit = figures["reconstruction"], figures["limits"]["psnr_db"]
    lines = ["reconstruction of held-out frames"]
    if not made:
        return [*lines, "  not measured: the dream has no encode, or the footage is too short to hold any out"]
    lines += [
        row(f"PSNR of {made['frames']}", f"{made['psnr_db']:.2f} dB", f">= {limit:g} dB", made["psnr_db"] >= limit),
        row("  lowest", f"{made['psnr_db_least']:.2f} dB"),
        row("SSIM", f"{made['ssim']:.3f}"),
    ]
    for kind, name in (("alex", "AlexNet"), ("vgg", "VGG16")):
        value = made.get(f"lpips_{kind}")
        of = f"LPIPS-{name} of {made.get(f'lpips_{kind}_frames')}" if value is not None else f"LPIPS-{name}"
        lines.append(
            row(
                of + _trained(made, f"lpips_{kind}_trained_on"),
                _number(value, ".3f") if value is not None else lpips.INSTALL,
            )
        )
    return lines


def _footage(footage: Figures) -> list[str]:
    lines = [
        "the footage itself",
        row("frame-to-frame change", f"{footage['change']:.2f} grey levels"),
        row("  lowest over 4 s", f"{footage['least_change']:.0%} of it"),
        row("Fréchet, one half to the other", f"{footage['frechet_halves']:.0f}"),
    ]
    if footage["frechet_minutes"]:
        own = footage["frechet_minutes"]
        lines.append(row("Fréchet, a minute to the rest", f"{min(own):.0f} to {max(own):.0f}"))
    return lines


def _minutes(each: Figures, figures: Figures) -> list[str]:
    limits = figures["limits"]
    least, first, worst = (each[name] for name in ("least_change", "first_to_halves", "worst_to_first"))
    minutes, trained = len(each["frechet"]), _trained(each)
    return [
        f"{minutes} minute{'s' * (minutes > 1)} dreamt at temperature {figures['temperature']:g}, "
        f"seed {each['seed']}: {each['steps']} steps" + (f", {each['lost']} lost" if each["lost"] else ""),
        row("frame-to-frame change", f"{each['mean_change']:.0%} of the footage's"),
        row(
            "  lowest over 4 s",
            f"{least:.0%} (at {each['least_change_at_s']} s)",
            f"> {limits['least_change']:.0%}",
            least > limits["least_change"],
        ),
        row(
            "Fréchet, first minute" + trained,
            f"{each['frechet'][0]:.0f} = {first:.2f} x the halves'",
            f"<= {limits['first_to_halves']:g} x",
            first <= limits["first_to_halves"],
        ),
        row(
            "Fréchet, worst minute" + trained,
            f"{max(each['frechet']):.0f} = {worst:.2f} x the first's (minute {each['worst_minute']})",
            f"<= {limits['worst_to_first']:g} x",
            worst <= limits["worst_to_first"],
        ),
    ]


def _beside(figures: Figures) -> list[str]:
    """Return lines about the first dream beside the footage."""
    lines = [f"  {'first dream beside the footage':<36}{'dream':>10}{'footage':>10}{'rendered':>10}"]

    def line(
        what: str, form: str, dreamt: float | None, own: float | None, rendered: float | None = None, after: str = ""
    ) -> None:
        cells = [f"{'–' if value is None else format(value, form):>10}" for value in (dreamt, own, rendered)]
        lines.append(f"  {what:<36}{''.join(cells if rendered is not None else cells[:2])}{after}".rstrip())

    windows = figures["windows"]
    if windows:
        trained = _trained(windows)
        line("motion, share of the footage's", ".0%", windows["motion"], 1.0)
        if "frechet" in windows:
            for what, start in (("windows", ""), ("frames", "frames_")):
                of, own, ratio = (windows[start + each] for each in ("frechet", "frechet_halves", "to_halves"))
                line(f"Fréchet, {what}{trained}", ".0f", of, own, after=f"   {ratio:.2f} x its halves'")
        unexplained = figures["flow"]
        mend = f"   {flow.INSTALL}" if flow.MISSING else ""
        line("change not explained by motion", ".2f", unexplained["dream"], unexplained["footage"], after=mend)
        spectrum = figures["spectrum"]
        for name in ("slope", "lattice"):
            what = "slope of the spectrum" if name == "slope" else name
            line(what, ".2f", *(spectrum.get(each, {}).get(name) for each in ("dream", "footage", "drawn")))
        line("edges, share of the footage's", ".0%", spectrum["edges"], 1.0)
        colour = figures["colour"]
        line("contrast, share of the footage's", ".0%", colour["contrast"], 1.0)
        lines.append(row("mean colour", f"{colour['off']:.1f} grey levels off"))
    else:
        lines.append("  windows of 16 frames: not measured, the footage is too short")
    various = figures["variety"]
    mend = f"   {lpips.INSTALL}" if various["dream"] is None else ""
    line("variety, LPIPS" + _trained(various), ".3f", various["dream"], various["footage"], after=mend)
    return lines


def _novelty(found: Figures) -> list[str]:
    bars = {name: bar(found["histogram"][name]) for name in ("dream", "footage")}
    edges = found["histogram"]["edges"]
    own = found["distance_footage"]
    return [
        f"similarity to the footage: {found['pictures']} dreamt pictures, reduced, each to its nearest frame",
        row("median distance", f"{found['distance']:.1f} grey levels; the footage's own {_number(own, '.1f')}"),
        row(f"  {edges[0]} to {edges[-1]} and more, dream", bars["dream"]),
        row("  the footage's frames", bars["footage"] or NONE),
        row("longest replay", f"{found['replay_s']:.1f} s, at {found['replay_at_s']:.0f} s"),
        row("steps in the footage's order", f"{found['in_order']:.0%}"),
        row("seconds of the footage visited", f"{found['coverage']:.0%}"),
    ]


def bar(shares: list[float]) -> str:
    """Return a histogram as a line of blocks; the highest is full, an empty one is a dot."""
    most = max(shares, default=0)
    return "".join(BARS[min(7, int(8 * each / most))] if each else "·" for each in shares) if most else ""


def _knobs(found: Figures | None) -> list[str]:
    if not found:
        return []
    lines = [f"knobs at -2 and +2, {found['measured_by']}{_trained(found)}, at {found['scenes']} scenes"]
    lines += [row(name, f"{effect:.3f}") for name, effect in found["effects"].items()]
    if found["neighbouring_scenes"] is not None:
        lines.append(row("neighbouring scenes, for scale", f"{found['neighbouring_scenes']:.3f}"))
    if found["alike_of"]:
        lines.append(row("most alike, of 1", f"{found['alike']:.2f}: {' and '.join(found['alike_of'])}"))
    return lines


def _temperatures(figures: Figures) -> list[str]:
    found, limits = figures["temperatures"], figures["limits"]
    if len(found) < 2:
        return []
    lines = [f"  {'temperature, seed ' + str(found[0]['seed']):<36}{'motion':>10}{'lowest':>10}{'dissolved':>12}"]
    for each in found:
        stuck, dissolved = each["least_change"], each["worst_to_first"]
        good = stuck > limits["least_change"] and dissolved <= limits["worst_to_first"]
        cells = f"{each['mean_change']:>10.0%}{stuck:>10.0%}{dissolved:>10.2f} x"
        lines.append(f"  {format(each['temperature'], 'g'):<36}{cells}        {'met' if good else 'MISSED'}")
    return lines
