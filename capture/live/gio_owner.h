#pragma once
// Owners for what GIO hands out, beside those of gst_owner.h.

#include <gio/gio.h>

#include <memory>

namespace shilu::live {

struct GVariantUnref {
  void operator()(GVariant* value) const { g_variant_unref(value); }
};
using GVariantOwner = std::unique_ptr<GVariant, GVariantUnref>;

struct GMainContextUnref {
  void operator()(GMainContext* context) const { g_main_context_unref(context); }
};
using GMainContextOwner = std::unique_ptr<GMainContext, GMainContextUnref>;

struct GObjectUnref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <typename T>
using GObjectOwner = std::unique_ptr<T, GObjectUnref>;

}  // namespace shilu::live
