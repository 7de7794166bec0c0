// SPDX-License-Identifier: Apache-2.0
// Which peer is which link: from the addresses of a datagram to a dense coap::LinkId and back.
// 24 bytes a link and at most 32 of index, touched only as far as links have been given out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "linnet/base/function_ref.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/net/address.hpp"
#include "linnet/net/pages.hpp"
#include "linnet/net/siphash.hpp"

namespace linnet::net {

/// The near end of a link: the socket, the local address that a wildcard socket was reached at
/// (port 0, else the default address) and its interface. There are few of them.
struct Path {
  std::uint32_t socket = 0;
  Address local;
  friend constexpr bool operator==(const Path&, const Path&) = default;
};
enum class PathId : std::uint16_t {};

/// How messages of a link travel. The numbers are in stored addresses: they are never given to another.
enum class LinkKind : std::uint8_t {
  kUdp = 0,   ///< a message is a datagram
  kDtls = 1,  ///< sealed into a record first
  kTcp = 2,   ///< a frame of a connection
};
inline constexpr std::size_t kLinkKinds = 3;

/// Paths seen so far, in order. Bounded: beyond kMaxPaths a datagram is taken for its socket's first
/// path.
class PathTable {
 public:
  static constexpr std::size_t kMaxPaths = 256;

  [[nodiscard]] PathId intern(const Path& path);
  [[nodiscard]] const Path& operator[](PathId id) const noexcept {
    return paths_[static_cast<std::size_t>(id)];
  }

 private:
  std::vector<Path> paths_;
  PathId last_{};
};

/// What is lost when a link is taken from its peer and given to another.
enum class LinkLoss : std::uint8_t {
  kNothing,
  kDuplicates,  ///< a message that comes twice is not known again
  kShard,       ///< whom the peer's datagrams are passed on to
  kPeer,        ///< what is under way, or a registration: it stays
};

/// One shard's links. Not shared between threads.
class LinkTable {
 public:
  using Hash = std::uint32_t;
  static constexpr std::uint8_t kNoShard = 0xFF;

  /// `key` must be unpredictable to peers. Throws std::bad_alloc.
  LinkTable(std::uint32_t capacity, const HashKey& key);

  /// Peers are told apart by their address and the socket that they speak to.
  [[nodiscard]] Hash hash(const Address& remote, std::uint32_t socket) const noexcept;
  /// First pass over a batch: asks for the index line of a hash.
  void prefetch_slot(Hash hash) const noexcept { __builtin_prefetch(&slots_[hash >> shift_]); }
  /// Second pass: asks for the link that the slot names.
  void prefetch_link(Hash hash) const noexcept;

  [[nodiscard]] coap::LinkId find(Hash hash, const Address& remote, std::uint32_t socket) const noexcept;
  /// Gives a new peer (one that `find` did not find) a link: one that costs nothing or a fresh one;
  /// when there are none, of a few links the one that costs least. `loss` says what a link costs.
  /// So peers that were seen once cannot keep newcomers out. kNoLink when all of the few must stay.
  [[nodiscard]] coap::LinkId insert(Hash hash, const Address& remote, std::uint32_t socket,
                                    FunctionRef<LinkLoss(coap::LinkId)> loss);

  /// `link` must have been given out.
  [[nodiscard]] Address remote(coap::LinkId link) const noexcept;
  /// How the peer was last heard; PathId{0} until it is set.
  [[nodiscard]] PathId path(coap::LinkId link) const noexcept { return PathId{entries_[index(link)].path}; }
  void set_path(coap::LinkId link, PathId path) noexcept {
    entries_[index(link)].path = static_cast<std::uint16_t>(path);
  }
  /// kUdp until it is set.
  [[nodiscard]] LinkKind kind(coap::LinkId link) const noexcept { return entries_[index(link)].kind; }
  void set_kind(coap::LinkId link, LinkKind kind) noexcept { entries_[index(link)].kind = kind; }
  /// The shard that serves this peer although its datagrams arrive here, or kNoShard.
  [[nodiscard]] std::uint8_t shard(coap::LinkId link) const noexcept {
    return static_cast<std::uint8_t>(entries_[index(link)].shard_plus_one - 1);
  }
  void set_shard(coap::LinkId link, std::uint8_t shard) noexcept {
    entries_[index(link)].shard_plus_one = static_cast<std::uint8_t>(shard + 1);
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }

 private:
  // How many links the hand looks at: while there are fresh links left, and when not.
  static constexpr std::uint32_t kEasySteps = 1;
  static constexpr std::uint32_t kFullSteps = 16;
  static constexpr std::uint32_t kFirstSlots = 1024;

  struct Slot {
    Hash hash;
    std::uint32_t link_plus_one;  // 0: empty
  };
  struct Entry {
    Address::Ip ip;
    std::uint16_t port;
    std::uint16_t path;
    std::uint8_t socket;
    std::uint8_t shard_plus_one;
    LinkKind kind;
    std::uint8_t reserved;
  };
  static_assert(sizeof(Entry) == 24 && sizeof(Slot) == 8);

  [[nodiscard]] bool matches(const Entry& entry, const Address& remote, std::uint32_t socket) const noexcept;
  void place(Slot slot) noexcept;
  void remove(coap::LinkId link) noexcept;
  void grow();
  [[nodiscard]] coap::LinkId reuse(bool full, FunctionRef<LinkLoss(coap::LinkId)> loss) noexcept;

  HashKey key_;
  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::uint32_t hand_ = 0;
  std::uint32_t stride_;  // of the hand in a full table
  unsigned shift_;        // a hash's home slot is its upper 32 - shift_ bits
  Pages entry_pages_;
  Pages slot_pages_;
  std::span<Entry> entries_;
  std::span<Slot> slots_;
};

}  // namespace linnet::net
