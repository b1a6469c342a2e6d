"""An ext4 file system of a test's own, on a loop device: it can be frozen, filled, broken, and lose its power. Needs root."""

import contextlib
import fcntl
import os
import pathlib
import struct
import subprocess

from checks import Skip
from demo_client import wait_until

# linux/fs/ext4/ext4.h: EXT4_IOC_SHUTDOWN = _IOR('X', 125, __u32); from then on nothing reaches the device, not even the journal.
EXT4_IOC_SHUTDOWN = 0x8004587D
EXT4_GOING_FLAGS_NOLOGFLUSH = 2


def command(*parts):
    done = subprocess.run([str(part) for part in parts], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, parts))}: {done.stderr.strip()}")
    return done.stdout.strip()


def fill(file):
    """Somebody else's file grows until the disk is full."""
    with contextlib.suppress(OSError), open(file, "ab", buffering=0) as other:
        while True:
            other.write(bytes(1 << 16))


class LoopDisk:
    def __init__(self, work, name, megabytes):
        self.image, self.path = work / f"{name}.img", work / name
        self.path.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(megabytes << 20)
        try:
            command("mkfs.ext4", "-q", "-m", "0", "-F", self.image)
            self.mount()
        except OSError as why:
            raise Skip(f"no ext4 can be mounted here: {why}") from why

    def mount(self):
        command("mount", "-o", "loop,noatime,errors=remount-ro", self.image, self.path)

    def unmount(self):
        """Also in mount namespaces that are about to end: mounted twice, it would be damaged."""
        def gone():
            with contextlib.suppress(OSError):
                command("umount", self.path)
            return not os.path.ismount(self.path) and not command("losetup", "-j", self.image)

        wait_until(f"{self.path} without users", 20, gone)

    def device(self):
        return command("findmnt", "-no", "SOURCE", self.path)

    def cut_power(self):
        """What was not synced is gone. Processes that hold files get EIO from now on."""
        directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", EXT4_GOING_FLAGS_NOLOGFLUSH))
        finally:
            os.close(directory)

    def power_on(self):
        """After cut_power(), when nobody holds a file any more: mounts it again, which replays the journal."""
        self.unmount()
        self.mount()

    @contextlib.contextmanager
    def frozen(self):
        """In the block nothing can be written. Thawed in any case: who writes to a frozen disk cannot even be killed."""
        command("fsfreeze", "-f", self.path)
        try:
            yield
        finally:
            command("fsfreeze", "-u", self.path)

    def free_bytes(self):
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize

    def fill(self, leave):
        """A file of somebody else, so large that so many bytes are left."""
        with contextlib.suppress(OSError), open(self.path / "something-else", "ab", buffering=0) as file:
            while (too_much := self.free_bytes() - leave) > 0:
                file.write(bytes(min(1 << 18, too_much)))
                os.fsync(file.fileno())

    def clear(self):
        """That file is gone, and its room is free: ext4 frees it with its next commit only."""
        (self.path / "something-else").unlink()
        subprocess.run(["sync", "-f", self.path], check=True)

    def find_error(self):
        """ext4 finds itself damaged, as after a bad sector, and goes read-only."""
        trigger = pathlib.Path("/sys/fs/ext4") / pathlib.Path(self.device()).name / "trigger_fs_error"
        if not trigger.exists():
            raise Skip("this kernel has no trigger_fs_error")
        trigger.write_text("test")

    def repair(self):
        """e2fsck while it is not mounted; 1 means that it mended something."""
        done = subprocess.run(["e2fsck", "-p", "-f", self.image], capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stdout + done.stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, TimeoutError):
            self.unmount()
