#include <catch2/catch.hpp>

#include "tests/http/http_fixture.h"

using namespace shilu::http;
using namespace shilu::http::test;

namespace {

struct Site {
  TempDir dir;
  Server server{ServerOptions{}};
  Site() {
    dir.write("site/index.html", "<p>index</p>");
    dir.write("site/icon.svg", "<svg/>");
    dir.write("site/assets/app-1a2b.js", "let x = 1;");
    dir.write("site/.secret", "kept to itself");
    dir.write("site/sub/.git/config", "kept to itself");
    dir.write("outside.txt", "forbidden fruit");
    run_command("gzip -k " + dir.path("site/assets/app-1a2b.js"));
    server.serve_directory("/", dir.path("site"));
    server.serve_directory("/app/", dir.path("site"));
    server.route("POST", "/api/marks", [](const Request&) { return no_content(); });
    REQUIRE(server.start());
  }
  std::string get(const std::string& path, const std::string& arguments = "") {
    return run_command("curl -sS -i --max-time 20 --path-as-is " + arguments + " '" + url_of(server, path) +
                       "'");
  }
};

}  // namespace

TEST_CASE("a directory serves its files with their types and says how long they keep") {
  Site site;
  auto icon = site.get("/icon.svg");
  CHECK(body_of(icon) == "<svg/>");
  CHECK(field_of(icon, "Content-Type") == "image/svg+xml");
  CHECK(field_of(icon, "Cache-Control") == "no-cache");
  auto script = site.get("/assets/app-1a2b.js");
  CHECK(field_of(script, "Content-Type") == "text/javascript; charset=utf-8");
  CHECK(field_of(script, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(body_of(site.get("/app/icon.svg")) == "<svg/>");
}

TEST_CASE("addresses of a single-page app get its index, missing files do not") {
  Site site;
  for (auto* path : {"/", "/lessons/7", "/app/", "/app/lessons"}) {
    INFO(path);
    CHECK(body_of(site.get(path)) == "<p>index</p>");
  }
  CHECK(status_of(site.get("/assets/gone.js")) == 404);
  CHECK(status_of(site.get("/api/marks")) == 405);
  CHECK(field_of(site.get("/app"), "Location") == "/app/");
}

TEST_CASE("a precompressed file goes to those who accept it, under an ETag of its own") {
  Site site;
  auto plain = site.get("/assets/app-1a2b.js");
  CHECK(field_of(plain, "Content-Encoding").empty());
  auto packed = site.get("/assets/app-1a2b.js", "--compressed");  // curl unpacks it
  CHECK(field_of(packed, "Content-Encoding") == "gzip");
  CHECK(field_of(packed, "Vary") == "Accept-Encoding");
  CHECK(body_of(packed) == "let x = 1;");
  CHECK(field_of(packed, "ETag") != field_of(plain, "ETag"));
  CHECK(field_of(site.get("/assets/app-1a2b.js", "-H 'Accept-Encoding: gzip;q=0'"), "Content-Encoding")
            .empty());
}

TEST_CASE("nothing outside the directory and nothing hidden is served") {
  Site site;
  for (auto* path : {"/../outside.txt", "/%2e%2e/outside.txt", "/assets/..%2f..%2foutside.txt",
                     "/..%5coutside.txt", "//etc/hostname", "/app//etc/hostname", "/.secret",
                     "/sub/.git/config", "/icon.svg%00.html", "/icon.svg/", "/etc/hostname.txt"}) {
    INFO(path);
    auto answer = site.get(path);
    CHECK((status_of(answer) == 400 || status_of(answer) == 404 || body_of(answer) == "<p>index</p>"));
    CHECK(answer.find("forbidden") == std::string::npos);
    CHECK(answer.find("kept to") == std::string::npos);
  }
}
