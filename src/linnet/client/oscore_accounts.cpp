// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/oscore_accounts.hpp"

#include <algorithm>

#include "linnet/client/accounts.hpp"
#include "linnet/client/engine.hpp"

namespace linnet::client {

namespace {

enum OscoreResource : ResourceId {
  kMasterSecret = 0,
  kSenderId = 1,
  kRecipientId = 2,
  kAeadAlgorithm = 3,
  kHmacAlgorithm = 4,
  kMasterSalt = 5,
  kIdContext = 6,
};

std::optional<Value> read_present(const ObjectTree& tree, const Path& path) noexcept {
  const auto target = tree.resolve(path);
  if (!target) return std::nullopt;
  const auto value = target->object->read(path);
  return value ? std::optional(*value) : std::nullopt;
}

/// A value into `out`, as bytes: version 1.0 of the object has texts. False when it is not there or too long.
template <std::size_t N>
bool read_into(const ObjectTree& tree, const Path& path, oscore::ShortBytes<N>& out) noexcept {
  const auto value = read_present(tree, path);
  if (!value) return false;
  const bool text = value->type() == lwm2m::DataType::kString;
  return out.assign(text ? as_bytes(value->as_string()) : value->as_opaque());
}

Result<oscore::InputParameters> read_input(const ObjectTree& tree, const Path& at) noexcept {
  oscore::InputParameters input;
  const auto algorithm = read_present(tree, at.child(kAeadAlgorithm));
  const auto hmac = read_present(tree, at.child(kHmacAlgorithm));
  if (algorithm) input.algorithm = static_cast<oscore::Algorithm>(algorithm->as_integer());
  if (hmac && hmac->as_integer() != oscore::kHkdfSha256) return fail(Errc::kUnsupported);
  const bool whole = read_into(tree, at.child(kMasterSecret), input.master_secret) &&
                     read_into(tree, at.child(kSenderId), input.sender_id) &&
                     read_into(tree, at.child(kRecipientId), input.recipient_id);
  const bool has_salt = read_present(tree, at.child(kMasterSalt)).has_value();
  if (!whole || (has_salt && !read_into(tree, at.child(kMasterSalt), input.master_salt)))
    return fail(Errc::kInvalidArgument);
  if (!read_present(tree, at.child(kIdContext))) return input;
  if (!read_into(tree, at.child(kIdContext), input.id_context.emplace())) return fail(Errc::kInvalidArgument);
  return input;
}

bool same(const oscore::InputParameters& a, const oscore::InputParameters& b) noexcept {
  const bool contexts = a.id_context.has_value() == b.id_context.has_value() &&
                        (!a.id_context || equal(a.id_context->view(), b.id_context->view()));
  return contexts && a.algorithm == b.algorithm && equal(a.master_secret.view(), b.master_secret.view()) &&
         equal(a.master_salt.view(), b.master_salt.view()) && equal(a.sender_id.view(), b.sender_id.view()) &&
         equal(a.recipient_id.view(), b.recipient_id.view());
}

}  // namespace

Result<void> OscoreAccounts::init(const OscoreConfig& config, Arena& arena, oscore::Crypto& crypto,
                                  Random& random) noexcept {
  first_use_ = config.first_use;
  return contexts_.init(config.contexts, arena, crypto, random, *this);
}

Result<void> OscoreAccounts::secure(const ObjectTree& tree, InstanceId security, coap::LinkId link) noexcept {
  const oscore::ContextId before = contexts_.context_of(link);
  const auto linked = read_present(tree, Path(kSecurityObject, security, kOscoreSecurityMode));
  if (!linked) {
    contexts_.remove(before);
    return {};
  }
  const lwm2m::Objlnk target = linked->as_objlnk();
  const Path at(kOscoreObject, target.instance);
  if (target.object != kOscoreObject || !tree.resolve(at)) return fail(Errc::kNotFound);
  const Result<oscore::InputParameters> input = read_input(tree, at);
  if (!input) return fail(input.error().code);
  const oscore::InputParameters* const stands = contexts_.input_of(before);
  if (stands != nullptr && same(*stands, *input)) return {};
  contexts_.remove(before);
  // Whoever used the same keys before, in this life or another, used numbers below what was reserved.
  const oscore::PartialIv next = reserved_;
  const bool stored = first_use_ == oscore::FirstUse::kStored;
  if (stored && !reserve(next + kReserve)) return fail(Errc::kIo);
  const Result<oscore::ContextId> id =
      contexts_.add(*input, first_use_, stored ? next : 0, stored ? reserved_ : 0);
  if (!id) return fail(id.error().code);
  contexts_.secure(link, *id);
  return {};
}

bool OscoreAccounts::reserve(oscore::PartialIv limit) noexcept {
  const oscore::PartialIv before = reserved_;
  reserved_ = std::max(limit, before);
  if (engine_ != nullptr && engine_->save_now()) return true;
  reserved_ = before;
  return false;
}

void OscoreAccounts::on_sequence_low(oscore::ContextId id, oscore::PartialIv next) noexcept {
  const oscore::PartialIv limit = std::max(reserved_, next + oscore::Contexts::kReserveAt) + kReserve;
  // What could not be reserved is asked for again with the next message.
  contexts_.extend(id, reserve(limit) ? limit : next);
}

void OscoreAccounts::save(ByteWriter& out) const noexcept {
  out.uint(reserved_, sizeof reserved_);
}

void OscoreAccounts::load(ByteView state) noexcept {
  ByteReader in(state);
  const Result<std::uint64_t> reserved = in.uint(sizeof reserved_);
  if (reserved && in.empty()) reserved_ = std::max(reserved_, std::min(*reserved, oscore::kMaxPartialIv));
}

}  // namespace linnet::client
