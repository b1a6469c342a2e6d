#include <pango/pangocairo.h>
#include <time.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>

#include "tests/demo/sources.h"

namespace shilu::demo {
namespace {

constexpr int kWidth = 1280, kHeight = 720;
constexpr std::uint32_t kSlideFrames = 15 * 8;  // 8 s each

struct Slide {
  const char* title;
  const char* lines[4];
};

constexpr Slide kSlides[] = {
    {"勾股定理的探索",
     {"八年级数学 · 第十七章", "目标一：说出直角三角形三边的关系", "目标二：用面积拼图解释这个关系",
      "准备：方格纸、直尺、三角板"}},
    {"数一数：三个正方形的面积",
     {"左边的正方形：9 格", "右边的正方形：16 格", "斜边上的正方形：25 格", "你发现了什么？"}},
    {"a² + b² = c²", {"两条直角边的平方和", "等于斜边的平方", "条件：必须是直角三角形", "请举一组整数例子"}},
    {"练一练",
     {"① 直角边 6 和 8，斜边是多少？", "② 斜边 13，一条直角边 5，另一条？",
      "③ 梯子长 2.5 米，底端离墙 0.7 米", "小组讨论 3 分钟"}},
};
constexpr std::size_t kSlideCount = sizeof kSlides / sizeof kSlides[0];

// A cairo surface with its context, for drawing text and shapes.
class Canvas {
 public:
  Canvas(int width, int height)
      : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)),
        cairo_(cairo_create(surface_)) {}
  ~Canvas() {
    cairo_destroy(cairo_);
    cairo_surface_destroy(surface_);
  }
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  cairo_t* cairo() { return cairo_; }
  void text(double x, double y, const char* font, const char* what) {
    PangoLayout* layout = pango_cairo_create_layout(cairo_);
    PangoFontDescription* description = pango_font_description_from_string(font);
    pango_layout_set_font_description(layout, description);
    pango_layout_set_text(layout, what, -1);
    cairo_move_to(cairo_, x, y);
    pango_cairo_show_layout(cairo_, layout);
    pango_font_description_free(description);
    g_object_unref(layout);
  }
  Frame frame() {
    cairo_surface_flush(surface_);
    return from_xrgb(cairo_image_surface_get_data(surface_), cairo_image_surface_get_stride(surface_),
                     cairo_image_surface_get_width(surface_), cairo_image_surface_get_height(surface_));
  }

 private:
  cairo_surface_t* surface_;
  cairo_t* cairo_;
};

void draw_triangle(cairo_t* cairo) {
  const double unit = 34, x = 880, y = 330;
  cairo_set_line_width(cairo, 4);
  cairo_set_source_rgb(cairo, 0.75, 0.86, 0.98);
  cairo_rectangle(cairo, x - 3 * unit, y, 3 * unit, 3 * unit);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 0.99, 0.88, 0.72);
  cairo_rectangle(cairo, x, y + 3 * unit, 4 * unit, 4 * unit);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 0.82, 0.93, 0.80);
  cairo_move_to(cairo, x, y);
  cairo_rel_line_to(cairo, 4 * unit, 3 * unit);
  cairo_rel_line_to(cairo, 3 * unit, -4 * unit);
  cairo_rel_line_to(cairo, -4 * unit, -3 * unit);
  cairo_close_path(cairo);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 0.12, 0.18, 0.28);
  cairo_move_to(cairo, x, y);
  cairo_rel_line_to(cairo, 0, 3 * unit);
  cairo_rel_line_to(cairo, 4 * unit, 0);
  cairo_close_path(cairo);
  cairo_stroke(cairo);
}

Frame draw_slide(const Slide& slide) {
  Canvas canvas(kWidth, kHeight);
  cairo_t* cairo = canvas.cairo();
  cairo_set_source_rgb(cairo, 0.98, 0.98, 0.96);
  cairo_paint(cairo);
  cairo_set_source_rgb(cairo, 0.10, 0.36, 0.64);
  cairo_rectangle(cairo, 0, 30, kWidth, 110);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 1, 1, 1);
  canvas.text(60, 48, "Noto Sans CJK SC Bold 42", slide.title);
  draw_triangle(cairo);
  cairo_set_source_rgb(cairo, 0.13, 0.16, 0.20);
  double y = 190;
  for (const char* line : slide.lines) {
    canvas.text(70, y, "Noto Sans CJK SC 25", line);
    y += 82;
  }
  return canvas.frame();
}

void paste(const Frame& from, Frame& into, int x, int y) {
  for (int row = 0; row < from.height; ++row) {
    std::memcpy(into.luma() + (y + row) * into.width + x, from.bytes.data() + row * from.width,
                static_cast<std::size_t>(from.width));
  }
}

Frame draw_clock(std::uint32_t counter) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d.%ld   #%u", parts.tm_hour, parts.tm_min, parts.tm_sec,
                now.tv_nsec / 100'000'000, counter);
  Canvas canvas(500, 56);
  cairo_set_source_rgb(canvas.cairo(), 0.98, 0.98, 0.96);
  cairo_paint(canvas.cairo());
  cairo_set_source_rgb(canvas.cairo(), 0.15, 0.15, 0.15);
  canvas.text(8, 6, "DejaVu Sans Mono, Noto Sans Mono CJK SC 24", text);
  return canvas.frame();
}

// A dot that runs around a circle, a little further each frame: a still board would look like a frozen one.
void draw_pointer(Frame& frame, std::uint32_t counter) {
  const double angle = 2 * std::numbers::pi * (counter % 60) / 60;
  fill(frame, 700 + static_cast<int>(36 * std::cos(angle)), 640 + static_cast<int>(36 * std::sin(angle)), 14,
       14, 60);
}

}  // namespace

FeedSource board_source() {
  const auto slides = std::make_shared<std::vector<Frame>>();
  for (const Slide& slide : kSlides) slides->push_back(draw_slide(slide));
  FeedSource source;
  source.name = "board";
  source.frames_per_second = 15;
  source.kilobits_per_second = 900;
  source.draw = [slides](std::uint32_t counter, Frame& into) {
    into.bytes = (*slides)[counter / kSlideFrames % kSlideCount].bytes;
    paste(draw_clock(counter), into, 60, 630);
    draw_pointer(into, counter);
  };
  return source;
}

}  // namespace shilu::demo
