// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_session.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace linnet::server {

using lwm2m::ContentFormat;
using lwm2m::Path;

namespace {

constexpr Path kSecurityObject{0};
constexpr lwm2m::ResourceId kBootstrapServer = 1;  // of object 0
constexpr std::uint8_t kServerError = 5;           // class of a response code

bool is_tlv(ContentFormat format) noexcept {
  return format == ContentFormat::kTlv || format == ContentFormat::kOldTlv;
}

/// The device's wish first. Without one it speaks 1.0, which has TLV.
std::array<ContentFormat, 3> order_of(std::optional<ContentFormat> preferred) noexcept {
  std::array formats = kBootstrapFormats;
  const ContentFormat first = preferred.value_or(ContentFormat::kTlv);
  auto* const at = std::ranges::find_if(
      formats, [&](ContentFormat format) { return format == first || (is_tlv(format) && is_tlv(first)); });
  if (at == formats.end()) return formats;
  *at = first;
  std::rotate(formats.begin(), at, at + 1);
  return formats;
}

bool is_bootstrap_account(const BootstrapWrite& write) noexcept {
  return std::ranges::any_of(write.records, [](const OwnedRecord& record) {
    return record.path.resource() == kBootstrapServer && record.value.view().as_boolean();
  });
}

std::vector<std::uint8_t> head_of(ByteView payload) {
  const ByteView head = payload.first(std::min(payload.size(), kMaxKeptAnswer));
  return {head.begin(), head.end()};
}

coap::Code method_of(BootstrapVerb verb) noexcept {
  switch (verb) {
    case BootstrapVerb::kDiscover:
    case BootstrapVerb::kRead: return coap::Code::kGet;
    case BootstrapVerb::kDelete: return coap::Code::kDelete;
    case BootstrapVerb::kWrite: return coap::Code::kPut;
    case BootstrapVerb::kFinish: break;
  }
  return coap::Code::kPost;
}

}  // namespace

BootstrapSession::BootstrapSession(std::string endpoint, coap::LinkId link, Configuration configuration,
                                   std::optional<ContentFormat> preferred, Instant now)
    : link_(link),
      configuration_(std::move(configuration)),
      started_(now),
      formats_(order_of(preferred)),
      discover_(configuration_->discover),
      deletions_(configuration_->deletions),
      unchanged_(configuration_->writes.size(), false) {
  result_.endpoint = std::move(endpoint);
  result_.configuration = configuration_->name;
  const auto shows_accounts = [](const Path& path) { return path.contains(kSecurityObject); };
  if (!configuration_->unbootstrap.empty() && std::ranges::none_of(discover_, shows_accounts))
    discover_.push_back(kSecurityObject);
  skip();
}

std::size_t BootstrapSession::count(BootstrapVerb verb) const noexcept {
  switch (verb) {
    case BootstrapVerb::kDiscover: return discover_.size();
    case BootstrapVerb::kRead: return configuration_->read.size();
    case BootstrapVerb::kDelete: return deletions_.size();
    case BootstrapVerb::kWrite: return configuration_->writes.size();
    case BootstrapVerb::kFinish: break;
  }
  return 1;
}

void BootstrapSession::skip() noexcept {
  for (;;) {
    if (index_ == count(verb_)) {
      verb_ = static_cast<BootstrapVerb>(static_cast<std::uint8_t>(verb_) + 1);
      index_ = 0;
    } else if (verb_ == BootstrapVerb::kWrite && unchanged_[index_]) {
      ++index_;
    } else {
      return;
    }
  }
}

void BootstrapSession::advance() noexcept {
  if (verb_ == BootstrapVerb::kFinish) return end(BootstrapResult::Ending::kFinished);
  ++index_;
  skip();
}

void BootstrapSession::end(BootstrapResult::Ending ending) noexcept {
  result_.ending = ending;
  result_.step = step();
  ended_ = true;
}

Path BootstrapSession::target_of(const Path& path) const noexcept {
  if (path.object() != 0) return path;
  const auto at = std::ranges::find(moved_, path.instance(), &Move::from);
  if (at == moved_.end()) return path;
  Path target(0, at->to);
  if (path.depth() == 3) target = target.child(path.resource());
  return target;
}

BootstrapStep BootstrapSession::step() const noexcept {
  switch (verb_) {
    case BootstrapVerb::kDiscover: return {verb_, discover_[index_]};
    case BootstrapVerb::kRead: return {verb_, configuration_->read[index_]};
    case BootstrapVerb::kDelete: return {verb_, deletions_[index_]};
    case BootstrapVerb::kWrite: return {verb_, target_of(configuration_->writes[index_].path)};
    case BootstrapVerb::kFinish: break;
  }
  return {BootstrapVerb::kFinish, {}};
}

void BootstrapSession::set_path(const Path& path) {
  path_text_.clear();
  if (verb_ == BootstrapVerb::kFinish) path_text_.emplace_back("bs");
  for (std::size_t i = 0; i < path.depth(); ++i) path_text_.push_back(std::to_string(path[i]));
  path_.assign(path_text_.begin(), path_text_.end());
}

std::optional<coap::OutgoingRequest> BootstrapSession::request(ByteSpan space) {
  const BootstrapStep now = step();
  set_path(now.path);
  coap::OutgoingRequest request;
  request.method = method_of(verb_);
  request.path = path_;
  const auto format = static_cast<std::uint16_t>(formats_[format_]);
  if (verb_ == BootstrapVerb::kDiscover)
    request.accept = static_cast<std::uint16_t>(ContentFormat::kLinkFormat);
  if (verb_ == BootstrapVerb::kRead) request.accept = format;
  if (verb_ != BootstrapVerb::kWrite) return request;

  const auto size =
      encode_write(configuration_->writes[index_], now.path, endpoint(), formats_[format_], space);
  if (!size) {
    on_failure(size.error().code);
    return std::nullopt;
  }
  request.content_format = format;
  request.payload = space.first(*size);
  return request;
}

void BootstrapSession::on_failure(Errc why) {
  result_.failure = why;
  end(BootstrapResult::Ending::kFailed);
}

bool BootstrapSession::next_format() noexcept {
  if (format_ + 1 == formats_.size()) return false;
  ++format_;
  return true;
}

void BootstrapSession::note(const coap::IncomingResponse& response) {
  BootstrapAnswer answer;
  answer.step = step();
  answer.code = response.code;
  if (response.content_format) answer.format = static_cast<ContentFormat>(*response.content_format);
  answer.payload = head_of(response.payload);
  result_.answers.push_back(std::move(answer));
}

void BootstrapSession::refused(const coap::IncomingResponse& response) {
  const bool format =
      response.code == coap::Code::kUnsupportedContentFormat && verb_ == BootstrapVerb::kWrite;
  const bool accept = response.code == coap::Code::kNotAcceptable && verb_ == BootstrapVerb::kRead;
  if ((format || accept) && next_format()) return;
  const bool needed = verb_ == BootstrapVerb::kWrite || verb_ == BootstrapVerb::kFinish || unbootstraps();
  if (needed || code_class(response.code) == kServerError) {
    result_.code = response.code;
    return end(BootstrapResult::Ending::kRefused);
  }
  note(response);
  advance();
}

bool BootstrapSession::unbootstraps() const noexcept {
  if (configuration_->unbootstrap.empty()) return false;
  if (verb_ == BootstrapVerb::kDiscover) return discover_[index_].contains(kSecurityObject);
  return verb_ == BootstrapVerb::kDelete && index_ >= configuration_->deletions.size();
}

void BootstrapSession::find_accounts(const DiscoveredSecurity& found) {
  for (std::size_t i = 0; i < found.instances.size(); ++i) {
    if (!configuration_->forgets(found.servers[i])) continue;
    const Path account = kSecurityObject.child(found.instances[i]);
    if (std::ranges::find(deletions_, account) == deletions_.end()) deletions_.push_back(account);
  }
}

void BootstrapSession::learn_security(std::string_view links) {
  const DiscoveredSecurity found = discovered_security(links);
  find_accounts(found);
  if (!found.bootstrap) return;
  std::vector<lwm2m::InstanceId> taken = found.instances;
  for (const BootstrapWrite& write : configuration_->writes) {
    if (write.path.object() == 0) taken.push_back(write.path.instance());
  }
  moved_.clear();
  for (const BootstrapWrite& write : configuration_->writes) {
    const bool whole = write.path.object() == 0 && write.path.depth() == 2;
    const lwm2m::InstanceId instance = write.path.instance();
    if (!whole) continue;
    if (is_bootstrap_account(write)) {
      moved_.push_back({instance, *found.bootstrap});
    } else if (instance == *found.bootstrap) {
      lwm2m::InstanceId free = 0;
      while (std::ranges::find(taken, free) != taken.end()) ++free;
      taken.push_back(free);
      moved_.push_back({instance, free});
    }
  }
}

void BootstrapSession::compare(const coap::IncomingResponse& response) {
  // What belongs to an account goes with it, in any object: what is shown now need not be there then.
  if (!configuration_->unbootstrap.empty()) return;
  const Path read = step().path;
  const auto format = static_cast<ContentFormat>(
      response.content_format.value_or(static_cast<std::uint16_t>(formats_[format_])));
  for (std::size_t i = 0; i < configuration_->writes.size(); ++i) {
    const BootstrapWrite& write = configuration_->writes[i];
    if (!read.contains(write.path) || configuration_->deletes(write.path)) continue;
    unchanged_[i] = shows(format, read, response.payload, write, endpoint());
    result_.unchanged = static_cast<std::uint16_t>(std::ranges::count(unchanged_, true));
  }
}

void BootstrapSession::on_response(const coap::IncomingResponse& response) {
  if (!coap::is_success(response.code)) return refused(response);
  switch (verb_) {
    case BootstrapVerb::kDiscover:
      note(response);
      learn_security(as_text(response.payload));
      break;
    case BootstrapVerb::kRead:
      note(response);
      compare(response);
      break;
    case BootstrapVerb::kDelete:
      if (unbootstraps()) note(response);
      break;
    case BootstrapVerb::kWrite: ++result_.written; break;
    case BootstrapVerb::kFinish: result_.code = response.code; break;
  }
  advance();
}

BootstrapResult BootstrapSession::result(Instant now) const {
  BootstrapResult result = result_;
  result.took = now - started_;
  return result;
}

}  // namespace linnet::server
