#pragma once
// Owners for what GStreamer and GLib hand out. A raw pointer does not become an owner by itself: `adopt`
// takes over the reference that the caller got ("transfer full"), `share` adds one ("transfer none"). Handing
// a pointer to a function that takes ownership is `release()`.

#include <gst/gst.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace shilu::live {

template <typename T>
struct GstCounting {  // objects: elements, pads, buses, clocks
  static_assert(!std::is_same_v<T, gchar>, "a text is a GText");
  static void ref(T* object) { gst_object_ref(object); }
  static void unref(T* object) { gst_object_unref(object); }
};
template <>
struct GstCounting<GstCaps> {
  static void ref(GstCaps* caps) { gst_caps_ref(caps); }
  static void unref(GstCaps* caps) { gst_caps_unref(caps); }
};
template <>
struct GstCounting<GstSample> {
  static void ref(GstSample* sample) { gst_sample_ref(sample); }
  static void unref(GstSample* sample) { gst_sample_unref(sample); }
};
template <>
struct GstCounting<GstMessage> {
  static void ref(GstMessage* message) { gst_message_ref(message); }
  static void unref(GstMessage* message) { gst_message_unref(message); }
};

template <>
struct GstCounting<GObject> {
  static void ref(GObject* object) { g_object_ref(object); }
  static void unref(GObject* object) { g_object_unref(object); }
};
template <>
struct GstCounting<GstEvent> {
  static void ref(GstEvent* event) { gst_event_ref(event); }
  static void unref(GstEvent* event) { gst_event_unref(event); }
};

template <typename T>
class GstOwner {
 public:
  GstOwner() = default;
  GstOwner(const GstOwner& other) : object_(other.object_) {
    if (object_ != nullptr) GstCounting<T>::ref(object_);
  }
  GstOwner(GstOwner&& other) noexcept : object_(other.release()) {}
  GstOwner& operator=(GstOwner other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~GstOwner() {
    if (object_ != nullptr) GstCounting<T>::unref(object_);
  }

  T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  T* release() { return std::exchange(object_, nullptr); }

 private:
  template <typename U>
  friend GstOwner<U> adopt(U* object);
  T* object_ = nullptr;
};

template <typename T>
GstOwner<T> adopt(T* object) {
  GstOwner<T> owner;
  owner.object_ = object;
  return owner;
}

template <typename T>
GstOwner<T> share(T* object) {
  if (object != nullptr) GstCounting<T>::ref(object);
  return adopt(object);
}

// For what a constructor of an element, pad or bin returns: its reference is floating, belonging to nobody
// yet.
template <typename T>
GstOwner<T> adopt_floating(T* object) {
  if (object != nullptr) gst_object_ref_sink(object);
  return adopt(object);
}

struct GFree {
  void operator()(gchar* text) const { g_free(text); }
};
using GText = std::unique_ptr<gchar, GFree>;

struct GErrorFree {
  void operator()(GError* error) const { g_error_free(error); }
};
using GErrorOwner = std::unique_ptr<GError, GErrorFree>;

// The bytes of a buffer, readable while this lives.
class BufferMap {
 public:
  explicit BufferMap(GstBuffer* buffer)
      : buffer_(buffer), mapped_(gst_buffer_map(buffer, &info_, GST_MAP_READ)) {}
  ~BufferMap() {
    if (mapped_) gst_buffer_unmap(buffer_, &info_);
  }
  BufferMap(const BufferMap&) = delete;
  BufferMap& operator=(const BufferMap&) = delete;
  const guint8* data() const { return mapped_ ? info_.data : nullptr; }
  std::size_t size() const { return mapped_ ? info_.size : 0; }

 private:
  GstBuffer* buffer_;
  GstMapInfo info_{};
  bool mapped_;
};

}  // namespace shilu::live
