#pragma once
// What `--source NAME=URL` names. docs/ref/sources.md has the forms.
// A password in the URL is taken out of it at once and stands nowhere but in `password`.

#include <cstdint>
#include <map>
#include <string>

#include "firmware/base/result.h"

namespace shilu::live {

struct SourceSpec {
  std::string name;      // "room"
  std::string kind;      // "rtsp", "file", "v4l2", "screen", "alsa", "pulse", "pipewire", "test"
  std::string location;  // rtsp: URL without user and password; otherwise what follows "kind://", decoded for
                         // file screen: ":0" of X11, "portal" for what a Wayland desktop shares
  std::string host;      // rtsp: without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string user;                            //
  std::string password;                        // never logged, never sent on
  std::map<std::string, std::string> options;  // of the query, all but rtsp: "fps" -> "25"
  // rtsp, from the fragment (#sub=…&onvif=…&picture=no), which is never sent to a camera:
  std::string sub;      // URL of the camera's small stream, shown live; empty: the recorded one is shown
  std::string onvif;    // URL of its device service; empty: its settings are left alone
  bool picture = true;  // false: it is a microphone; a picture is not asked for

  bool is_shared_screen() const { return kind == "screen" && location == "portal"; }
  std::string shown() const;  // for people and logs: "the camera at 10.0.0.8:554", "the screen :0"
  // The same camera's small stream as a source of its own. Only where `sub` is set.
  SourceSpec sub_stream() const;
  // A whole number option inside [low, high]; `standard` when it is not given.
  Result<int> number(std::string_view option, int standard, int low, int high) const;
};

Result<SourceSpec> parse_source(std::string_view argument);

}  // namespace shilu::live
