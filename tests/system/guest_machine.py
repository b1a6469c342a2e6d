"""A machine of its own, emulated: QEMU without KVM, so it runs wherever the tests do. Its serial console is read line by line. Standard library only."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import threading
import time

from checks import Skip
from demo_client import wait_until

QEMU = "qemu-system-x86_64"
BOOT_S = 300  # with everything emulated on a busy machine


def require_qemu():
    if not shutil.which(QEMU):
        raise Skip(f"{QEMU} is not installed (Debian: qemu-system-x86)")


@dataclasses.dataclass
class Line:
    words: list
    at: float        # time.monotonic() of the host when it was read
    log_bytes: int   # how much the disk's log of writes had by then; 0 without one


class Guest:
    """One boot. `disk` is the device's disk, a raw ext4 image; what is said on the console goes to `console` as well."""

    def __init__(self, files, disk, console, task, write_log=None):
        self.write_log = write_log
        self.lines, self.arrived = [], threading.Condition()
        self.console = open(console, "a")
        self.process = subprocess.Popen([str(part) for part in self.command(files, disk, task)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def command(self, files, disk, task):
        words = f"console=ttyS0 quiet panic=-1 shilu.task={task}"
        return ["nice", "-n", "15", QEMU, "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "Nehalem,+rdrand", "-smp", "2", "-m", "1024",
                "-nodefaults", "-display", "none", "-nic", "none", "-no-reboot", "-serial", "stdio", "-kernel", files.kernel, "-initrd", files.first,
                "-append", words, "-blockdev", f"driver=raw,node-name=root,read-only=on,file.driver=file,file.filename={files.root}",
                "-device", "virtio-blk-pci,drive=root", *self.disk_options(disk), "-device", "virtio-blk-pci,drive=disk"]

    def disk_options(self, disk):
        """cache.direct: past the host's page cache. The guest sees a disk with a write cache, which it has to flush."""
        image = f"file.driver=file,file.filename={disk},file.cache.direct=on"
        if self.write_log is None:
            return ["-blockdev", f"driver=raw,node-name=disk,{image}"]
        return ["-blockdev", f"driver=raw,node-name=below,{image}",
                "-blockdev", f"driver=blklogwrites,node-name=disk,file=below,log-sector-size=512,log.driver=file,log.filename={self.write_log}"]

    def log_bytes(self):
        return os.stat(self.write_log).st_size if self.write_log else 0

    def read(self):
        for text in self.process.stdout:
            self.console.write(text)
            self.console.flush()
            marker, _, rest = text.partition("> ")
            if marker.strip() or not rest:
                continue
            with self.arrived:
                self.lines.append(Line(rest.split(), time.monotonic(), self.log_bytes()))
                self.arrived.notify_all()

    def said(self, word):
        with self.arrived:
            return [line for line in self.lines if line.words and line.words[0] == word]

    def last(self, word):
        return self.said(word)[-1]

    def await_line(self, word, seconds=BOOT_S):
        def probe():
            assert not self.said("failed"), " ".join(" ".join(line.words[1:]) for line in self.said("failed"))
            found = self.said(word)
            assert found or self.process.poll() is None, f"the guest ended with {self.process.returncode} without a line '{word}'"
            return found

        return wait_until(f"'{word}' on the console", seconds, probe)[0]

    def kill(self):
        """SIGKILL, as if the plug were pulled; the host's time.monotonic() of it."""
        at = time.monotonic()
        self.process.kill()
        self.process.wait()
        return at

    def await_end(self, seconds):
        assert self.process.wait(timeout=seconds) == 0, f"QEMU ended with {self.process.returncode}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.reader.join()
        self.process.stdout.close()
        self.console.close()


def make_disk(image, megabytes):
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-F", str(image)], check=True)
    return pathlib.Path(image)
