# SPDX-License-Identifier: LGPL-2.1-or-later

"""A picture of a soak: memory and descriptors over time."""

WIDTH, HEIGHT, LEFT, GAP = 760, 180, 70, 70


def text(x, y, words, anchor='start', weight='normal'):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" font-weight="{weight}">{words}</text>'


def thin(samples, n):
    """No more points than there is room for; of those in between, the highest."""
    step = max(len(samples) // n, 1)
    return [(samples[i][0], max(value for _, value in samples[i:i + step])) for i in range(0, len(samples), step)]


def curve(samples, y, title, unit):
    samples = thin(samples, 300)
    longest = samples[-1][0] or 1
    most = max(value for _, value in samples) * 1.2 or 1
    points = ' '.join(f'{LEFT + time / longest * (WIDTH - LEFT - 20):.1f},{y + HEIGHT * (1 - value / most):.1f}'
                      for time, value in samples)
    bottom = y + HEIGHT
    parts = [text(10, y - 10, title, weight='bold'),
             f'<polyline fill="none" stroke="#4477aa" stroke-width="1.5" points="{points}"/>',
             f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{bottom}" y2="{bottom}" stroke="black"/>',
             f'<line x1="{LEFT}" x2="{LEFT}" y1="{y}" y2="{bottom}" stroke="black"/>']
    for part in range(5):
        value, time = most * part / 4, longest * part / 4
        parts.append(text(LEFT - 6, y + HEIGHT * (1 - part / 4) + 4, f'{value:.3g} {unit}', 'end'))
        parts.append(text(LEFT + part / 4 * (WIDTH - LEFT - 20), bottom + 16, f'{time / 60:.1f} min', 'middle'))
    return parts


def draw(samples, path):
    parts = curve([(time, memory / 1024) for time, memory, _ in samples], 40, 'Memory in RAM', 'MiB')
    parts += curve([(time, n) for time, _, n in samples], 40 + HEIGHT + GAP, 'Descriptors that are open', '')
    height = 2 * (HEIGHT + GAP)
    with open(path, 'w') as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                   'font-family="sans-serif">\n<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n'
                   '<rect width="100%" height="100%" fill="white"/>\n' + '\n'.join(parts) + '\n</svg>\n')
