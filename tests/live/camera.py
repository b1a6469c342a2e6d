#!/usr/bin/env python3
"""A camera for tests: serves a pipeline over RTSP on loopback at /stream and prints its port.

camera.py LAUNCH [--port N] [--user U --password P [--authentication digest|basic]] [--transport tcp|udp]
          [--sub LAUNCH] [--clock-ppm N] [--shared] [--pictures N] [--key-file FILE]

Calls libgstrtspserver directly, so that it needs nothing but the library and python3. Kill it, freeze it (SIGSTOP) or
start it again on its port to make the camera do the same.
"""

import argparse
import ctypes
import os

gst = ctypes.CDLL("libgstreamer-1.0.so.0")
rtsp = ctypes.CDLL("libgstrtspserver-1.0.so.0")
glib = ctypes.CDLL("libglib-2.0.so.0")
gobject = ctypes.CDLL("libgobject-2.0.so.0")

TRANSPORT = {"udp": 1, "tcp": 4}  # GstRTSPLowerTrans
AUTHENTICATION = {"basic": 1, "digest": 2}  # GstRTSPAuthMethod
G_TYPE_STRING = 16 << 2
G_TYPE_BOOLEAN = 5 << 2


def returning_pointer(library, name, *arguments):
    function = getattr(library, name)
    function.restype = ctypes.c_void_p
    return ctypes.c_void_p(function(*arguments))


def text(value):
    return ctypes.c_char_p(value.encode())


def protect(server, user, password, method):
    """Authentication (RFC 2617) for everything that the server serves."""
    token = returning_pointer(rtsp, "gst_rtsp_token_new", text("media.factory.role"),
                              ctypes.c_size_t(G_TYPE_STRING), text("viewer"), ctypes.c_void_p(None))
    auth = returning_pointer(rtsp, "gst_rtsp_auth_new")
    rtsp.gst_rtsp_auth_set_supported_methods(auth, AUTHENTICATION[method])
    if method == "digest":
        rtsp.gst_rtsp_auth_add_digest(auth, text(user), text(password), token)
    else:
        basic = returning_pointer(rtsp, "gst_rtsp_auth_make_basic", text(user), text(password))
        rtsp.gst_rtsp_auth_add_basic(auth, basic, token)
    rtsp.gst_rtsp_server_set_auth(server, auth)


def admit_viewers(factory):
    permissions = returning_pointer(rtsp, "gst_rtsp_permissions_new")
    rtsp.gst_rtsp_permissions_add_role(
        permissions, text("viewer"),
        text("media.factory.access"), ctypes.c_size_t(G_TYPE_BOOLEAN), ctypes.c_int(1),
        text("media.factory.construct"), ctypes.c_size_t(G_TYPE_BOOLEAN), ctypes.c_int(1), ctypes.c_void_p(None))
    rtsp.gst_rtsp_media_factory_set_permissions(factory, permissions)


CONFIGURE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def bend_clock(factory, ppm):
    """Gives every media of the factory a clock of its own that gains `ppm` on the system's."""
    gst.gst_system_clock_get_type.restype = ctypes.c_size_t
    gst.gst_clock_get_time.restype = ctypes.c_uint64

    def configure(_, media, __):
        clock = returning_pointer(gobject, "g_object_new", ctypes.c_size_t(gst.gst_system_clock_get_type()), None)
        now = ctypes.c_uint64(gst.gst_clock_get_time(clock))
        gst.gst_clock_set_calibration(clock, now, now, ctypes.c_uint64(1_000_000 + ppm), ctypes.c_uint64(1_000_000))
        rtsp.gst_rtsp_media_set_clock(ctypes.c_void_p(media), clock)

    callback = CONFIGURE(configure)
    gobject.g_signal_connect_data(factory, text("media-configure"), callback, None, None, 0)
    return callback  # must live as long as the factory


PROBE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
PROBE_BUFFER, PROBE_DROP, PROBE_OK = 1 << 4, 0, 1  # GstPadProbeType, GstPadProbeReturn


def control_pictures(factory, count, key_file):
    """Lets `count` buffers into each media's pay0, and then no more; the stream stands, its other parts go on. Has a key picture made
    once `key_file` is there."""
    video = ctypes.CDLL("libgstvideo-1.0.so.0")
    kept = []

    def configure(_, media, __):
        element = returning_pointer(rtsp, "gst_rtsp_media_get_element", ctypes.c_void_p(media))
        payloader = returning_pointer(gst, "gst_bin_get_by_name", element, text("pay0"))
        pad = returning_pointer(gst, "gst_element_get_static_pad", payloader, text("sink"))
        left = [float("inf") if count is None else count]
        wanted = [key_file] if key_file else []

        def look(*_):
            if wanted and os.path.exists(wanted[0]):
                wanted.clear()
                whenever = ctypes.c_uint64(2**64 - 1)  # GST_CLOCK_TIME_NONE
                gst.gst_pad_push_event(pad, returning_pointer(video, "gst_video_event_new_upstream_force_key_unit", whenever, 1, 0))
            left[0] -= 1
            return PROBE_OK if left[0] >= 0 else PROBE_DROP

        probe = PROBE(look)
        kept.append(probe)
        gst.gst_pad_add_probe(pad, PROBE_BUFFER, probe, None, None)

    callback = CONFIGURE(configure)
    gobject.g_signal_connect_data(factory, text("media-configure"), callback, None, None, 0)
    return callback, kept  # must live as long as the factory


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("launch")
    parser.add_argument("--port", default="0")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--authentication", choices=sorted(AUTHENTICATION), default="digest")
    parser.add_argument("--transport", choices=sorted(TRANSPORT))
    parser.add_argument("--sub", help="a small stream at /sub")
    parser.add_argument("--clock-ppm", type=int, default=0)
    parser.add_argument("--shared", action="store_true", help="one stream for all viewers: who comes late gets no key picture")
    parser.add_argument("--pictures", type=int, help="after so many no more come")
    parser.add_argument("--key-file", help="once it is there, a key picture is made")
    arguments = parser.parse_args()

    gst.gst_init(None, None)
    server = returning_pointer(rtsp, "gst_rtsp_server_new")
    rtsp.gst_rtsp_server_set_address(server, text("127.0.0.1"))
    rtsp.gst_rtsp_server_set_service(server, text(arguments.port))
    if arguments.user:
        protect(server, arguments.user, arguments.password, arguments.authentication)
    mounts = returning_pointer(rtsp, "gst_rtsp_server_get_mount_points", server)
    kept = []
    for path, launch in (("/stream", arguments.launch), ("/sub", arguments.sub)):
        if not launch:
            continue
        factory = returning_pointer(rtsp, "gst_rtsp_media_factory_new")
        rtsp.gst_rtsp_media_factory_set_launch(factory, text(launch))
        if arguments.transport:
            rtsp.gst_rtsp_media_factory_set_protocols(factory, TRANSPORT[arguments.transport])
        if arguments.clock_ppm:
            kept.append(bend_clock(factory, arguments.clock_ppm))
        if arguments.pictures is not None or arguments.key_file:
            kept.append(control_pictures(factory, arguments.pictures, arguments.key_file))
        if arguments.shared:
            rtsp.gst_rtsp_media_factory_set_shared(factory, 1)
        if arguments.user:
            admit_viewers(factory)
        rtsp.gst_rtsp_mount_points_add_factory(mounts, text(path), factory)
    if rtsp.gst_rtsp_server_attach(server, None) == 0:
        raise SystemExit("the port is in use")
    print(rtsp.gst_rtsp_server_get_bound_port(server), flush=True)
    loop = returning_pointer(glib, "g_main_loop_new", None, 0)
    glib.g_main_loop_run(loop)


if __name__ == "__main__":
    main()
