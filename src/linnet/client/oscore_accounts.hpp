// SPDX-License-Identifier: Apache-2.0
// The security contexts of a device's servers, as objects 0 and 21 say (TS 5.5.7): each link of an account
// with an OSCORE object instance is protected, that of the bootstrap server among them.
#pragma once

#include "linnet/client/object_tree.hpp"
#include "linnet/client/persistence.hpp"
#include "linnet/oscore/contexts.hpp"

namespace linnet::client {

struct OscoreConfig {
  oscore::ContextsConfig contexts;  ///< max_links as EndpointConfig::max_peers
  /// kRederive: appendix B.2 of RFC 8613, as TS 5.5.3 asks for; nothing need be kept. kStored: for servers
  /// that do without it. Sender Sequence Numbers are then kept: this object must be one of Config::parts,
  /// beside a Medium; without them nothing is sent.
  oscore::FirstUse first_use = oscore::FirstUse::kRederive;
};

class Engine;

class OscoreAccounts final : public Persistent, private oscore::SequenceKeeper {
 public:
  /// Numbers that are reserved at once. A restart leaves the rest of them unused.
  static constexpr oscore::PartialIv kReserve = 256;

  /// All references must outlive this object, which must outlive the engine. `random` must be a cryptographic
  /// generator. Call once, before the engine is set up.
  [[nodiscard]] Result<void> init(const OscoreConfig& config, Arena& arena, oscore::Crypto& crypto,
                                  Random& random) noexcept;
  [[nodiscard]] static std::size_t memory_needed(const OscoreConfig& config) noexcept {
    return oscore::Contexts::memory_needed(config.contexts);
  }

  // For the engine.
  [[nodiscard]] coap::Protection& protection() noexcept { return contexts_; }
  /// Protects `link` by what the Security instance links to, or by nothing where it links to nothing.
  /// kNotFound: it links to no instance of object 21; kUnsupported, kInvalidArgument: that cannot be used;
  /// kIo: no numbers could be reserved. Nothing may be sent over the link then.
  [[nodiscard]] Result<void> secure(const ObjectTree& tree, InstanceId security, coap::LinkId link) noexcept;
  /// Whose state keeps the numbers.
  void attach(Engine& engine) noexcept { engine_ = &engine; }

  [[nodiscard]] std::uint16_t part_id() const noexcept override { return kPart; }
  void save(ByteWriter& out) const noexcept override;
  void load(ByteView state) noexcept override;

 private:
  static constexpr std::uint16_t kPart = 0x0100;

  void on_sequence_low(oscore::ContextId id, oscore::PartialIv next) noexcept override;
  [[nodiscard]] bool reserve(oscore::PartialIv limit) noexcept;

  oscore::Contexts contexts_;
  oscore::FirstUse first_use_ = oscore::FirstUse::kRederive;
  /// No context has used this number or one above it, in this life or before.
  oscore::PartialIv reserved_ = 0;
  Engine* engine_ = nullptr;
};

}  // namespace linnet::client
