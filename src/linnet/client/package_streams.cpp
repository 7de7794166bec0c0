// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/package_streams.hpp"

#include <algorithm>
#include <utility>

#include "linnet/client/request.hpp"

namespace linnet::client {

using coap::Code;

PackageStreams::PackageStreams(Engine& engine) noexcept : engine_(engine) {
  engine.endpoint_.stream_to(*this);
}

bool PackageStreams::add(PackageReceiver& receiver) noexcept {
  const auto row = std::ranges::find(receivers_, nullptr);
  if (row == receivers_.end()) return false;
  *row = &receiver;
  return true;
}

PackageStreams::Push* PackageStreams::find(coap::LinkId link, std::uint32_t key) noexcept {
  const auto row = std::ranges::find_if(
      pushes_, [&](const Push& p) { return p.receiver != nullptr && p.link == link && p.key == key; });
  return row == pushes_.end() ? nullptr : row;
}

bool PackageStreams::takes(const coap::IncomingRequest& first, const coap::BodyPart& /*part*/,
                           Instant /*now*/) noexcept {
  constexpr auto kOpaque = static_cast<std::uint16_t>(lwm2m::ContentFormat::kOpaque);
  if (first.method != Code::kPut || first.content_format != kOpaque) return false;
  const auto row = std::ranges::find(pushes_, nullptr, &Push::receiver);
  if (row == pushes_.end()) return false;
  row->path = Path();
  if (!read_path(first, engine_.config_.alternate_path, false, row->path)) return false;
  for (PackageReceiver* receiver : receivers_) {
    if (receiver == nullptr || !receiver->takes_package(row->path)) continue;
    row->receiver = receiver;
    row->link = first.link;
    row->key = first.cache_key;
    return true;
  }
  return false;
}

coap::Reply PackageStreams::on_part(const coap::IncomingRequest& request, const coap::BodyPart& part,
                                    coap::DeferredId /*deferred*/, ByteSpan /*space*/,
                                    Instant /*now*/) noexcept {
  Push* push = find(request.link, request.cache_key);
  if (push == nullptr) return answer(Code::kRequestEntityIncomplete);
  const Path& path = push->path;
  PackageReceiver& receiver = *push->receiver;
  const Server* server = engine_.find_server(request.link);
  Result<void> taken;
  if (server == nullptr || !server->registered() || !engine_.may(server->id, Right::kWrite, path))
    taken = fail(Errc::kUnauthorized);
  else if (part.offset == 0)
    taken = receiver.begin_package(path, part.total);
  if (taken) taken = receiver.take_package(path, request.payload, part.last);
  if (taken && !part.last) return answer(Code::kContinue);
  push->receiver = nullptr;
  if (!taken) return answer(taken.error());
  engine_.emit(EventType::kWritten, server->id, path);
  return answer(Code::kChanged);
}

void PackageStreams::on_broken(coap::LinkId link, std::uint32_t cache_key, Instant /*now*/) noexcept {
  Push* push = find(link, cache_key);
  if (push != nullptr) std::exchange(push->receiver, nullptr)->break_package(push->path);
}

Result<void> PackageStreams::fetch(PackageFetcher& fetcher, coap::LinkId link,
                                   const coap::OutgoingRequest& request,
                                   const coap::Resumption& from) noexcept {
  const auto row = std::ranges::find(fetches_, nullptr, &Fetch::fetcher);
  if (row == fetches_.end()) return fail(Errc::kBusy);
  const auto id = engine_.endpoint_.fetch(link, request, from, engine_.now());
  if (!id) return std::unexpected(id.error());
  *row = {&fetcher, *id};
  engine_.work_pending_ = true;
  return {};
}

void PackageStreams::cancel(PackageFetcher& fetcher) noexcept {
  for (Fetch& row : fetches_) {
    if (row.fetcher != &fetcher) continue;
    row.fetcher = nullptr;
    engine_.endpoint_.cancel(row.id, engine_.now());
  }
}

PackageStreams::Fetch* PackageStreams::find(coap::RequestId id) noexcept {
  for (Fetch& row : fetches_) {
    if (row.fetcher != nullptr && row.id == id) return &row;
  }
  return nullptr;
}

bool PackageStreams::on_part(coap::RequestId id, const coap::IncomingResponse& response,
                             const coap::BodyPart& part, Instant /*now*/) noexcept {
  Fetch* row = find(id);
  if (row == nullptr) return false;
  PackageFetcher* fetcher = row->fetcher;
  if (part.last) row->fetcher = nullptr;
  const bool wanted = fetcher->on_fetched(response, part);
  // It may have begun another one in this row.
  if (row = find(id); !wanted && row != nullptr) row->fetcher = nullptr;
  return wanted;
}

void PackageStreams::on_error(coap::RequestId id, const coap::IncomingResponse& response,
                              Instant /*now*/) noexcept {
  failed(id, response.code, Errc::kNotFound);
}

void PackageStreams::on_failure(coap::RequestId id, Errc why, Instant /*now*/) noexcept {
  failed(id, Code::kEmpty, why);
}

void PackageStreams::failed(coap::RequestId id, Code response, Errc why) noexcept {
  Fetch* row = find(id);
  if (row != nullptr) std::exchange(row->fetcher, nullptr)->on_fetch_failed(response, why);
}

}  // namespace linnet::client
