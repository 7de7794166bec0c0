// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/credentials.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <utility>

#include "linnet/server/credential_record.hpp"

namespace linnet::server {

namespace {

/// What an entry is looked up by; the low bits of its hash.
enum class By : std::uint8_t { kEndpoint, kPsk, kPublicKey, kCertificate, kCertificateName, kRecipientId };
constexpr std::uint64_t kByMask = 7;

/// What an entry is found with: its kind and the bytes.
struct Lookup {
  By by;
  ByteView bytes;

  [[nodiscard]] std::uint64_t hash() const noexcept {
    const std::uint64_t hash = std::hash<std::string_view>{}(as_text(bytes));
    return (hash & ~kByMask) | static_cast<std::uint64_t>(by);
  }
};

constexpr std::size_t kLengthSize = 2;

ByteView bytes_of(const std::uint8_t* record) noexcept {
  const std::size_t size = std::size_t{record[0]} << 8U | record[1];
  return {record + kLengthSize, size};
}

/// Of a record that was made here and so says something.
CredentialView view_of(const std::uint8_t* record) noexcept {
  return decode_credential_body(bytes_of(record)).value_or(CredentialView{});
}

/// What a credential is found with beside its endpoint name. A trust anchor is in a list of its own.
std::optional<Lookup> lookup_of(const CredentialView& view) noexcept {
  switch (view.mode) {
    case CredentialMode::kPreSharedKey: return Lookup{By::kPsk, view.identity};
    case CredentialMode::kRawPublicKey: return Lookup{By::kPublicKey, view.identity};
    case CredentialMode::kCertificate:
      if (view.endpoint.ends_with('*')) return std::nullopt;
      return view.key.empty() ? Lookup{By::kCertificateName, view.identity}
                              : Lookup{By::kCertificate, view.key};
    case CredentialMode::kOscore: return Lookup{By::kRecipientId, view.identity};
  }
  return std::nullopt;
}

/// Whether an entry with the hash of `lookup` is what was looked for.
bool matches(const Lookup& lookup, const CredentialView& view) noexcept {
  if (lookup.by == By::kEndpoint) return equal(as_bytes(view.endpoint), lookup.bytes);
  const auto own = lookup_of(view);
  return own && own->by == lookup.by && equal(own->bytes, lookup.bytes);
}

bool named(const CredentialView& view, std::string_view endpoint, CredentialMode mode,
           ByteView identity) noexcept {
  return view.endpoint == endpoint && view.mode == mode && equal(view.identity, identity);
}

/// Whether a trust anchor for `pattern` may vouch for `endpoint`.
bool covers(std::string_view pattern, std::string_view endpoint) noexcept {
  return endpoint.starts_with(pattern.substr(0, pattern.size() - 1));
}

CredentialSummary summary_of(const CredentialView& view) noexcept {
  return {.endpoint = view.endpoint,
          .mode = view.mode,
          .identity = view.identity,
          .has_key = view.mode == CredentialMode::kCertificate && !view.key.empty(),
          .sender_id = view.sender_id,
          .id_context = view.id_context,
          .aead = view.aead,
          .hkdf = view.hkdf};
}

std::size_t root_place(std::uint64_t hash) noexcept {
  return hash >> 58U;
}
std::size_t branch_place(std::uint64_t hash) noexcept {
  return hash >> 52U & 63U;
}

}  // namespace

namespace {

/// A record in one piece with its count of owners, wiped when it goes: three words less than an array of a
/// size that is found out at run time.
template <std::size_t kSize>
struct SizedRecord {
  std::array<std::uint8_t, kSize> bytes{};

  SizedRecord() noexcept = default;
  SizedRecord(const SizedRecord&) = delete;
  SizedRecord& operator=(const SizedRecord&) = delete;
  ~SizedRecord() { wipe(bytes); }
};

template <std::size_t kSize>
std::shared_ptr<std::uint8_t[]> sized_record() {
  auto made = std::make_shared<SizedRecord<kSize>>();
  return {made, made->bytes.data()};
}

// Sizes that fill what the heap gives out with the count in front.
std::shared_ptr<std::uint8_t[]> record_of_size(std::size_t size) {
  if (size <= 40) return sized_record<40>();
  if (size <= 56) return sized_record<56>();
  if (size <= 72) return sized_record<72>();
  if (size <= 104) return sized_record<104>();
  if (size <= 168) return sized_record<168>();
  return std::allocate_shared<std::uint8_t[]>(WipingAllocator<std::uint8_t>(), size);
}

}  // namespace

/// The tree of a Credentials, for reading and, while it is made, for changing.
struct CredentialTree {
  using Record = Credentials::Record;
  using Entry = Credentials::Entry;
  using Leaf = Credentials::Leaf;

  static Record make_record(const Credential& credential) {
    const SecretBytes record = encode_record(credential);
    const ByteView body = *credential_body(record);
    const auto made = record_of_size(kLengthSize + body.size());
    made[0] = static_cast<std::uint8_t>(body.size() >> 8U);
    made[1] = static_cast<std::uint8_t>(body.size());
    std::ranges::copy(body, made.get() + kLengthSize);
    return made;
  }

  static const Leaf* leaf(const Credentials& tree, std::uint64_t hash) noexcept {
    const auto& branch = tree.root_[root_place(hash)];
    return branch ? (*branch)[branch_place(hash)].get() : nullptr;
  }

  /// Shows every credential that `lookup` finds until `visit` returns false.
  template <typename Visit>
  static void find(const Credentials& tree, const Lookup& lookup, Visit&& visit) noexcept {
    const std::uint64_t hash = lookup.hash();
    const Leaf* const entries = leaf(tree, hash);
    if (entries == nullptr) return;
    for (auto at = std::ranges::lower_bound(*entries, hash, {}, &Entry::hash);
         at != entries->end() && at->hash == hash; ++at) {
      const CredentialView view = view_of(at->record.get());
      if (matches(lookup, view) && !visit(view, at->record)) return;
    }
  }

  static std::optional<CredentialView> first(const Credentials& tree, const Lookup& lookup) noexcept {
    std::optional<CredentialView> found;
    find(tree, lookup, [&](const CredentialView& view, const Record& /*record*/) {
      found = view;
      return false;
    });
    return found;
  }

  /// Begins to change a copy.
  static void begin(Credentials& tree) noexcept { ++tree.generation_; }

  /// With some room for what is put in next.
  static std::size_t room_for(std::size_t entries) noexcept { return entries + entries / 16 + 2; }

  /// Gives back what leaves of this tree alone have beyond their room: one that grew has up to twice its
  /// size.
  static void pack(Credentials& tree) {
    for (const auto& branch : tree.root_) {
      if (!branch || branch.use_count() > 1) continue;
      for (const auto& leaf : *branch) {
        if (!leaf || leaf.use_count() > 1 || leaf->capacity() <= room_for(leaf->size())) continue;
        Leaf packed;
        packed.reserve(room_for(leaf->size()));
        std::ranges::move(*leaf, std::back_inserter(packed));
        *leaf = std::move(packed);
      }
    }
  }

  /// The leaf of `hash` as one of this tree alone, which may be changed.
  static Leaf& own_leaf(Credentials& tree, std::uint64_t hash) {
    auto& branch = tree.root_[root_place(hash)];
    if (!branch) {
      branch = std::make_shared<Credentials::Branch>();
    } else if (branch.use_count() > 1) {
      branch = std::make_shared<Credentials::Branch>(*branch);
    }
    auto& leaf = (*branch)[branch_place(hash)];
    if (!leaf) {
      leaf = std::make_shared<Leaf>();
    } else if (leaf.use_count() > 1) {
      auto copy = std::make_shared<Leaf>();
      copy->reserve(room_for(leaf->size()));
      copy->assign(leaf->begin(), leaf->end());
      leaf = std::move(copy);
    }
    return *leaf;
  }

  static void insert(Credentials& tree, const Lookup& lookup, const Record& record) {
    const std::uint64_t hash = lookup.hash();
    Leaf& entries = own_leaf(tree, hash);
    entries.insert(std::ranges::upper_bound(entries, hash, {}, &Entry::hash), {hash, record});
  }

  static void erase(Credentials& tree, const Lookup& lookup, const Record& record) {
    std::erase_if(own_leaf(tree, lookup.hash()), [&](const Entry& entry) { return entry.record == record; });
  }

  static void add(Credentials& tree, const Record& record) {
    const CredentialView view = view_of(record.get());
    insert(tree, {By::kEndpoint, as_bytes(view.endpoint)}, record);
    if (const auto lookup = lookup_of(view)) {
      insert(tree, *lookup, record);
    } else {
      tree.trust_anchors_.push_back(record);
    }
    ++tree.size_;
    if (view.mode == CredentialMode::kOscore) ++tree.oscore_contexts_;
  }

  /// A copy of the pointer: what it points to is needed until the last entry is gone.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): the caller's may be one of the entries
  static void remove(Credentials& tree, Record record) {
    const CredentialView view = view_of(record.get());
    if (const auto lookup = lookup_of(view)) {
      erase(tree, *lookup, record);
    } else {
      std::erase(tree.trust_anchors_, record);
    }
    erase(tree, {By::kEndpoint, as_bytes(view.endpoint)}, record);
    if (view.mode == CredentialMode::kOscore) --tree.oscore_contexts_;
    --tree.size_;
  }

  static Record find_named(const Credentials& tree, std::string_view endpoint, CredentialMode mode,
                           ByteView identity) {
    Record found;
    find(tree, {By::kEndpoint, as_bytes(endpoint)}, [&](const CredentialView& view, const Record& record) {
      if (!named(view, endpoint, mode, identity)) return true;
      found = record;
      return false;
    });
    return found;
  }

  /// The endpoint that another credential proves by what `view` is found with.
  static std::optional<std::string> rival(const Credentials& tree, const CredentialView& view) {
    const auto lookup = lookup_of(view);
    if (!lookup) return std::nullopt;
    std::optional<std::string> found;
    find(tree, *lookup, [&](const CredentialView& other, const Record& /*record*/) {
      const bool same = named(other, view.endpoint, view.mode, view.identity);
      const bool apart = view.mode == CredentialMode::kOscore && !equal(other.id_context, view.id_context);
      if (same || apart) return true;
      found = other.endpoint;
      return false;
    });
    return found;
  }
};

Credentials::Shared Credentials::none() {
  return std::make_shared<const Credentials>();
}

std::expected<Credentials::Shared, CredentialRefusal> Credentials::apply(
    std::span<const CredentialChange> changes, std::size_t limit) const {
  CredentialDraft draft(*this);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto made = draft.apply(changes[i], limit);
    if (made) continue;
    made.error().change = i;
    return std::unexpected(std::move(made).error());
  }
  return std::move(draft).finish();
}

CredentialDraft::CredentialDraft(const Credentials& from) : next_(std::make_shared<Credentials>(from)) {
  CredentialTree::begin(*next_);
}

std::expected<void, CredentialRefusal> CredentialDraft::apply(const CredentialChange& change,
                                                              std::size_t limit) {
  using Tree = CredentialTree;
  const auto refuse = [](Errc code, std::string_view phrase = {}, std::string rival = {}) {
    return std::unexpected(
        CredentialRefusal{.code = code, .change = 0, .phrase = phrase, .rival = std::move(rival)});
  };
  const auto& put = change.put;
  if (!put) {
    const CredentialName& name = change.removed;
    Tree::Record gone = Tree::find_named(*next_, name.endpoint, name.mode, name.identity);
    if (!gone) return refuse(Errc::kNotFound);
    Tree::remove(*next_, std::move(gone));
    return {};
  }
  if (const auto fault = credential_fault(*put); !fault.empty()) return refuse(Errc::kInvalidArgument, fault);
  const Tree::Record record = Tree::make_record(*put);
  if (auto rival = Tree::rival(*next_, view_of(record.get()))) {
    return refuse(Errc::kExists, {}, *std::move(rival));
  }
  Tree::Record before = Tree::find_named(*next_, put->endpoint, put->mode, put->identity);
  if (before) {
    Tree::remove(*next_, std::move(before));
  } else if (next_->size() >= limit) {
    return refuse(Errc::kNoSpace);
  }
  Tree::add(*next_, record);
  return {};
}

Credentials::Shared CredentialDraft::finish() && {
  CredentialTree::pack(*next_);
  return std::move(next_);
}

std::optional<PreSharedKey> Credentials::psk(ByteView identity) const noexcept {
  const auto view = CredentialTree::first(*this, {By::kPsk, identity});
  if (!view) return std::nullopt;
  return PreSharedKey{view->endpoint, view->key};
}

std::optional<std::string_view> Credentials::raw_public_key(ByteView spki) const noexcept {
  const auto view = CredentialTree::first(*this, {By::kPublicKey, spki});
  return view ? std::optional(view->endpoint) : std::nullopt;
}

std::optional<std::string_view> Credentials::certificate(ByteView der) const noexcept {
  const auto view = CredentialTree::first(*this, {By::kCertificate, der});
  return view ? std::optional(view->endpoint) : std::nullopt;
}

std::optional<std::string_view> Credentials::certificate_name(std::string_view name) const noexcept {
  const auto view = CredentialTree::first(*this, {By::kCertificateName, as_bytes(name)});
  return view ? std::optional(view->endpoint) : std::nullopt;
}

void Credentials::for_each_trust_anchor(
    FunctionRef<void(ByteView der, std::string_view endpoints)> visit) const {
  for (const Record& record : trust_anchors_) {
    const CredentialView view = view_of(record.get());
    visit(view.key, view.endpoint);
  }
}

std::optional<OscoreSecurity> Credentials::oscore(ByteView recipient_id,
                                                  std::optional<ByteView> id_context) const noexcept {
  std::optional<CredentialView> found;
  std::size_t count = 0;
  const ByteView wanted = id_context.value_or(ByteView{});
  bool exact = false;
  CredentialTree::find(*this, {By::kRecipientId, recipient_id},
                       [&](const CredentialView& view, const Record& /*record*/) {
                         ++count;
                         exact = equal(view.id_context, wanted);
                         found = view;
                         return !exact;
                       });
  const bool only = !id_context && count == 1;
  if (!exact && !only) return std::nullopt;
  return OscoreSecurity{.endpoint = found->endpoint,
                        .sender_id = found->sender_id,
                        .recipient_id = found->identity,
                        .id_context = found->id_context,
                        .master_secret = found->key,
                        .salt = found->salt,
                        .aead = found->aead,
                        .hkdf = found->hkdf};
}

bool Credentials::credentialed(std::string_view endpoint) const noexcept {
  if (empty()) return false;
  const bool own = CredentialTree::first(*this, {By::kEndpoint, as_bytes(endpoint)}).has_value();
  return own || std::ranges::any_of(trust_anchors_, [&](const Record& record) {
           return covers(view_of(record.get()).endpoint, endpoint);
         });
}

void Credentials::for_each(std::string_view endpoint,
                           FunctionRef<void(const CredentialSummary&)> visit) const {
  CredentialTree::find(*this, {By::kEndpoint, as_bytes(endpoint)},
                       [&](const CredentialView& view, const Record& /*record*/) {
                         visit(summary_of(view));
                         return true;
                       });
}

std::optional<std::uint64_t> Credentials::list(std::uint64_t cursor, std::size_t limit,
                                               FunctionRef<void(const CredentialSummary&)> visit) const {
  std::optional<std::uint64_t> last;  // what endpoints of one hash have is shown together
  std::size_t shown = 0;
  for (std::size_t i = root_place(cursor); i < kFan; ++i) {
    if (!root_[i]) continue;
    for (std::size_t k = i == root_place(cursor) ? branch_place(cursor) : 0; k < kFan; ++k) {
      const Leaf* const entries = (*root_[i])[k].get();
      if (entries == nullptr) continue;
      for (auto at = std::ranges::lower_bound(*entries, cursor, {}, &Entry::hash); at != entries->end();
           ++at) {
        if (static_cast<By>(at->hash & kByMask) != By::kEndpoint) continue;
        if (at->hash != last && shown++ == limit) return at->hash;
        last = at->hash;
        visit(summary_of(view_of(at->record.get())));
      }
    }
  }
  return std::nullopt;
}

}  // namespace linnet::server
