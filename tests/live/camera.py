#!/usr/bin/env python3
"""A camera for tests: serves a pipeline over RTSP on loopback at /stream and prints its port.

camera.py LAUNCH [--port N] [--user U --password P] [--transport tcp|udp]

Calls libgstrtspserver directly, so that it needs nothing but the library and python3. Kill it, freeze it (SIGSTOP) or
start it again on its port to make the camera do the same.
"""

import argparse
import ctypes

gst = ctypes.CDLL("libgstreamer-1.0.so.0")
rtsp = ctypes.CDLL("libgstrtspserver-1.0.so.0")
glib = ctypes.CDLL("libglib-2.0.so.0")

TRANSPORT = {"udp": 1, "tcp": 4}  # GstRTSPLowerTrans
GST_RTSP_AUTH_DIGEST = 2
G_TYPE_STRING = 16 << 2
G_TYPE_BOOLEAN = 5 << 2


def returning_pointer(library, name, *arguments):
    function = getattr(library, name)
    function.restype = ctypes.c_void_p
    return ctypes.c_void_p(function(*arguments))


def text(value):
    return ctypes.c_char_p(value.encode())


def protect(server, factory, user, password):
    """Digest authentication (RFC 2617) for everything that the factory serves."""
    token = returning_pointer(rtsp, "gst_rtsp_token_new", text("media.factory.role"),
                              ctypes.c_size_t(G_TYPE_STRING), text("viewer"), ctypes.c_void_p(None))
    auth = returning_pointer(rtsp, "gst_rtsp_auth_new")
    rtsp.gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST)
    rtsp.gst_rtsp_auth_add_digest(auth, text(user), text(password), token)
    rtsp.gst_rtsp_server_set_auth(server, auth)
    permissions = returning_pointer(rtsp, "gst_rtsp_permissions_new")
    rtsp.gst_rtsp_permissions_add_role(
        permissions, text("viewer"),
        text("media.factory.access"), ctypes.c_size_t(G_TYPE_BOOLEAN), ctypes.c_int(1),
        text("media.factory.construct"), ctypes.c_size_t(G_TYPE_BOOLEAN), ctypes.c_int(1), ctypes.c_void_p(None))
    rtsp.gst_rtsp_media_factory_set_permissions(factory, permissions)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("launch")
    parser.add_argument("--port", default="0")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--transport", choices=sorted(TRANSPORT))
    arguments = parser.parse_args()

    gst.gst_init(None, None)
    server = returning_pointer(rtsp, "gst_rtsp_server_new")
    rtsp.gst_rtsp_server_set_address(server, text("127.0.0.1"))
    rtsp.gst_rtsp_server_set_service(server, text(arguments.port))
    factory = returning_pointer(rtsp, "gst_rtsp_media_factory_new")
    rtsp.gst_rtsp_media_factory_set_launch(factory, text(arguments.launch))
    if arguments.transport:
        rtsp.gst_rtsp_media_factory_set_protocols(factory, TRANSPORT[arguments.transport])
    if arguments.user:
        protect(server, factory, arguments.user, arguments.password)
    mounts = returning_pointer(rtsp, "gst_rtsp_server_get_mount_points", server)
    rtsp.gst_rtsp_mount_points_add_factory(mounts, text("/stream"), factory)
    if rtsp.gst_rtsp_server_attach(server, None) == 0:
        raise SystemExit("the port is in use")
    print(rtsp.gst_rtsp_server_get_bound_port(server), flush=True)
    loop = returning_pointer(glib, "g_main_loop_new", None, 0)
    glib.g_main_loop_run(loop)


if __name__ == "__main__":
    main()
