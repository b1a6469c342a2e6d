#!/usr/bin/env python3
"""A Wayland desktop without a graphics card, of real parts: sway (wlroots), PipeWire, WirePlumber, xdg-desktop-portal with its part for
wlroots, a session bus of their own. Everything stands in --folder:

    run/bus, run/pipewire-0       where programs reach it: XDG_RUNTIME_DIR=FOLDER/run DBUS_SESSION_BUS_ADDRESS=unix:path=FOLDER/run/bus
    answer                        what the person says when asked to share a screen: the screen's name, or nothing, which refuses;
                                  while there is no such file, the person hesitates
    hold                          while there is such a file, no picture of the screen is finished (with --preload)
    asked                         a line each time that somebody was asked
    portal.pid, backend.pid       the processes that the bus has started

Prints "ready" and runs until SIGTERM. --film FILE is shown over the whole screen from then on, --rate pictures a second."""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

SCREEN = "HEADLESS-1"
LIBEXEC = pathlib.Path("/usr/libexec")
NEEDED = ["sway", "pipewire", "wireplumber", "dbus-daemon", LIBEXEC / "xdg-desktop-portal", LIBEXEC / "xdg-desktop-portal-wlr"]
SERVICES = {
    "org.freedesktop.portal.Desktop": ("portal", "xdg-desktop-portal"),
    "org.freedesktop.impl.portal.desktop.wlr": ("backend", "xdg-desktop-portal-wlr"),
    "org.freedesktop.impl.portal.PermissionStore": ("store", "xdg-permission-store"),
}
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={folder}/run/bus</listen><auth>EXTERNAL</auth><servicedir>{folder}/services</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


def missing_programs():
    return [str(program) for program in NEEDED if shutil.which(program) is None]


def write_script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


class Desktop:
    def __init__(self, options):
        self.options = options
        self.folder = options.folder.resolve()
        self.processes = []
        self.environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")} | {
            "HOME": f"{self.folder}/home", "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", f"{pathlib.Path.home()}/.cache"), "XDG_RUNTIME_DIR": f"{self.folder}/run", "XDG_CONFIG_HOME": f"{self.folder}/config",
            "XDG_DATA_HOME": f"{self.folder}/home", "XDG_STATE_HOME": f"{self.folder}/home", "XDG_CURRENT_DESKTOP": "sway",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.folder}/run/bus", "WAYLAND_DISPLAY": f"{self.folder}/sway/wayland-1",
            "XDPW_PERSIST_MODE": "permanent"}  # without it this portal asks each time

    def start(self, name, command, environment=None):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(command, env=environment or self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def await_file(self, path):
        end = time.monotonic() + 10
        while not path.exists():
            if time.monotonic() > end:
                sys.exit(f"{path} did not come; see the logs in {self.folder}")
            time.sleep(0.01)

    def prepare(self):
        for name in ("home", "run", "services", "config/xdg-desktop-portal-wlr", "sway"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "run").chmod(0o700)
        (self.folder / "bus.conf").write_text(BUS.format(folder=self.folder))
        (self.folder / "answer").write_text(SCREEN + "\n")
        write_script(self.folder / "chooser", f"echo asked >> {self.folder}/asked\nwhile [ -e {self.folder}/asked -a ! -e {self.folder}/answer ]; do sleep 0.05; done\ncat {self.folder}/answer\n")
        (self.folder / "config/xdg-desktop-portal-wlr/config").write_text(f"[screencast]\nchooser_type=simple\nchooser_cmd={self.folder}/chooser\n")
        for service, (name, program) in SERVICES.items():
            if name in self.options.without:
                continue
            preload = f"SHILU_HOLD_PICTURES={self.folder}/hold LD_PRELOAD={self.options.preload} " if name == "backend" and self.options.preload else ""
            write_script(self.folder / f"start-{name}", f"echo $$ > {self.folder}/{name}.pid\n{preload}exec {LIBEXEC / program} >> {self.folder}/{name}.log 2>&1\n")
            (self.folder / "services" / f"{service}.service").write_text(f"[D-BUS Service]\nName={service}\nExec={self.folder}/start-{name}\n")

    def start_sway(self):
        """sway refuses to run as root, who runs tests in containers."""
        runtime = self.folder / "sway"
        config = runtime / "config"
        config.write_text(f"output {SCREEN} mode --custom {self.options.size}@60Hz\noutput * bg #336699 solid_color\ndefault_border none\nxwayland disable\n")
        command = ["sway", "-c", str(config)]
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            shutil.chown(runtime, "nobody", "nogroup")
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        runtime.chmod(0o700)
        environment = {key: value for key, value in self.environment.items() if key != "WAYLAND_DISPLAY"} | {
            "XDG_RUNTIME_DIR": str(runtime), "HOME": str(runtime), "WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1"}
        self.start("sway", command, environment)
        self.await_file(runtime / "wayland-1")

    def await_service(self, service):
        """The bus starts it. Until it answers: this backend overlooks what it is asked while it is being started, and a portal that asks it then hangs."""
        ping = ["gdbus", "call", "--session", "--timeout", "1", "-d", service, "-o", "/org/freedesktop/portal/desktop", "-m", "org.freedesktop.DBus.Peer.Ping"]
        end = time.monotonic() + 15
        while subprocess.run(ping, env=self.environment, capture_output=True, check=False).returncode != 0:
            if time.monotonic() > end:
                sys.exit(f"{service} does not answer; see the logs in {self.folder}")
            time.sleep(0.05)

    def run(self):
        self.prepare()
        self.start("bus", ["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile"])
        self.await_file(self.folder / "run/bus")
        if "pipewire" not in self.options.without:
            self.start("pipewire", ["pipewire"])
            self.await_file(self.folder / "run/pipewire-0")
            self.start("wireplumber", ["wireplumber"])
        self.start_sway()
        for service, (name, _) in reversed(SERVICES.items()):
            if name not in self.options.without and not (name == "backend" and "pipewire" in self.options.without):
                self.await_service(service)
        if self.options.film:
            show = f"filesrc location={self.options.film} ! decodebin ! videorate ! video/x-raw,framerate={self.options.rate}/1 ! videoconvert ! waylandsink"
            self.start("film", ["gst-launch-1.0", "-q", *show.split()])
        print("ready", flush=True)
        while True:
            signal.pause()

    def end(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name, program in SERVICES.values():
            self.end_service(self.folder / f"{name}.pid", program)

    @staticmethod
    def end_service(pid_file, program):
        """Most end with their bus; one that hangs is still ours as long as its command line says so."""
        pid = pid_file.read_text().strip() if pid_file.exists() else ""
        command_line = pathlib.Path(f"/proc/{pid}/cmdline")
        if pid and command_line.exists() and command_line.read_bytes().startswith(f"{LIBEXEC / program}\0".encode()):
            os.kill(int(pid), signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--size", default="256x144")
    parser.add_argument("--film", type=pathlib.Path)
    parser.add_argument("--rate", type=int, default=5)
    parser.add_argument("--preload", type=pathlib.Path, help="see screencopy_shim.cpp")
    parser.add_argument("--without", nargs="*", default=[], choices=["pipewire", "portal", "backend"])
    options = parser.parse_args()
    if missing_programs():
        sys.exit(f"not installed: {', '.join(missing_programs())}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    desktop = Desktop(options)
    try:
        desktop.run()
    finally:
        desktop.end()


if __name__ == "__main__":
    main()
