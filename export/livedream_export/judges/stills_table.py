"""The figures of judges.stills as a table for people."""

from typing import Any

from . import lpips
from .results import bar, row

Figures = dict[str, Any]
NAMES = {"lite0": "Lite0", "vgg16": "VGG16"}


def text(figures: Figures) -> str:
    """Return all figures as stills.judge makes them."""
    footage = figures["footage"]
    width, height = footage["size"]
    sources = footage["sources"]
    named = ", ".join(sources[:4]) + (f" and {len(sources) - 4} more" if len(sources) > 4 else "")
    head = [
        f"{figures['dream']}  {width}x{height}, a {figures['kind']}, {figures['drawn']} pictures drawn",
        f"material: {named}, {footage['frames']} pictures",
    ]
    parts = [head, _beside(figures), _novelty(figures["novelty"]), _walk(figures), _reconstruction(figures)]
    parts += [_knobs(figures["knobs"]), [figures["verdict"]]]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _beside(figures: Figures) -> list[str]:
    lines = [f"  {'drawn pictures beside the material':<36}{'dream':>10}{'material':>10}"]

    def line(what: str, form: str, ours: float | None, own: float | None, after: str = "") -> None:
        cells = "".join(f"{'–' if value is None else format(value, form):>10}" for value in (ours, own))
        lines.append(f"  {what:<36}{cells}{after}".rstrip())

    for name, each in figures["likeness"].items():
        trained = " (trained on)" if each["trained_on"] else ""
        ratio = f"   {each['ratio']:.2f} x its halves'" if each["ratio"] else ""
        line(f"Fréchet, {NAMES[name]}{trained}", ".3g", each["frechet"], each["frechet_halves"], ratio)
        line(f"coverage, {NAMES[name]}{trained}", ".0%", each["coverage"], each["coverage_halves"])
    if not figures["likeness"]:
        lines.append("  Fréchet distances: not measured, there are too few pictures")
    various = figures["variety"]
    mend = (
        f"   {lpips.INSTALL}" if various["dream"] is None else f"   {various['share']:.0%}" if various["share"] else ""
    )
    line("variety, LPIPS-AlexNet", ".3f", various["dream"], various["footage"], mend)
    spectrum, colour = figures["spectrum"], figures["colour"]
    for name in ("slope", "lattice"):
        what = "slope of the spectrum" if name == "slope" else name
        line(what, ".2f", *(spectrum[each][name] for each in ("dream", "footage")))
    line("edges, share of the material's", ".0%", spectrum["edges"], 1.0)
    line("contrast, share of the material's", ".0%", colour["contrast"], 1.0)
    return [*lines, row("mean colour", f"{colour['off']:.1f} grey levels off")]


def _novelty(found: Figures) -> list[str]:
    own, edges = found["distance_footage"], found["histogram"]["edges"]
    scale = f"; the material's own {own:.1f}" if own else ""
    lines = [
        "nearness of each drawn picture to its nearest of the material, both reduced to 16x16",
        row("median distance", f"{found['distance']:.1f} grey levels{scale}"),
        row(f"  {edges[0]} to {edges[-1]} and more, drawn", bar(found["histogram"]["dream"])),
        row("  the material's", bar(found["histogram"]["footage"]) or "not measured"),
        row("of the material, nearest to one drawn", f"{found['different']}"),
    ]
    return lines if found["copies"] is None else [*lines, row("copies", f"{found['copies']:.0%}")]


def _walk(figures: Figures) -> list[str]:
    walk = figures["walk"]
    jump = f"; the largest {walk['largest']:.1f} times that"
    return [row(f"walk at temperature {figures['temperature']:g}", f"{walk['change']:.2f} grey levels a frame{jump}")]


def _reconstruction(figures: Figures) -> list[str]:
    made = figures["reconstruction"]
    if not made:
        return []
    lines = [
        row(f"PSNR of {made['frames']} held-out pictures", f"{made['psnr_db']:.2f} dB"),
        row("SSIM", f"{made['ssim']:.3f}"),
    ]
    for kind, name in (("alex", "AlexNet"), ("vgg", "VGG16")):
        if made.get(f"lpips_{kind}") is not None:
            lines.append(row(f"LPIPS-{name}", f"{made[f'lpips_{kind}']:.3f}"))
    return lines


def _knobs(found: Figures | None) -> list[str]:
    if not found:
        return []
    lines = [f"knobs at -2 and +2, {found['measured_by']}, at {found['scenes']} scenes"]
    lines += [row(name, f"{effect:.3f}") for name, effect in found["effects"].items()]
    if found["alike_of"]:
        lines.append(row("most alike, of 1", f"{found['alike']:.2f}: {' and '.join(found['alike_of'])}"))
    return lines
