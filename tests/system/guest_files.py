"""What a guest needs: Debian's kernel with its test drivers, and a root file system made of this machine's own programs. Standard library only.

All of it is kept in a folder beside the programs and made again when they change.
"""

import pathlib
import re
import shutil
import subprocess

from checks import Skip

HERE = pathlib.Path(__file__).resolve().parent
GUEST = HERE.parent / "guest"

# In the order that is given; what each depends on comes before it. The options make one camera with one input.
MODULES = {"virtio_pci": "", "virtio_blk": "", "crc32c_generic": "", "ext4": "",
           "vivid": "n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0", "snd_aloop": "", "dm_log_writes": ""}
PROGRAMS = ["shilu", "shilu-sources", "shilu-capture", "shilu-recorder"]
PLUGINS = ["alsa", "app", "audioconvert", "audioparsers", "audioresample", "audiotestsrc", "coreelements", "jpeg", "libav", "playback",
           "typefindfunctions", "video4linux2", "videoconvertscale", "videoparsersbad", "videorate", "videotestsrc", "x264"]
PYTHON_LEFT_OUT = shutil.ignore_patterns("test", "idlelib", "lib2to3", "distutils", "ensurepip", "pydoc_data", "unittest", "tkinter", "config-*",
                                         "sitecustomize.py")


def made_by(command, why, **options):
    try:
        return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **options).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Skip(f"{why}: {getattr(error, 'stderr', '') or error}".strip().replace("\n", " ")) from error


def package(folder, name):
    """A Debian package's files, unpacked and not installed; the folder they are in."""
    place = folder / name
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        if not list(folder.glob(f"{name}_*.deb")):
            made_by(["apt-get", "download", name], f"{name} cannot be had", cwd=folder)
        unpacked = folder / f"{name}.part"
        shutil.rmtree(unpacked, ignore_errors=True)
        made_by(["dpkg-deb", "-x", next(folder.glob(f"{name}_*.deb")), unpacked], f"{name} cannot be unpacked")
        unpacked.rename(place)
    return place


def kernel_package(folder):
    depends = made_by(["apt-cache", "depends", "linux-image-amd64"], "no kernel package is known")
    return package(folder, re.search(r"Depends: (linux-image-\S+)", depends)[1])


class Modules:
    """A kernel's modules and what each needs (its own `depends`)."""

    def __init__(self, kernel):
        self.files = {file.stem.replace("-", "_"): file for file in kernel.glob("lib/modules/**/*.ko")}
        self.order = []

    def add(self, name):
        if name in self.order:
            return
        for other in re.search(rb"\0depends=([^\0]*)\0", self.files[name].read_bytes())[1].decode().replace("-", "_").split(","):
            if other:
                self.add(other)
        self.order.append(name)


class Archive:
    """A cpio archive ("newc"), the form in which a kernel takes its first files."""

    def __init__(self):
        self.data = bytearray()
        self.count = 0

    def add(self, name, mode, content=b""):
        self.count += 1
        path = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0]
        self.append(b"070701" + b"".join(b"%08X" % field for field in fields) + path)
        self.append(content)

    def append(self, piece):
        self.data += piece + bytes(-len(piece) % 4)

    def end(self):
        self.add("TRAILER!!!", 0)
        return bytes(self.data)


def first_files(kernel, busybox):
    modules = Modules(kernel)
    for name in MODULES:
        modules.add(name)
    archive = Archive()
    archive.add("modules", 0o040755)
    for name in modules.order:
        archive.add(f"modules/{name}.ko", 0o100644, modules.files[name].read_bytes())
    order = "".join(f"{name} {MODULES.get(name, '')}\n" for name in modules.order)
    archive.add("modules/order", 0o100644, order.encode())
    archive.add("busybox", 0o100755, busybox.read_bytes())
    archive.add("init", 0o100755, (GUEST / "init").read_bytes())
    return archive.end()


def libraries_of(programs):
    """All that the loader would load for them."""
    said = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True).stdout
    return sorted({pathlib.Path(path) for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", said, re.MULTILINE)})


def copy_in(root, source, target=None):
    place = root / (target or str(source)).lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, place)


def plugin_files():
    folder = pathlib.Path(made_by(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"], "no GStreamer").strip())
    return [folder / f"libgst{name}.so" for name in PLUGINS]


def fill_root(root, bin_folder, busybox):
    for place in ("proc", "sys", "dev", "tmp", "data", "guest", "etc"):
        (root / place).mkdir(parents=True)
    for place in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / place).mkdir(parents=True)
        (root / place).symlink_to(f"usr/{place}")
    python = pathlib.Path("/usr/bin/python3").resolve()
    library = pathlib.Path("/usr/lib") / python.name
    programs = [bin_folder / name for name in PROGRAMS]
    tools = [python, pathlib.Path("/usr/bin/gst-launch-1.0"), pathlib.Path("/usr/sbin/dmsetup"), *plugin_files()]
    for missing in [tool for tool in tools if not tool.exists()]:
        raise Skip(f"{missing} is not installed")
    for file in tools + libraries_of([*programs, *tools, *library.glob("lib-dynload/*.so")]):
        copy_in(root, file)
    for program in programs:
        copy_in(root, program, f"shilu/{program.name}")
    (root / "usr/bin/python3").symlink_to(python.name)
    shutil.copytree(library, root / str(library)[1:], ignore=PYTHON_LEFT_OUT)
    shutil.copytree("/usr/share/alsa", root / "usr/share/alsa", ignore=shutil.ignore_patterns("ucm*", "topology"))
    for file in (GUEST / "lesson.py", HERE / "recorder_process.py", HERE / "demo_client.py", busybox):
        copy_in(root, file, f"guest/{file.name}")
    (root / "etc/passwd").write_text("root:x:0:0::/tmp:/bin/sh\n")
    made_by(["ldconfig", "-r", root], "ldconfig")


def newest(files):
    return max(file.stat().st_mtime_ns for file in files)


class GuestFiles:
    """`kernel`, `first`, `root`: the files that QEMU is started with."""

    def __init__(self, bin_folder):
        self.folder = bin_folder.parent / "guest"
        kernel = kernel_package(self.folder)
        busybox = package(self.folder, "busybox-static") / "bin/busybox"
        self.kernel = next(kernel.glob("boot/vmlinuz-*"))
        self.first, self.root = self.folder / "first.cpio", self.folder / "root.img"
        self.first.write_bytes(first_files(kernel, busybox))
        used = [bin_folder / name for name in PROGRAMS] + [*GUEST.iterdir(), *HERE.glob("*.py")]
        if not self.root.exists() or self.root.stat().st_mtime_ns < newest(used):
            self.make_root(bin_folder, busybox)

    def make_root(self, bin_folder, busybox):
        tree, image = self.folder / "root", self.folder / "root.part"
        shutil.rmtree(tree, ignore_errors=True)
        image.unlink(missing_ok=True)
        fill_root(tree, bin_folder, busybox)
        bytes_needed = sum(file.stat().st_size for file in tree.rglob("*") if file.is_file())
        made_by(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", tree, image, f"{bytes_needed * 5 // 4 // 1024 + 32768}k"],
                "no root file system can be made")
        shutil.rmtree(tree)
        image.rename(self.root)
