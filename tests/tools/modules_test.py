# SPDX-License-Identifier: Apache-2.0
import check_modules
from tree import TreeTest


class Modules(TreeTest):
    def faults(self, name, text):
        self.write(name, text)
        return list(check_modules.faults(self.root))

    def test_a_module_may_use_what_is_below_and_itself(self):
        text = '#include "linnet/coap/message.hpp"\n#include "linnet/lwm2m/path.hpp"\n#include <span>\n'
        self.assertEqual(self.faults("src/linnet/lwm2m/a.cpp", text), [])

    def test_a_module_may_not_use_one_above(self):
        found = self.faults("src/linnet/coap/a.hpp", '\n#include "linnet/lwm2m/path.hpp"\n')
        self.assertEqual(found, ["src/linnet/coap/a.hpp:2: includes linnet/lwm2m/path.hpp: lwm2m stands above coap"])

    def test_a_module_may_not_use_one_beside(self):
        found = self.faults("src/linnet/server/a.hpp", '#include "linnet/client/client.hpp"\n')
        self.assertIn("client stands beside server", found[0])

    def test_a_module_without_a_floor_is_a_fault(self):
        self.assertIn("has no floor", self.faults("src/linnet/attic/a.hpp", "")[0])
        self.assertIn("no module", self.faults("src/linnet/api/a.hpp", '#include "linnet/nowhere/a.hpp"\n')[0])

    def test_an_include_relative_to_the_file_is_a_fault(self):
        self.assertEqual(len(self.faults("src/linnet/net/a.cpp", '#include "socket.hpp"\n')), 1)

    def test_a_program_may_use_every_module(self):
        self.assertEqual(self.faults("apps/linnetd/main.cpp", '#include "linnet/api/server.hpp"\n'), [])

    def test_engines_have_no_clock_thread_or_socket(self):
        for header in ("thread", "atomic", "iostream", "sys/socket.h", "boost/asio.hpp", "random"):
            self.assertEqual(len(self.faults("src/linnet/server/a.cpp", f"#include <{header}>\n")), 1, header)
        self.assertEqual(len(self.faults("src/linnet/server/a.cpp", "auto t = std::chrono::steady_clock::now();\n")), 1)

    def test_the_server_engine_may_allocate_but_the_device_may_not(self):
        text = "#include <vector>\nstd::vector<int> v;\n"
        self.assertEqual(self.faults("src/linnet/server/a.cpp", text), [])
        self.assertEqual(len(self.faults("src/linnet/client/a.cpp", text)), 2)

    def test_the_device_takes_no_memory_by_hand_but_places_objects(self):
        self.assertEqual(len(self.faults("src/linnet/coap/a.cpp", "auto* p = new Peer;\nvoid* q = malloc(3);\n")), 2)
        self.assertEqual(self.faults("src/linnet/coap/a.cpp", "auto* p = new (memory) Peer;\n"), [])

    def test_comments_and_literals_say_what_they_like(self):
        text = '// a new message, no std::vector\n/* malloc( */ auto s = "new thing";\nstd::string_view v = R"(new x)";\n'
        self.assertEqual(self.faults("src/linnet/coap/a.cpp", text), [])

    def test_a_digit_separator_hides_nothing(self):
        self.assertEqual(len(self.faults("src/linnet/coap/a.cpp", "int a = 10'000; auto* p = new Peer; int b = 1'0;\n")), 1)

    def test_cmake_links_in_the_same_order(self):
        text = "linnet_module(coap ENGINE SOURCES a.cpp DEPENDS base lwm2m LIBRARIES x)\n"
        self.assertEqual(self.faults("src/linnet/coap/CMakeLists.txt", text),
                         ["src/linnet/coap/CMakeLists.txt:1: depends on lwm2m, which does not stand below coap"])

    def test_a_second_library_of_a_folder_stands_on_the_first(self):
        text = "linnet_module(tls_small SOURCES a.cpp DEPENDS tls)\n"
        self.assertEqual(self.faults("src/linnet/tls/CMakeLists.txt", text), [])
        self.assertEqual(len(self.faults("src/linnet/tls/CMakeLists.txt", text.replace("tls_small", "tls"))), 1)

    def test_or_the_first_on_the_second(self):
        text = "linnet_module(api SOURCES a.cpp DEPENDS api_forms net)\n"
        self.assertEqual(self.faults("src/linnet/api/CMakeLists.txt", text), [])
        self.assertEqual(len(self.faults("src/linnet/net/CMakeLists.txt", text.replace("(api ", "(net "))), 2)

    def test_a_fault_is_a_failing_exit(self):
        self.assertEqual(check_modules.main(["", str(self.root)]), 0)
        self.write("src/linnet/base/a.hpp", '#include "linnet/api/a.hpp"\n')
        self.assertEqual(check_modules.main(["", str(self.root)]), 1)
