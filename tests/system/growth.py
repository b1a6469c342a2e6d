"""What processes hold - memory, descriptors, threads - over many rounds, as a slope with its noise. Standard library only."""

import dataclasses
import os
import pathlib


@dataclasses.dataclass
class Held:
    """One look at one process."""

    kilobytes: int  # RssAnon: what it allocated, without the programs' own pages
    descriptors: int
    threads: int


def look(pid):
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return Held(int(fields["RssAnon"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"]))


@dataclasses.dataclass
class Slope:
    """Least squares over the rounds: what each adds, and the standard error of that."""

    each: float
    error: float

    def certain(self):
        """What it grows at least, three standard errors down."""
        return self.each - 3 * self.error


def slope_of(values):
    count = len(values)
    middle_x, middle_y = (count - 1) / 2, sum(values) / count
    spread = sum((x - middle_x) ** 2 for x in range(count))
    each = sum((x - middle_x) * (y - middle_y) for x, y in enumerate(values)) / spread
    rest = sum((y - middle_y - each * (x - middle_x)) ** 2 for x, y in enumerate(values))
    return Slope(each, (rest / max(count - 2, 1) / spread) ** 0.5)


class Watch:
    """Looks at processes, by name, once a round."""

    def __init__(self, pids):
        self.pids = pids
        self.looks = {name: [] for name in pids}

    def look(self):
        for name, pid in self.pids.items():
            self.looks[name].append(look(pid))

    def slopes(self, name, skip):
        """By what is held; the first `skip` looks are the warming up."""
        looks = self.looks[name][skip:]
        return {field.name: slope_of([getattr(one, field.name) for one in looks]) for field in dataclasses.fields(Held)}

    def table(self, skip, per=1000, unit="1000 rounds"):
        lines = [f"  {'process':14} {'now':>22}   growth in {unit} (with its standard error)"]
        for name, looks in self.looks.items():
            now = looks[-1]
            cells = [f"{slope.each * per:+10.1f} ({slope.error * per:.1f}) {what}" for what, slope in self.slopes(name, skip).items()]
            lines.append(f"  {name:14} {now.kilobytes:8} kB {now.descriptors:3} fd {now.threads:3} th  {'  '.join(cells)}")
            lines.append(f"  {'':14} kB at each tenth: {' '.join(str(looks[place * (len(looks) - 1) // 10].kilobytes) for place in range(11))}")
        return "\n".join(lines)
