#pragma once
// Packages that come through an S3-compatible store: the platform hands out a presigned URL for each block of
// the offer, the device puts the blocks there, and the platform joins and fetches them. Devices hold no key
// of the store, and the store checks each block against the digest that was offered.
//
// The conversation is the offer itself: it is answered with the parts that are still missing, and once none
// is, with "verifying". Thread-safe; each call speaks to the store over a connection of its own.

#include <functional>
#include <stop_token>

#include "firmware/http/response.h"
#include "upload/platform/context.h"
#include "upload/platform/offer.h"

namespace shilu::platform {

// Answers an offer of a package of which nothing is here but perhaps a part. Only with settings.object_store.
// kUnavailable: the store does not answer, or as many handlers as may are waiting for it.
Result<http::Response> offer_parts(const Context& context, const Device& device, const Offer& offer,
                                   const std::optional<Upload>& upload);

// Joins what is whole in the store, and fetches what was joined, as an upload whose offset grows; a crash or
// a dead store costs nothing that was synced. What is gone there, or is not what was offered, is dropped on
// both sides. `on_fetched`: one is here. A store that does not answer ends the round, and `stop` ends it at
// the next block.
Status fetch_objects(const Context& context, const std::stop_token& stop,
                     const std::function<void()>& on_fetched);

// The upload is forgotten, with what is here of it and in the store; its device sends it again. While the
// store is away it stays, and the sweep frees both when its time is over.
Status give_up(const Context& context, const Upload& upload);

}  // namespace shilu::platform
