"""A machine of its own, emulated: QEMU without KVM, so it runs wherever the tests do. Its serial console is read line by line. Standard library only."""

import dataclasses
import pathlib
import shutil
import subprocess
import threading
import time

from checks import Skip
from demo_client import wait_until

QEMU = "qemu-system-x86_64"
BOOT_S = 300  # with everything emulated on a busy machine

# The host's page cache keeps nothing for the guest; the guest sees a disk with a write cache, which it has to flush.
PAST_THE_CACHE = "file.cache.direct=on"


def require_qemu():
    if not shutil.which(QEMU):
        raise Skip(f"{QEMU} is not installed (Debian: qemu-system-x86)")


def disk_options(name, file, more):
    return ["-blockdev", f"driver=raw,node-name={name},file.driver=file,file.filename={file},{more}", "-device", f"virtio-blk-pci,drive={name}"]


@dataclasses.dataclass
class Line:
    words: list
    at: float        # time.monotonic() of the host when it was read


class Guest:
    """One boot. `disk` is the device's disk, a raw ext4 image; what is said on the console goes to `console` as well. With `log`,
    another empty disk, the guest writes down there what it writes to the first one."""

    def __init__(self, files, disk, console, task, log=None):
        self.lines, self.arrived = [], threading.Condition()
        self.console = open(console, "a")
        self.process = subprocess.Popen([str(part) for part in self.command(files, disk, task, log)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def command(self, files, disk, task, log):
        words = f"console=ttyS0 quiet panic=-1 shilu.task={task}" + (" shilu.log=vdc" if log else "")
        return ["nice", "-n", "15", QEMU, "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "Nehalem,+rdrand", "-smp", "2", "-m", "1024",
                "-nodefaults", "-display", "none", "-nic", "none", "-no-reboot", "-serial", "stdio", "-kernel", files.kernel, "-initrd", files.first,
                "-append", words, *disk_options("root", files.root, "read-only=on"), *disk_options("disk", disk, PAST_THE_CACHE),
                *(disk_options("log", log, PAST_THE_CACHE) if log else [])]

    def read(self):
        for text in self.process.stdout:
            self.console.write(text)
            self.console.flush()
            marker, _, rest = text.partition("> ")
            if marker.strip() or not rest:
                continue
            with self.arrived:
                self.lines.append(Line(rest.split(), time.monotonic()))
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


def make_blank(image, megabytes):
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    return pathlib.Path(image)


def make_disk(image, megabytes):
    make_blank(image, megabytes)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-F", str(image)], check=True)
    return pathlib.Path(image)
