// SPDX-License-Identifier: Apache-2.0
#include "operations.hpp"

#include <array>
#include <span>
#include <string>

#include "device_node.hpp"
#include "linnet/lwm2m/codec.hpp"

namespace linnet::simulation {

namespace {

using lwm2m::AttributeName;
using lwm2m::AttributeWrite;
using lwm2m::Path;
using server::Operation;
using server::OperationKind;

constexpr lwm2m::ResourceId kSensorValue = 5700;
constexpr std::array kReadable{Path(3),       Path(3, 0, 0),     Path(3303),    Path(3303, 0, kSensorValue),
                               Path(1, 0, 1), Path(Ledger::kId), Path(3, 0, 19)};
constexpr std::array kObservable{Path(3303, 0, kSensorValue), Path(3303, 0), Path(Ledger::kId),
                                 Path(Ledger::kId, 1, Ledger::kSerial)};

/// One operation with all that it points to.
class RandomOperation {
 public:
  RandomOperation(Dice& dice, Invariants& invariants) : dice_(dice), invariants_(invariants) { choose(); }

  [[nodiscard]] Operation operation() const {
    Operation operation;
    operation.kind = kind_;
    operation.path = path_;
    operation.format = format_;
    operation.payload = ByteView(payload_).first(size_);
    operation.arguments = arguments_;
    operation.attributes = std::span(attributes_).first(attribute_count_);
    return operation;
  }
  /// 0 for what changes nothing.
  [[nodiscard]] std::uint32_t serial() const noexcept { return serial_; }

 private:
  struct Share {
    std::uint32_t percent;
    void (RandomOperation::*choose)();
  };

  void choose() {
    static constexpr std::array kShares{
        Share{24, &RandomOperation::read},           Share{6, &RandomOperation::discover},
        Share{16, &RandomOperation::write},          Share{14, &RandomOperation::execute},
        Share{8, &RandomOperation::create},          Share{6, &RandomOperation::remove},
        Share{14, &RandomOperation::observe},        Share{4, &RandomOperation::cancel},
        Share{8, &RandomOperation::write_attributes}};
    std::uint32_t roll = dice_.below(100);
    for (const Share& share : kShares) {
      if (roll < share.percent) return (this->*share.choose)();
      roll -= share.percent;
    }
  }

  void read() { path_ = pick(kReadable); }
  void discover() {
    kind_ = OperationKind::kDiscover;
    path_ = pick(kReadable);
  }
  void write() {
    const lwm2m::InstanceId instance = any_instance();
    serial_ = invariants_.new_serial();
    kind_ = dice_.percent(50) ? OperationKind::kWriteReplace : OperationKind::kWriteUpdate;
    path_ = kind_ == OperationKind::kWriteUpdate || dice_.percent(30)
                ? Path(Ledger::kId, instance)
                : Path(Ledger::kId, instance, Ledger::kSerial);
    encode(path_.depth() == 3 ? lwm2m::ContentFormat::kText : many_format(), instance);
  }
  void execute() {
    kind_ = OperationKind::kExecute;
    serial_ = invariants_.new_serial();
    path_ = Path(Ledger::kId, any_instance(), Ledger::kRun);
    arguments_ = "0='" + std::to_string(serial_) + "'";
  }
  void create() {
    kind_ = OperationKind::kCreate;
    serial_ = invariants_.new_serial();
    path_ = Path(Ledger::kId);
    encode(many_format(), any_instance());
  }
  void remove() {
    kind_ = OperationKind::kDelete;
    path_ = Path(Ledger::kId, any_instance());
  }
  void observe() {
    kind_ = OperationKind::kObserve;
    path_ = pick(kObservable);
  }
  void cancel() {
    kind_ = OperationKind::kCancelObserve;
    path_ = pick(kObservable);
  }
  void write_attributes() {
    kind_ = OperationKind::kWriteAttributes;
    path_ = pick(kObservable);
    attribute(AttributeName::kPmin, 1 + dice_.below(20));
    attribute(AttributeName::kPmax, 100 + dice_.below(300));
    if (path_ == kObservable[0]) attribute(AttributeName::kSt, 1 + dice_.below(4));
  }
  /// Sets it, takes it away, or leaves it alone.
  void attribute(AttributeName name, std::uint32_t value) {
    if (dice_.percent(30)) return;
    AttributeWrite& write = attributes_[attribute_count_++];
    write.name = name;
    if (!dice_.percent(25)) write.value = value;
  }

  [[nodiscard]] Path pick(std::span<const Path> paths) {
    return paths[dice_.below(static_cast<std::uint32_t>(paths.size()))];
  }
  [[nodiscard]] lwm2m::InstanceId any_instance() {
    return static_cast<lwm2m::InstanceId>(dice_.below(Ledger::kRoom));
  }
  [[nodiscard]] lwm2m::ContentFormat many_format() {
    static constexpr std::array kMany{lwm2m::ContentFormat::kTlv, lwm2m::ContentFormat::kSenmlCbor,
                                      lwm2m::ContentFormat::kSenmlJson};
    return kMany[dice_.below(kMany.size())];
  }
  void encode(lwm2m::ContentFormat format, lwm2m::InstanceId instance) {
    format_ = format;
    const Path resource(Ledger::kId, instance, Ledger::kSerial);
    const auto walk = [&](lwm2m::RecordSink sink) {
      return sink({resource, lwm2m::Value::integer(serial_), std::nullopt});
    };
    size_ = lwm2m::encode(format, path_, walk, payload_).value_or(0);
  }

  Dice& dice_;
  Invariants& invariants_;
  OperationKind kind_ = OperationKind::kRead;
  Path path_ = kReadable[0];
  std::optional<lwm2m::ContentFormat> format_;
  std::array<std::uint8_t, 256> payload_{};
  std::size_t size_ = 0;
  std::string arguments_;
  std::array<AttributeWrite, 3> attributes_{};
  std::size_t attribute_count_ = 0;
  std::uint32_t serial_ = 0;
};

}  // namespace

void perform_random_operation(ServerNode& server, server::RegistrationId registration, const Plan& plan,
                              Dice& dice, Invariants& invariants, Instant now) {
  server::Engine& engine = server.engine();
  const auto seen = engine.get(registration);
  if (!seen) return;
  if (dice.percent(3)) return server.cancel_one(std::string(seen->endpoint));
  const RandomOperation random(dice, invariants);
  const Operation operation = random.operation();
  const bool forget = operation.kind == OperationKind::kCancelObserve && dice.percent(50);
  if (forget) {
    const auto observation = engine.find_observation(registration, operation.path);
    if (observation && !engine.forget_observation(*observation, now)) {
      invariants.broken(Rule::kAgreeObserved, now, "an observation that was found cannot be forgotten");
    }
    return;
  }
  // Devices that are always awake have a queue as well, which is done at once.
  if (!dice.percent(seen->binding.queue() ? 90 : 10)) {
    return server.perform(registration, operation, nullptr, random.serial());
  }
  server::Hold hold;
  hold.ttl = std::chrono::floor<Seconds>(dice.between(plan.holds.least, plan.holds.most));
  if (dice.percent(20)) hold.unanswered = server::Unanswered::kFail;
  server.perform(registration, operation, &hold, random.serial());
}

}  // namespace linnet::simulation
