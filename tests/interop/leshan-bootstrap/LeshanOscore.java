// SPDX-License-Identifier: Apache-2.0
// Leshan's server under OSCORE for the interoperability tests. It tells what happens as one JSON object a line;
// commands come on standard input.
//   java -cp 'LIB/*' LeshanOscore.java ENDPOINT SENDER-ID RECIPIENT-ID SECRET SALT
//     {"do":"read","path":P}, {"do":"write","path":P,"value":TEXT}, {"do":"observe","path":P}, {"do":"exit"}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.oscore.OscoreSetting;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.californium.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.server.californium.endpoint.coap.CoapOscoreServerEndpointFactory;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

public class LeshanOscore {
    static final ObjectMapper JSON = new ObjectMapper();
    static final long PATIENCE = 20_000; // milliseconds

    interface Command { void run(String what, JsonNode command) throws Exception; }

    static synchronized void say(String what, String name, Object... pairs) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put(what, name);
        for (int i = 0; i + 1 < pairs.length; i += 2) line.put((String) pairs[i], pairs[i + 1]);
        try {
            System.out.println(JSON.writeValueAsString(line));
            System.out.flush();
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    static byte[] hex(String text) { return Hex.decodeHex(text.toCharArray()); }

    /** SENDER-ID RECIPIENT-ID SECRET SALT from `at` on. */
    static OscoreSetting setting(String[] arguments, int at) {
        return new OscoreSetting(hex(arguments[at]), hex(arguments[at + 1]), hex(arguments[at + 2]), (Integer) null,
                                 (Integer) null, hex(arguments[at + 3]));
    }

    static void obey(Command command) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode node = JSON.readTree(line);
            String what = node.get("do").asText();
            if (what.equals("exit")) return;
            command.run(what, node);
        }
    }

    static String value(Object content) {
        return content instanceof LwM2mSingleResource ? String.valueOf(((LwM2mResource) content).getValue())
                                                      : String.valueOf(content);
    }

    static void server(String[] arguments) throws Exception {
        InMemorySecurityStore security = new InMemorySecurityStore();
        security.add(SecurityInfo.newOscoreInfo(arguments[0], setting(arguments, 1)));
        LeshanServer server =
            new LeshanServerBuilder()
                .setSecurityStore(security)
                .setEndpointsProviders(new CaliforniumServerEndpointsProvider.Builder()
                                           .addEndpoint(new CoapOscoreServerEndpointFactory(new URI("coap://127.0.0.1:0")))
                                           .build())
                .build();
        Registration[] known = new Registration[1];
        server.getRegistrationService().addListener(new RegistrationListener() {
            @Override
            public void registered(Registration registration, Registration previous, Collection<Observation> gone) {
                known[0] = registration;
                say("event", "registered", "endpoint", registration.getEndpoint());
            }

            @Override
            public void updated(RegistrationUpdate update, Registration updated, Registration previous) {
                known[0] = updated;
                say("event", "updated", "endpoint", updated.getEndpoint());
            }

            @Override
            public void unregistered(Registration registration, Collection<Observation> observations, boolean expired,
                                     Registration next) {}
        });
        server.getObservationService().addListener(new ObservationListener() {
            @Override
            public void newObservation(Observation observation, Registration registration) {}

            @Override
            public void cancelled(Observation observation) {}

            @Override
            public void onResponse(SingleObservation observation, Registration registration, ObserveResponse response) {
                say("event", "notified", "value", value(response.getContent()));
            }

            @Override
            public void onResponse(CompositeObservation observation, Registration registration,
                                   ObserveCompositeResponse response) {}

            @Override
            public void onError(Observation observation, Registration registration, Exception error) {
                say("event", "notification-failed", "error", String.valueOf(error));
            }
        });
        server.start();
        say("event", "ready", "uri", server.getEndpoints().get(0).getURI().toString());
        obey((what, command) -> {
            String path = command.get("path").asText();
            if (what.equals("read")) {
                var response = server.send(known[0], new ReadRequest(ContentFormat.TEXT, path), PATIENCE);
                say("answer", what, "code", response == null ? "none" : String.valueOf(response.getCode()), "value",
                    response == null ? "" : value(response.getContent()));
            } else if (what.equals("write")) {
                var parts = path.split("/");
                var response = server.send(known[0],
                                           new WriteRequest(ContentFormat.TEXT, Integer.parseInt(parts[1]),
                                                            Integer.parseInt(parts[2]), Integer.parseInt(parts[3]),
                                                            command.get("value").asText()),
                                           PATIENCE);
                say("answer", what, "code", response == null ? "none" : String.valueOf(response.getCode()));
            } else if (what.equals("observe")) {
                var response = server.send(known[0], new ObserveRequest(ContentFormat.TEXT, path), PATIENCE);
                say("answer", what, "code", response == null ? "none" : String.valueOf(response.getCode()));
            }
        });
        server.destroy();
    }

    public static void main(String[] arguments) throws Exception {
        server(arguments);
        System.exit(0);
    }
}
