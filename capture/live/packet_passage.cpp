#include "capture/live/packet_passage.h"

namespace shilu::live {
namespace {

struct Passage {
  GstElement element;
  GstPad* out;  // owned by the element
};
struct PassageClass {
  GstElementClass element;
};

constexpr guint kLatency = 1;  // rtpbin sets it on whatever stands here; nothing waits

void ignore_property(GObject*, guint, const GValue*, GParamSpec*) {}
void tell_property(GObject*, guint, GValue* value, GParamSpec*) {
  g_value_set_uint(value, 0);
}

GstFlowReturn pass(GstPad*, GstObject* passage, GstBuffer* packet) {
  return gst_pad_push(reinterpret_cast<Passage*>(passage)->out, packet);
}

// Capabilities, queries and events go through as well.
GstPad* add_pad(Passage* passage, const char* name, GstPadDirection direction) {
  GstPad* pad = gst_pad_new(name, direction);
  GST_PAD_SET_PROXY_CAPS(pad);
  GST_PAD_SET_PROXY_ALLOCATION(pad);
  GST_PAD_SET_PROXY_SCHEDULING(pad);
  gst_element_add_pad(&passage->element, pad);
  return pad;
}

void begin(GTypeInstance* instance, gpointer) {
  auto* passage = reinterpret_cast<Passage*>(instance);
  passage->out = add_pad(passage, "src", GST_PAD_SRC);
  gst_pad_set_chain_function(add_pad(passage, "sink", GST_PAD_SINK), pass);
}

void begin_class(gpointer type, gpointer) {
  auto* objects = static_cast<GObjectClass*>(type);
  objects->set_property = ignore_property;
  objects->get_property = tell_property;
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(objects, kLatency,
                                  g_param_spec_uint("latency", "Latency", "ignored", 0, G_MAXUINT, 0, flags));
  gst_element_class_set_static_metadata(static_cast<GstElementClass*>(type), "Packet passage", "Generic",
                                        "Lets packets pass that come in order", "shilu");
}

GType passage_type() {
  static const GType type =
      g_type_register_static_simple(GST_TYPE_ELEMENT, "ShiluPacketPassage", sizeof(PassageClass), begin_class,
                                    sizeof(Passage), begin, static_cast<GTypeFlags>(0));
  return type;
}

}  // namespace

GstElement* new_packet_passage() {
  return GST_ELEMENT(g_object_new(passage_type(), nullptr));
}

}  // namespace shilu::live
