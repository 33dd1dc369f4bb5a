"""Self-contained HTML pages: of one explanation, of two side by side, and an index of many."""

import base64
import html as markup
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from explain.attacks import Attack
from explain.report import pictures
from explain.report.aggregate import rank_correlation
from explain.report.attribution import Attribution
from explain.report.captions import full_name, output_name, part_name
from serving.protocol.files import write_whole

LISTED = 10
"""Strongest parts in a table."""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
img { max-width: 100%; }
main { display: flex; flex-wrap: wrap; gap: 3rem; }
.verdict { border-left: .3rem solid #2166ac; padding: .3rem 1rem; background: #f2f6fa; }
.verdict.no { border-color: #b2182b; background: #fbf3f2; }
.many { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; }
.many figure { margin: 0; font-size: .8rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; }
td, th { padding: .1rem 1.2rem .1rem 0; text-align: left; font-variant-numeric: tabular-nums; }
th { font-weight: 500; color: #555; }
"""


def page(e: Attribution, attack: Attack | None = None) -> str:
    """One explanation: verdict, picture, strongest parts, numbers; and an attack, if given."""
    change = "" if attack is None else _section("The smallest change of the decision", _attack(attack))
    return _page(full_name(e), f"{_verdict(e)}{_main_picture(e)}{_tables(e)}{change}")


def comparison(one: Attribution, other: Attribution) -> str:
    """Two explanations of one input with the same masks, side by side."""
    both = (one, other)
    names = [full_name(e) for e in both]
    agreement = f"Rank correlation of the two: {rank_correlation(one, other):.2f}. Both share one colour scale."
    verdicts = "".join(_section(name, _verdict(e)) for name, e in zip(names, both, strict=True))
    picture = _image("The input, and the effect of its parts on both targets", pictures.compared(one, other))
    rows = zip(numbers(one), numbers(other), strict=True)
    details = _table([("", *names), *((title, left, right) for (title, left), (_, right) in rows)])
    strongest = sorted(one.ranking, key=lambda part: -max(abs(e.coefficients[part]) for e in both))[:LISTED]
    effects = _table(
        [(f"change of {output_name(one)}, 95 % interval", *names)]
        + [(part_name(one, part), *(_effect(e, part) for e in both)) for part in strongest]
    )
    tables = f"{_section('Strongest parts of either', effects)}{_section('Numbers', details)}"
    return _page(
        f"{one.model}: two explanations",
        f'<p>{agreement}</p><div class="pair">{verdicts}</div>{picture}<main>{tables}</main>',
    )


def index(found: Sequence[tuple[str, Attribution]], above: bytes | None = None) -> str:
    """The explanations of many inputs, each with the address of its page; `above` is a PNG of their mean."""
    first = found[0][1]
    trusted = sum(e.trust in ("trust", "caution") for _, e in found)
    largest = pictures.limit(e for _, e in found)
    figures = "".join(
        f'<figure><a href="{markup.escape(address)}">{_image("part effects", pictures.strip(e, largest))}</a>'
        f"<figcaption>f(x) = {e.f_x:.4g}, {markup.escape(e.trust)}</figcaption></figure>"
        for address, e in found
    )
    mean = _image("mean over all", above) if above else ""
    return _page(
        f"{full_name(first)}: {len(found)} explanations",
        f"<p>{trusted} of {len(found)} can be trusted, at least in their largest coefficients. All share one colour "
        f"scale: the darkest red and blue are a change of {markup.escape(output_name(first))} by {largest:.3g}.</p>"
        f'{mean}<div class="many">{figures}</div>',
    )


def write(path: Path, text: str) -> None:
    """Writes a page to disk, complete or not at all. Makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)


def numbers(e: Attribution) -> list[tuple[str, str]]:
    """The numbers of an explanation and how it was found, by name."""
    rows = [
        ("f(x)", f"{e.f_x:.6g}"),
        ("f(baseline)", f"{e.f_baseline:.6g}"),
        ("R², held-out R²", "undefined" if math.isnan(e.r2) else f"{e.r2:.4f}, {e.r2_held_out:.4f}"),
        ("linear model at x", f"{e.local_prediction:.6g}"),
        ("intercept", f"{e.intercept:.6g}"),
        ("parts", f"{len(e.coefficients)}, of which {len(e.dead)} equal the baseline and have no effect"),
        ("baseline", e.baseline),
        ("samples, seed", f"{e.samples}, {e.seed}"),
        ("engine, α, kernel width", f"{e.engine}, {e.alpha:g}, {e.kernel_width:g}"),
        ("evaluations, calls", f"{e.evaluations}, {e.calls}"),
        ("seconds", f"{e.seconds:.2f}"),
    ]
    if e.reference_size:
        rows.append(("reference batch", f"{e.reference_size} inputs"))
    if (q := e.quality) is not None:
        rows += [
            ("deletion, insertion", f"{q.deletion:.4g}, {q.insertion:.4g}; in random order {q.random_order:.4g}"),
            ("random orders with lower deletion", f"{q.order:.0%}"),
            ("infidelity", f"{q.infidelity:.4f}"),
            ("stability over seeds (VSI)", f"{q.vsi:.0%}"),
            ("rank correlation with shuffled weights", "not available" if q.sanity is None else f"{q.sanity:.2f}"),
        ]
    return rows


def _page(title: str, body: str) -> str:
    title = markup.escape(title)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def _verdict(e: Attribution) -> str:
    kind = "verdict" if e.trust in ("trust", "caution") else "verdict no"
    return f'<p class="{kind}">{markup.escape(e.verdict)}</p>'


def _main_picture(e: Attribution) -> str:
    return _image("The input, and the effect of each of its parts", pictures.png(e))


def _tables(e: Attribution) -> str:
    strongest = [("part", f"change of {output_name(e)}, 95 % interval")]
    strongest += [(part_name(e, part), _effect(e, part)) for part in e.ranking[:LISTED]]
    return f"<main>{_section('Numbers', _table(numbers(e)))}{_section('Strongest parts', _table(strongest))}</main>"


def _effect(e: Attribution, part: int) -> str:
    low, high = e.intervals[part]
    return f"{e.coefficients[part]:+.4g}, {low:+.4g} to {high:+.4g}"


def _attack(attack: Attack) -> str:
    return f"<p>{markup.escape(attack.summary)}</p>{_image('Before, change, after', pictures.attacked(attack))}"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{markup.escape(title)}</h2>{body}</section>"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    cells = (
        f"<tr><th>{markup.escape(title)}</th>{''.join(f'<td>{markup.escape(v)}</td>' for v in values)}</tr>"
        for title, *values in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _image(alt: str, picture: bytes) -> str:
    return f'<img alt="{markup.escape(alt)}" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
