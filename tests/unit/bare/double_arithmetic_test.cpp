// SPDX-License-Identifier: Apache-2.0
// The sums and comparisons of the Cortex-M4 images against those of this machine.
#include "ports/cortex-m4/double_arithmetic.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

using board::Order;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_same(double a, double b) {
  const auto left = std::bit_cast<std::uint64_t>(a);
  const auto right = std::bit_cast<std::uint64_t>(b);
  const double sum = std::bit_cast<double>(board::add(left, right));
  if (std::isnan(a + b)) {
    EXPECT_TRUE(std::isnan(sum)) << a << " + " << b;
  } else {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(sum), std::bit_cast<std::uint64_t>(a + b)) << a << " + " << b;
  }
  const Order order = a < b ? Order::kLess : a > b ? Order::kGreater : a == b ? Order::kEqual : Order::kNone;
  EXPECT_EQ(board::order(left, right), order) << a << " and " << b;
}

TEST(DoubleArithmetic, AgreesAtTheEdges) {
  std::vector<double> edges{0.0,
                            1.0,
                            2.0,
                            3.0,
                            0.1,
                            1e16,
                            9007199254740993.0,
                            1e308,
                            kInfinity,
                            std::numeric_limits<double>::max(),
                            std::numeric_limits<double>::min(),
                            std::numeric_limits<double>::denorm_min(),
                            4.9e-322,
                            2.2250738585072009e-308,
                            std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::epsilon()};
  for (const double edge : std::vector<double>(edges)) {
    edges.insert(edges.end(), {std::nextafter(edge, kInfinity), std::nextafter(edge, -kInfinity)});
  }
  for (const double edge : std::vector<double>(edges)) edges.push_back(-edge);
  for (const double a : edges) {
    for (const double b : edges) expect_same(a, b);
  }
}

TEST(DoubleArithmetic, AgreesForAnyBits) {
  std::mt19937_64 bits(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t a = bits();
    // Of about the same size, so that bits meet, cancel and round.
    const std::uint64_t exponent = ((a >> board::kFraction & 0x7FF) + bits() % 120 - 60) & 0x7FF;
    const std::uint64_t b = (bits() & ~(std::uint64_t{0x7FF} << board::kFraction)) | exponent
                                                                                         << board::kFraction;
    // Many zeros at the end make ties.
    const std::uint64_t mask = ~std::uint64_t{0} << bits() % 52;
    expect_same(std::bit_cast<double>(a), std::bit_cast<double>(b));
    expect_same(std::bit_cast<double>(a & mask), std::bit_cast<double>(b & mask));
  }
}

}  // namespace
