"""CPU and memory of processes, for benches. Standard library only."""

import os
import pathlib

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    """User and system time of the processes and of their children that ended."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(int(fields[place]) for place in (11, 12, 13, 14))
    return total / TICKS_PER_SECOND


def memory_kb(pids):
    """Proportional set size: a page that four processes share counts for each as a quarter."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


class Meter:
    """CPU from here to stop(), as a share of one core. `pids` by name, in lists."""

    def __init__(self, pids, clock):
        self.pids, self.clock = pids, clock
        self.begun_at = clock()
        self.begun = {name: cpu_seconds(group) for name, group in pids.items()}

    def stop(self):
        """{name: (percent of a core, kB)}"""
        seconds = self.clock() - self.begun_at
        return {name: (100 * (cpu_seconds(group) - self.begun[name]) / seconds, memory_kb(group)) for name, group in self.pids.items()}


def quantile(values, share):
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]
