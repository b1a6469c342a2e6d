#!/usr/bin/env python3
"""An ONVIF camera for tests: its device and media services over HTTP on loopback, and WS-Discovery. Prints its port.

onvif_camera.py [--user U --password P] [--clock-offset SECONDS] [--rtsp-port N] [--log FILE] [--discovery]

Answers as the specification's examples do, with prefixes of its own (no client may rely on them). The password's digest is
checked by hashlib, the time by the camera's own clock. Each changed setting is a line of the log.
"""

import argparse
import base64
import datetime
import hashlib
import http.server
import re
import socket
import threading
import time
import xml.etree.ElementTree as tree

S = "http://www.w3.org/2003/05/soap-envelope"
TRT = "http://www.onvif.org/ver10/media/wsdl"
TDS = "http://www.onvif.org/ver10/device/wsdl"
TT = "http://www.onvif.org/ver10/schema"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
AROUND = ('<?xml version="1.0"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="%s" xmlns:m="%s" xmlns:d="%s" xmlns:onv="%s" xmlns:ter="http://www.onvif.org/ver10/error">'
          "<SOAP-ENV:Body>%%s</SOAP-ENV:Body></SOAP-ENV:Envelope>" % (S, TRT, TDS, TT))


def encoder(gov, tag):
    return (f'<{tag} token="enc0"><onv:Name>main &amp; only</onv:Name><onv:UseCount>2</onv:UseCount><onv:Encoding>H264</onv:Encoding>'
            "<onv:Resolution><onv:Width>1920</onv:Width><onv:Height>1080</onv:Height></onv:Resolution><onv:Quality>4</onv:Quality>"
            "<onv:RateControl><onv:FrameRateLimit>25</onv:FrameRateLimit><onv:EncodingInterval>1</onv:EncodingInterval>"
            "<onv:BitrateLimit>4096</onv:BitrateLimit></onv:RateControl>"
            f"<onv:H264><onv:GovLength>{gov}</onv:GovLength><onv:H264Profile>Main</onv:H264Profile></onv:H264>"
            "<onv:SessionTimeout>PT60S</onv:SessionTimeout>"
            f"</{tag}>")


class Camera:
    def __init__(self, arguments):
        self.arguments = arguments
        self.gov = 100
        self.port = 0

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.arguments.clock_offset)

    def log(self, line):
        if self.arguments.log:
            with open(self.arguments.log, "a") as out:
                out.write(line + "\n")

    def is_allowed(self, envelope):
        if not self.arguments.user:
            return True
        token = envelope.find(f".//{{{WSSE}}}UsernameToken")
        if token is None or token.findtext(f"{{{WSSE}}}Username") != self.arguments.user:
            return False
        created = token.findtext(f"{{{WSU}}}Created")
        nonce = base64.b64decode(token.findtext(f"{{{WSSE}}}Nonce"))
        wanted = hashlib.sha1(nonce + created.encode() + self.arguments.password.encode()).digest()
        age = self.now() - datetime.datetime.strptime(created, "%Y-%m-%dT%H:%M:%S%z")
        fresh = abs(age.total_seconds()) < 30
        return fresh and base64.b64decode(token.findtext(f"{{{WSSE}}}Password")) == wanted

    def answer(self, text):
        envelope = tree.fromstring(text)
        request = envelope.find(f"{{{S}}}Body")[0]
        namespace, name = re.match(r"\{(.*)\}(.*)", request.tag).groups()
        if name == "GetSystemDateAndTime":
            now = self.now()
            return ("<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime><onv:UTCDateTime><onv:Time>"
                    f"<onv:Hour>{now.hour}</onv:Hour><onv:Minute>{now.minute}</onv:Minute><onv:Second>{now.second}</onv:Second></onv:Time><onv:Date>"
                    f"<onv:Year>{now.year}</onv:Year><onv:Month>{now.month}</onv:Month><onv:Day>{now.day}</onv:Day></onv:Date></onv:UTCDateTime>"
                    "</d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>")
        if not self.is_allowed(envelope):
            return ("<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode><SOAP-ENV:Value>"
                    "ter:NotAuthorized</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason><SOAP-ENV:Text>"
                    "Sender not authorized</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>")
        expected = TDS if name == "GetCapabilities" else TRT
        assert namespace == expected, f"{name} in {namespace}"
        if name == self.arguments.hang:
            time.sleep(60)
        return getattr(self, name)(request)

    def GetCapabilities(self, _):
        return ("<d:GetCapabilitiesResponse><d:Capabilities><onv:Media>"
                f"<onv:XAddr>http://127.0.0.1:{self.port}/onvif/media</onv:XAddr></onv:Media></d:Capabilities></d:GetCapabilitiesResponse>")

    def GetProfiles(self, _):
        profile = "".join(f'<m:Profiles token="{token}" fixed="true"><onv:Name>{token}</onv:Name>{encoder(self.gov, "onv:VideoEncoderConfiguration")}</m:Profiles>'
                          for token in ("sub", "main"))
        return f"<m:GetProfilesResponse>{profile}</m:GetProfilesResponse>"

    def GetStreamUri(self, request):
        token = request.findtext(f"{{{TRT}}}ProfileToken")
        path = {"main": "/stream", "sub": "/sub"}[token]
        return f"<m:GetStreamUriResponse><m:MediaUri><onv:Uri>rtsp://127.0.0.1:{self.arguments.rtsp_port}{path}</onv:Uri></m:MediaUri></m:GetStreamUriResponse>"

    def GetVideoEncoderConfiguration(self, request):
        assert request.findtext(f"{{{TRT}}}ConfigurationToken") == "enc0"
        return f"<m:GetVideoEncoderConfigurationResponse>{encoder(self.gov, 'm:Configuration')}</m:GetVideoEncoderConfigurationResponse>"

    def SetVideoEncoderConfiguration(self, request):
        given = request.find(f"{{{TRT}}}Configuration")
        self.gov = int(given.find(f".//{{{TT}}}GovLength").text)
        rest = [given.get("token"), given.findtext(f"{{{TT}}}Name"), given.find(f".//{{{TT}}}Width").text, given.find(f".//{{{TT}}}BitrateLimit").text,
                given.find(f".//{{{TT}}}H264Profile").text, request.findtext(f"{{{TRT}}}ForcePersistence")]
        self.log(f"set {self.gov} " + " ".join(rest))
        return "<m:SetVideoEncoderConfigurationResponse/>"

    def SetSynchronizationPoint(self, request):
        self.log("key " + request.findtext(f"{{{TRT}}}ProfileToken"))
        return "<m:SetSynchronizationPointResponse/>"


def serve_discovery(port):
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 3702))

    def answer():
        while True:
            probe, peer = line.recvfrom(65536)
            message = re.search(rb"<[^>]*MessageID[^>]*>([^<]*)<", probe).group(1).decode()
            line.sendto(
                ('<?xml version="1.0"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" '
                 'xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"><env:Header>'
                 f"<wsa:RelatesTo>{message}</wsa:RelatesTo></env:Header><env:Body><wsd:ProbeMatches><wsd:ProbeMatch>"
                 "<wsd:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Room-Camera</wsd:Scopes>"
                 f"<wsd:XAddrs>http://127.0.0.1:{port}/onvif/device_service http://[fe80::1]/onvif/device_service</wsd:XAddrs>"
                 "</wsd:ProbeMatch></wsd:ProbeMatches></env:Body></env:Envelope>").encode(), peer)

    threading.Thread(target=answer, daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--hang", help="the question that is never answered")
    parser.add_argument("--clock-offset", type=int, default=0)
    parser.add_argument("--rtsp-port", type=int, default=554)
    parser.add_argument("--log")
    parser.add_argument("--discovery", action="store_true")
    camera = Camera(parser.parse_args())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            text = self.rfile.read(int(self.headers["Content-Length"]))
            body = (AROUND % camera.answer(text)).encode()
            self.send_response(400 if b"Fault" in body else 200)
            self.send_header("Content-Type", "application/soap+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    camera.port = server.server_address[1]
    if camera.arguments.discovery:
        serve_discovery(camera.port)
    print(camera.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
