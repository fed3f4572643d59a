# SPDX-License-Identifier: LGPL-2.1-or-later

"""A picture of the figures: bars of ratios, each to its target, and what grows with what."""

import statistics

WIDTH, BAR, GAP, LEFT = 760, 14, 6, 330
COLOURS = {'smtp-sink': '#4477aa', 'go-smtp': '#228833', 'aiosmtpd': '#ccbb44', 'smtp-server': '#ee6677'}
OTHER = '#888888'


def text(x, y, words, anchor='start', size=12, weight='normal'):
    words = words.replace('&', '&amp;').replace('<', '&lt;')
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}">{words}</text>')


def bar(y, name, ratio):
    """Up to 1.6; below 1 we need less than the other one."""
    scale = (WIDTH - LEFT - 60) / 1.6
    length = max(min(ratio['median'], 1.6) * scale, 1)
    parts = [text(LEFT - 8, y + BAR - 3, name, 'end'),
             f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{COLOURS.get(name, OTHER)}"/>',
             text(LEFT + length + 5, y + BAR - 3, f'{ratio["median"]:.2f}')]
    if ratio['target']:
        x = LEFT + min(ratio['target'], 1.6) * scale
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2}" y2="{y + BAR + 2}" stroke="black"/>')
    return parts


def bars(workloads, y):
    parts = [text(10, y, 'What we need, as a part of what the other one needs; the line is what was aimed at', size=14,
                  weight='bold')]
    y += 16
    for workload in workloads:
        if not workload['ratios']:
            continue
        y += 12
        parts.append(text(10, y, workload['title'], weight='bold'))
        y += 6
        for name, ratio in workload['ratios'].items():
            parts += bar(y, name, ratio)
            y += BAR + GAP
    return parts, y + 20


def curve(points, y, title, unit):
    """Figures by what they grow with, each with its number: the steps are powers of ten."""
    height = 160
    most = max(value for _, value in points) * 1.2 or 1
    step = (WIDTH - 120) / max(len(points) - 1, 1)
    places = [(60 + i * step, y + 30 + height * (1 - value / most)) for i, (_, value) in enumerate(points)]
    parts = [text(10, y + 10, title, size=14, weight='bold'),
             '<polyline fill="none" stroke="#4477aa" stroke-width="2" points="'
             + ' '.join(f'{x:.1f},{v:.1f}' for x, v in places) + '"/>',
             f'<line x1="50" x2="{WIDTH - 40}" y1="{y + 30 + height}" y2="{y + 30 + height}" stroke="black"/>']
    for (label, value), (x, v) in zip(points, places):
        parts += [f'<circle cx="{x:.1f}" cy="{v:.1f}" r="3" fill="#4477aa"/>',
                  text(x, v - 8, f'{value:.2f} {unit}', 'middle', 11),
                  text(x, y + 30 + height + 16, label, 'middle', 11)]
    return parts, y + height + 80


def median(workload):
    """Of our own."""
    return statistics.median(value['cpu'] for value in next(iter(workload['servers'].values())))


def growth(workloads, prefix, per_octet=False):
    points = []
    for name, workload in workloads.items():
        if name.startswith(prefix):
            size = int(name[len(prefix):])
            value = median(workload)
            points.append((f'{size:,}', value * 1024 / size if per_octet else value))
    return points


def draw(figures, path):
    workloads = figures['workloads']
    shown = [workload for name, workload in workloads.items() if not name.startswith(('beside-', 'size-'))]
    parts, y = bars(shown, 24)
    beside = growth(workloads, 'beside-')
    if beside:
        more, y = curve(beside, y, 'Processor time for a message of 1 KiB, by connections that are open beside', 'µs')
        parts += more
    sizes = growth(workloads, 'size-', per_octet=True)
    if sizes:
        more, y = curve(sizes, y, 'Processor time for each KiB of a message kept in memory, by its size in octets', 'µs')
        parts += more
    parts.append(text(10, y, f'{figures["machine"]}; median of {figures["rounds"]} rounds', size=11))
    with open(path, 'w') as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 20:.0f}" width="{WIDTH}" '
                   f'font-family="sans-serif">\n<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n'
                   '<rect width="100%" height="100%" fill="white"/>\n' + '\n'.join(parts) + '\n</svg>\n')
